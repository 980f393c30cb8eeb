import { memoryLink, secretCanary } from '@graphlinks/testing'
import * as fc from 'fast-check'
import {
  apiKeyLink,
  basicAuthLink,
  bearerLink,
  chain,
  checkOrigin,
  createClient,
  createOperation,
  createRequest,
  fingerprintOf,
  headerLink,
  identityOf,
  InsecureTransportError,
  isLoopback,
  lastResult,
  OptionsError,
  originOf,
  parseUrl,
  renderFields,
  withCredential,
  withHeader,
  type Client,
  type Link,
  type Operation,
  type RenderedFields,
} from './index.ts'
import { withField } from './copies.ts'
import { Field } from './field.ts'

const operation = createOperation({ document: 'query Q { a }' })

const render = (given: Operation, url = 'https://api.test/graphql', allowInsecure?: boolean): RenderedFields =>
  renderFields(given, { endpoint: new URL(url), link: 'testLink', allowInsecure })

const headersAt = (given: Operation, url?: string): Record<string, string | null> =>
  Object.fromEntries(render(given, url).headers)

/** A client, and what each of its operations had on the wire. */
function recorded(...links: Link[]): { client: Client; wire: () => Record<string, string>[] } {
  const memory = memoryLink()
  return {
    client: createClient({ link: chain(...links, memory) }),
    wire: () => memory.sent.map(({ headers }) => ({ ...headers })),
  }
}

describe('header layers', () => {
  const layers = recorded(headerLink({ 'X-Layer': 'link', 'x-other': 'link' }))
  const request = createRequest({ query: '{ a }', headers: { 'x-layer': 'request' } })
  const plain = createRequest({ query: '{ a }' })

  test('AUTH-1 AUTH-2 AUTH-3 call over request over link, per header, for one operation only', async () => {
    await layers.client.query(request, null, { headers: { 'X-LAYER': 'call' } })
    await layers.client.query(request)
    await layers.client.query(plain)
    await layers.client.query(request, null, { headers: { 'x-third': 'call' } })
    await layers.client.query(request)
    expect(layers.wire()).toEqual([
      { 'x-layer': 'call', 'x-other': 'link' },
      { 'x-layer': 'request', 'x-other': 'link' },
      { 'x-layer': 'link', 'x-other': 'link' },
      { 'x-layer': 'request', 'x-other': 'link', 'x-third': 'call' },
      { 'x-layer': 'request', 'x-other': 'link' },
    ])
    expect(request.headers?.map(({ name, value }) => [name, value?.reveal()])).toEqual([['x-layer', 'request']])
  })

  test('AUTH-4 three spellings over three layers give one value, the strongest', async () => {
    const spellings = ['authorization', 'Authorization', 'AUTHORIZATION', 'aUTHORIZATION']
    for (const inLink of spellings) {
      for (const inRequest of spellings) {
        for (const inCall of spellings) {
          const { client, wire } = recorded(headerLink({ [inLink]: 'link' }), bearerLink('t', { header: inLink }))
          const query = createRequest({ query: '{ a }', headers: { [inRequest]: 'request' } })
          await client.query(query, null, { headers: { [inCall]: 'call' } })
          await client.query(query)
          await client.query('{ a }')
          expect(wire()).toEqual([
            { authorization: 'call' },
            { authorization: 'request' },
            { authorization: 'Bearer t' },
          ])
        }
      }
    }
  })

  test('AUTH-6 null removes: in the call, in the request, and in a later link', async () => {
    const { client, wire } = recorded(headerLink({ 'x-a': '1', 'x-b': '2' }), headerLink({ 'X-B': null }))
    const without = createRequest({ query: '{ a }', headers: { 'x-a': null } })
    await client.query('{ a }')
    await client.query('{ a }', null, { headers: { 'X-A': null } })
    await client.query(without)
    await client.query(without, null, { headers: { 'x-a': 'back' } })
    expect(wire()).toEqual([{ 'x-a': '1' }, {}, {}, { 'x-a': 'back' }])
    const removed = withHeader(withHeader(operation, 'x-a', '1'), 'x-a', null)
    expect(headersAt(removed)).toEqual({ 'x-a': null })
    expect(headersAt(withHeader(removed, 'x-a', '2'))).toEqual({ 'x-a': '2' })
  })

  test('AUTH-7 among links the later in the chain wins, and every link loses to the call', async () => {
    const { client, wire } = recorded(headerLink({ authorization: 'first' }), bearerLink('second'))
    await client.query('{ a }')
    await client.query('{ a }', null, { headers: { authorization: 'Bearer mine' } })
    const reversed = recorded(bearerLink('first'), headerLink({ authorization: 'second' }))
    await reversed.client.query('{ a }')
    expect([...wire(), ...reversed.wire()]).toEqual([
      { authorization: 'Bearer second' },
      { authorization: 'Bearer mine' },
      { authorization: 'second' },
    ])
  })

  test('CR-5 AUTH-4 any order of any spellings renders as a map that the last write wins', () => {
    const name = fc.constantFrom('X-A', 'x-a', 'x-A', 'x-b', 'X-B', 'authorization', 'AUTHORIZATION')
    const value = fc.option(fc.constantFrom('1', '2', '3'))
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), fc.array(fc.tuple(name, value)), (links, call) => {
        let given = createOperation({ document: '{ a }', headers: call })
        const expected = new Map<string, string | null>()
        for (const [key, text] of links) {
          given = withHeader(given, key, text)
          expected.set(key.toLowerCase(), text)
        }
        for (const [key, text] of call) expected.set(key.toLowerCase(), text)
        expect(headersAt(given)).toEqual(Object.fromEntries(expected))
      }),
    )
  })
})

