import {
  createOperation,
  exchangesOf,
  HeaderError,
  identityOf,
  InsecureTransportError,
  lastResult,
  single,
  withExchange,
  withHeader,
  withSigner,
  type Exchange,
  type HeadersInput,
  type Operation,
} from './index.ts'
import { exchangedHeaders } from './exchangedHeaders.ts'
import { secretsOf } from './redact.ts'

const operation = createOperation({ document: 'query Q { a }' })
const exchange = (link: string, identity = ''): Exchange => ({ link, identity })

describe('exchanges of an operation', () => {
  test('they are in the order in which links attached them, and signers after all that change a request', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((link) => exchange(link)) as [Exchange, Exchange, Exchange, Exchange]
    const signed = withSigner(withExchange(withSigner(operation, a), b), c)
    expect(exchangesOf(withExchange(withHeader(signed, 'x-a', '1'), d))).toEqual([b, d, a, c])
    expect(exchangesOf(operation)).toEqual([])
  })

  test('AUTH-20 what one says of who asks is part of the identity; one that says nothing is not', () => {
    const key = (given: Operation): string => identityOf(given).reveal()
    const identities = [
      operation,
      withExchange(operation, exchange('a', 'ada')),
      withExchange(operation, exchange('a', 'bob')),
      withSigner(operation, exchange('b', 'ada')),
    ].map(key)
    expect(new Set(identities).size).toBe(4)
    expect(key(withExchange(operation, exchange('a')))).toBe(identities[0])
  })
})

describe('headers of an exchange', () => {
  const at = (headers: HeadersInput, url = 'https://api.test/', allowInsecure?: boolean) =>
    exchangedHeaders(operation, headers, 'signer', { endpoint: new URL(url), link: 'terminal', allowInsecure })

  test('they come checked, with names in lower case, and null for what is to be removed', () => {
    expect(at({ 'X-Signature': 'abc', 'x-old': null, 'X-None': undefined })).toEqual([
      ['x-signature', 'abc'],
      ['x-old', null],
    ])
    expect(() => at({ 'x-signature': 'abc\n' })).toThrow(HeaderError)
    expect(() => at({ 'x-signature': 'abc\n' })).toThrow(/^signer, operation Q: /)
  })

  test('CR-3 threats 3 one that may be secret needs https, or loopback, or the word of the application', () => {
    for (const url of ['http://api.test/', 'ws://api.test/']) {
      expect(() => at({ 'x-signature': 'abc' }, url)).toThrow(InsecureTransportError)
      expect(() => at({ 'x-signature': 'abc' }, url)).toThrow(/^signer, operation Q: "x-signature"/)
      expect(at({ 'x-signature': 'abc' }, url, true)).toEqual([['x-signature', 'abc']])
      expect(at({ 'accept-language': 'de', cookie: null }, url)).toEqual([
        ['accept-language', 'de'],
        ['cookie', null],
      ])
    }
    for (const url of ['https://api.test/', 'wss://api.test/', 'http://localhost/'])
      expect(at({ cookie: 'a=b' }, url)).toEqual([['cookie', 'a=b']])
  })

  test('TL-5 they are secrets of the operation from then on, but for harmless ones', async () => {
    let sent = operation
    await lastResult((given) => {
      sent = given
      const headers = { 'x-signature': 'secret-1', 'accept-language': 'de-CH', 'x-old': null }
      exchangedHeaders(given, headers, 'signer', { endpoint: new URL('https://api.test/'), link: 'terminal' })
      return single({ data: 1 })
    }, operation)
    expect([...secretsOf(sent)]).toEqual(['secret-1'])
  })
})
