import { memoryLink } from '@graphlinks/testing'
import {
  bearerLink,
  chain,
  compose,
  createClient,
  createOperation,
  execute,
  lastResult,
  single,
  WiringError,
  type Link,
  type TerminalLink,
} from './index.ts'

// As JavaScript can do it; TypeScript refuses the first and the last.
const asTerminal = (link: unknown): TerminalLink => link as TerminalLink
const asLink = (factory: unknown): Link => factory as Link

describe('K-10 wrong wiring is a sentence', () => {
  test('K-10 an auth link as the whole chain is refused when the client is built', () => {
    expect(() => createClient({ link: asTerminal(bearerLink('t')) })).toThrow(
      'createClient: bearerLink stands last but is no terminal link: end the chain in one, such as httpLink({ url })',
    )
  })

  test('K-10 a link of an application as the whole chain fails the operation with a WiringError', async () => {
    const plain: Link = (operation, next) => next(operation)
    const failing = lastResult(asTerminal(plain), createOperation({ document: 'query Q { a }' }))
    await expect(failing).rejects.toBeInstanceOf(WiringError)
    await expect(failing).rejects.toThrow('operation Q: the last link called next, and there is nothing further in')
  })

  test('K-10 a factory that was not called is refused by chain', () => {
    expect(() => chain(asLink(bearerLink), memoryLink())).toThrow('chain: bearerLink makes a link and is none: call it')
    expect(() => compose(asLink(bearerLink))).toThrow('compose: bearerLink makes a link and is none: call it')
    const tenantLink: Link = (operation, next) => next(operation)
    expect(() => chain(tenantLink, memoryLink())).not.toThrow()
    const offline: Link = (_operation) => single({ data: null })
    expect(() => chain(offline, memoryLink())).not.toThrow()
  })
})

test('K-4 results that give no iterator fail the operation, as a query and as a stream', async () => {
  const broken: TerminalLink = () => ({ [Symbol.asyncIterator]: () => undefined }) as never
  const operation = createOperation({ document: 'query Q { a }' })
  for (const link of [broken, chain((given, next) => next(given), broken)]) {
    await expect(lastResult(link, operation)).rejects.toThrow('give no iterator')
    await expect(execute(link, operation)[Symbol.asyncIterator]().next()).rejects.toThrow('give no iterator')
  }
})