describe('CR-2 a credential is bound to origins', () => {
  const bound = (origins: readonly string[]): Operation =>
    withCredential(operation, { name: 'x-innocent', value: 'k', origins })

  test('CR-2 it is dropped elsewhere by provenance, whatever its name, and the default is the origin of the terminal link', () => {
    const given = bound(['https://api.test'])
    expect(headersAt(given, 'https://api.test/graphql')).toEqual({ 'x-innocent': 'k' })
    expect(headersAt(given, 'wss://api.test/graphql')).toEqual({ 'x-innocent': 'k' })
    expect(headersAt(given, 'https://api.test:443/')).toEqual({ 'x-innocent': 'k' })
    for (const other of [
      'https://other.test/',
      'https://api.test:8443/',
      'https://sub.api.test/',
      'https://api.test.evil.test/',
      'https://user@evil.test/https://api.test',
      'http://127.0.0.1/',
    ]) {
      expect(headersAt(given, other)).toEqual({})
    }
    expect(headersAt(withCredential(operation, { name: 'x', value: 'k' }), 'https://any.test/')).toEqual({ x: 'k' })
  })

  test('CR-2 where it is dropped, an earlier link of the same name shows through', () => {
    const given = withCredential(withHeader(operation, 'x-innocent', 'public'), {
      name: 'x-innocent',
      value: 'k',
      origins: ['wss://api.test'],
    })
    expect(headersAt(given, 'https://api.test/')).toEqual({ 'x-innocent': 'k' })
    expect(headersAt(given, 'https://other.test/')).toEqual({ 'x-innocent': 'public' })
  })

  test('CR-2 every auth link takes origins', async () => {
    const origins = ['https://elsewhere.test']
    const links = [
      bearerLink('t', { origins }),
      basicAuthLink({ username: 'u', password: 'p', origins }),
      apiKeyLink({ key: 'k', origins }),
      apiKeyLink({ key: 'k', in: 'query', origins }),
      headerLink({ 'x-secret': 's', 'accept-language': 'de' }, { origins }),
    ]
    const [memory, elsewhere] = [memoryLink(), memoryLink(undefined, { url: 'https://elsewhere.test/graphql' })]
    await lastResult(chain(...links, memory), operation)
    await lastResult(chain(...links, elsewhere), operation)
    expect(memory.sent[0]?.headers).toEqual({ 'accept-language': 'de' })
    expect(Object.keys(elsewhere.sent[0]?.headers ?? {}).sort()).toEqual([
      'accept-language',
      'authorization',
      'x-api-key',
      'x-secret',
    ])
    expect(render(elsewhere.sent[0]?.operation as Operation, 'https://elsewhere.test').searchParams).toEqual([
      ['api_key', 'k'],
    ])
    expect(render(elsewhere.sent[0]?.operation as Operation).searchParams).toEqual([])
  })

  test('K-10 an origin that is none is refused when the link is built, and not shown', () => {
    for (const origin of [
      'api.test',
      'https://api.test/path',
      'https://api.test?x',
      'https://api.test#x',
      'https://user:secret@api.test',
      'ftp://api.test',
      'not-https://api.test/',
      'javascript:alert(1)',
      '',
      '*',
      'null',
    ]) {
      for (const run of [() => bearerLink('t', { origins: [origin] }), () => bound([origin])]) {
        expect(run).toThrow(OptionsError)
        expect(run).not.toThrow(/secret/)
      }
    }
  })
})

describe('query parameters', () => {
  test('names are kept as they are, and are not those of headers', () => {
    const given = withCredential(operation, { name: 'API[key]', value: 'k', in: 'query' })
    expect(render(given)).toMatchObject({ headers: new Map(), searchParams: [['API[key]', 'k']] })
    expect(render(operation).searchParams).toEqual([])
  })

  test('one that is removed is not sent, nor what was set before', () => {
    const given = withCredential(operation, { name: 'key', value: 'k', in: 'query' })
    expect(render(withField(given, new Field('key', null, true, 'query'))).searchParams).toEqual([])
  })
})

test('AUTH-20 the owner of each value that has one comes along, by the value', () => {
  const owned = (value: string | null): Operation =>
    withField(operation, new Field('authorization', value, true, 'header', undefined, 'session 1'))
  expect(render(owned('token 1')).owners).toEqual(new Map([['token 1', 'session 1']]))
  expect(render(withHeader(owned('token 1'), 'x-other', '1')).owners).toEqual(new Map([['token 1', 'session 1']]))
  expect(render(owned(null)).owners).toBeUndefined()
  expect(render(withHeader(operation, 'x-other', '1')).owners).toBeUndefined()
})

describe('CR-3 https is required except on loopback', () => {
  const sensitive = withHeader(operation, 'x-session', 'canary-value')

  test('CR-3 threats 3 anything sensitive over plain http or ws to another machine is an InsecureTransportError', () => {
    for (const given of [
      sensitive,
      withCredential(operation, { name: 'api_key', value: 'canary-value', in: 'query' }),
      createOperation({ document: '{ a }', headers: { authorization: 'canary-value' } }),
    ]) {
      for (const url of [
        'http://api.test/',
        'ws://api.test/',
        'http://10.0.0.1/',
        'http://127.0.0.1.evil.test/',
        'not-https://api.test/',
      ]) {
        const run = (): unknown => render(given, url)
        expect(run).toThrow(InsecureTransportError)
        expect(run).toThrow(/^testLink, operation|^testLink: /)
        expect(run).toThrow(`is secret and ${originOf(new URL(url))} not encrypted`)
        expect(run).not.toThrow(/canary-value/)
        expect(() => render(given, url, true)).not.toThrow()
      }
      for (const url of [
        'https://api.test/',
        'wss://api.test/',
        'http://localhost:1/',
        'ws://app.localhost/',
        'http://127.9.9.9/',
        'http://[::1]:4000/',
        'http://2130706433/',
      ]) {
        expect(() => render(given, url)).not.toThrow()
      }
    }
  })

  test('CR-3 what is not sensitive, removed, or bound elsewhere does not need https', () => {
    for (const given of [
      withHeader(operation, 'accept-language', 'de'),
      withHeader(operation, 'x-public', '1', { sensitive: false }),
      withHeader(sensitive, 'x-session', null),
      withCredential(operation, { name: 'x', value: 'k', origins: ['https://api.test'] }),
    ]) {
      expect(() => render(given, 'http://api.test/')).not.toThrow()
    }
    expect(() =>
      render(withHeader(operation, 'accept-language', 'de', { sensitive: true }), 'http://api.test/'),
    ).toThrow(InsecureTransportError)
  })
})

describe('origin', () => {
  test('ws counts as http and wss as https', () => {
    expect(originOf(new URL('wss://api.test:443/x?y#z'))).toBe('https://api.test')
    expect(originOf(new URL('ws://api.test:80/x'))).toBe('http://api.test')
    expect(originOf(new URL('https://u:p@API.test:8443/'))).toBe('https://api.test:8443')
    for (const origin of ['http://API.test', 'ws://api.test', 'http://api.test:80/']) {
      expect(checkOrigin(origin)).toBe('http://api.test')
    }
    expect(checkOrigin('wss://api.test:8443')).toBe('https://api.test:8443')
    expect(parseUrl('no url')).toBeUndefined()
    expect(parseUrl('/x', 'https://api.test')?.href).toBe('https://api.test/x')
  })

  test('loopback is this machine and nothing that looks like it', () => {
    const hosts = (list: string): boolean[] => list.split(' ').map(isLoopback)
    expect(new Set(hosts('localhost a.localhost 127.0.0.1 127.255.255.254 [::1]'))).toEqual(new Set([true]))
    expect(
      new Set(
        hosts('localhost.evil.test 127.0.0.1.evil.test 128.0.0.1 0.0.0.0 [::] [::2] 10.0.0.1 notlocalhost 127.0.0'),
      ),
    ).toEqual(new Set([false]))
  })
})

describe('AUTH-20 threats 15 identity', () => {
  const key = (given: Operation): string => identityOf(given).reveal()
  const call = (headers: Record<string, string | null>): Operation => createOperation({ document: '{ a }', headers })

  test('AUTH-20 two operations have one identity exactly where their effective credentials are the same', () => {
    const anonymous = key(operation)
    const ada = key(call({ authorization: 'ada' }))
    expect(new Set([anonymous, ada, key(call({ authorization: 'bob' }))]).size).toBe(3)
    expect(key(call({ AUTHORIZATION: 'ada' }))).toBe(ada)
    expect(key(withHeader(operation, 'authorization', 'ada'))).toBe(ada)
    expect(key(withHeader(call({ authorization: 'ada' }), 'authorization', 'loses'))).toBe(ada)
    expect(key(withHeader(call({ authorization: null }), 'authorization', 'loses'))).toBe(anonymous)
    expect(key(withHeader(withHeader(operation, 'authorization', 'loses'), 'authorization', 'ada'))).toBe(ada)
  })

  test('AUTH-20 place, name and origins count; harmless headers, variables and the order of links do not', () => {
    const inHeader = withCredential(operation, { name: 'k', value: 'v' })
    const identities = [
      operation,
      inHeader,
      withCredential(operation, { name: 'k', value: 'v', in: 'query' }),
      withCredential(operation, { name: 'k2', value: 'v' }),
      withCredential(operation, { name: 'k', value: 'v', origins: ['https://api.test'] }),
      withHeader(inHeader, 'x-tenant', 'a'),
      withHeader(inHeader, 'x-tenant', 'b'),
    ].map(key)
    expect(new Set(identities).size).toBe(identities.length)
    expect(key(withHeader(inHeader, 'accept-language', 'de'))).toBe(key(inHeader))
    expect(key(withHeader(inHeader, 'x-public', 'de', { sensitive: false }))).toBe(key(inHeader))
    expect(key(withHeader(withHeader(operation, 'x-a', '1'), 'x-b', '2'))).toBe(
      key(withHeader(withHeader(operation, 'x-b', '2'), 'x-a', '1')),
    )
    expect(key(withHeader(withHeader(operation, 'x-a', '1'), 'x-b', '2'))).not.toBe(
      key(withHeader(withHeader(operation, 'x-a', '2'), 'x-b', '1')),
    )
  })

  test('AUTH-20 a credential that is bound to origins does not hide the one under it, which goes everywhere else', () => {
    const over = (under: string): string =>
      key(
        withCredential(withHeader(operation, 'x-session', under), {
          name: 'x-session',
          value: 'bound',
          origins: ['https://api.test'],
        }),
      )
    expect(over('ada')).not.toBe(over('bob'))
  })

  test('AUTH-20 no two different sets of credentials are mistaken for one another', () => {
    const fields = fc.uniqueArray(
      fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.stringMatching(/^[ab"\\,[\]{}:]{1,4}$/)),
      {
        selector: ([name]) => name,
      },
    )
    fc.assert(
      fc.property(fields, fields, (left, right) => {
        const of = (list: [string, string][]): string =>
          key(list.reduce((given, [name, value]) => withHeader(given, name, value), operation))
        const sorted = (list: [string, string][]): string =>
          JSON.stringify([...list].sort(([a], [b]) => (a < b ? -1 : 1)))
        expect(of(left) === of(right)).toBe(sorted(left) === sorted(right))
      }),
    )
  })

  test('AUTH-20 it comes in a box', () => {
    const canary = secretCanary()
    canary.check(identityOf(call({ authorization: canary.value })))
  })
})

describe('TR-48 fingerprint', () => {
  const key = (given: Operation, except?: string[]): string => fingerprintOf(given, except).reveal()
  const call = (headers: Record<string, string | null>): Operation => createOperation({ document: '{ a }', headers })
  const owned = (token: string): Operation =>
    withField(operation, new Field('authorization', token, true, 'header', undefined, 'session 1'))

  test('TR-48 harmless headers count, and the tokens of one session, in which order and whatever the case of names', () => {
    const fingerprints = [
      operation,
      call({ 'accept-language': 'de' }),
      call({ 'accept-language': 'en' }),
      call({ 'accept-language': null }),
      withCredential(operation, { name: 'k', value: 'v' }),
      withCredential(operation, { name: 'k', value: 'v', in: 'query' }),
      withCredential(operation, { name: 'k', value: 'v', origins: ['https://api.test'] }),
      owned('token 1'),
      owned('token 2'),
    ].map((given) => key(given))
    expect(new Set(fingerprints).size).toBe(fingerprints.length)
    expect(identityOf(owned('token 1')).reveal()).toBe(identityOf(owned('token 2')).reveal())
    expect(key(owned('token 1'))).toBe(key(owned('token 1')))
    expect(key(call({ 'X-B': '2', 'x-a': '1' }))).toBe(key(call({ 'x-a': '1', 'x-b': '2' })))
  })

  test('TR-48 which of two values of one name is the stronger makes a difference', () => {
    const both = (first: string, second: string): Operation =>
      withHeader(withHeader(operation, 'accept-language', first), 'accept-language', second)
    expect(key(both('de', 'en'))).not.toBe(key(both('en', 'de')))
  })

  test('TR-48 what does not count does not, but a credential is never left out', () => {
    for (const name of ['traceparent', 'tracestate', 'x-request-id', 'x-correlation-id']) {
      expect(key(call({ [name]: '1' }))).toBe(key(operation))
    }
    expect(key(call({ traceparent: '1' }), [])).not.toBe(key(operation))
    expect(key(call({ accept: '1' }), ['accept'])).toBe(key(operation))
    expect(key(call({ authorization: 'ada' }), ['authorization'])).not.toBe(
      key(call({ authorization: 'bob' }), ['authorization']),
    )
  })

  test('TR-48 it comes in a box', () => {
    const canary = secretCanary()
    canary.check(fingerprintOf(call({ authorization: canary.value, 'accept-language': canary.value })))
  })
})
