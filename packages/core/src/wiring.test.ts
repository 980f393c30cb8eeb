import { memoryLink } from '@graphlinks/testing'
import {
  apiKeyLink,
  basicAuthLink,
  bearerLink,
  chain,
  compose,
  cookieLink,
  createClient,
  createOperation,
  execute,
  headerLink,
  lastResult,
  single,
  split,
  tokenRefreshLink,
  WiringError,
  type CookieJar,
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

  test.each([
    [
      'a list',
      () => chain([memoryLink()] as never),
      'argument 1 is null or a list, not a link: pass links one by one, and',
    ],
    ['a condition', () => chain(false as never, memoryLink()), 'spread a list, as in ...(isOn ? [link] : [])'],
    ['options', () => chain({} as never, memoryLink()), 'argument 1 is object, not a link: pass what a factory makes'],
    [
      'too little for split',
      () => split(() => true, memoryLink(), undefined as never),
      'split: argument 3 is undefined: it',
    ],
  ])('K-10 %s in the place of a link', (_, wire, words) => {
    expect(wire).toThrow(WiringError)
    expect(wire).toThrow(words)
  })

  test('K-10 a link that stands in a chain twice is warned of, also where the second place is in another chain', () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
    const plain: Link = (operation, next) => next(operation)
    const limit: Link = Object.assign(((operation, next) => next(operation)) as Link, { stage: 'queue' as const })
    Object.defineProperty(limit, 'name', { value: 'limit' })
    chain(limit, limit, memoryLink())
    chain(compose(limit), chain(limit, memoryLink()))
    expect(warn.mock.calls.map(([words]) => words as string)).toEqual([
      expect.stringContaining('graphlinks: limit stands in the chain twice, the same link'),
      expect.stringContaining('graphlinks: limit stands in the chain twice, the same link'),
    ])
    warn.mockClear()
    split(() => true, chain(limit, memoryLink()), chain(limit, memoryLink()))
    chain(headerLink({ a: '1' }), plain, headerLink({ b: '2' }), plain, memoryLink())
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
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

const jar: CookieJar = { getCookieString: async () => '', setCookie: async () => {} }
const authLinks = [
  headerLink({ 'x-session': 's' }),
  headerLink(() => ({ 'x-session': 's' })),
  bearerLink('t'),
  basicAuthLink({ username: 'u', password: 'p' }),
  apiKeyLink({ key: 'k' }),
  tokenRefreshLink({ initial: { accessToken: 't' }, readonly: true }),
  cookieLink({ jar }),
]

test('K-10 threats 15 no auth link stands behind one that answers several operations at once', () => {
  for (const link of authLinks) {
    const dedup: Link = Object.assign(((operation, next) => next(operation)) as Link, { stage: 'share' as const })
    expect(() => chain(dedup, link, memoryLink())).toThrow(`stands before ${link.name}, so it cannot tell users apart`)
    expect(() => chain(link, dedup, memoryLink())).not.toThrow()
  }
})

test('CR-3 threats 3 what auth links attach is secret: it needs https', async () => {
  for (const link of [...authLinks.slice(0, -1), apiKeyLink({ key: 'k', in: 'query' })]) {
    const operation = createOperation({ document: 'query Q { a }' })
    const memory = memoryLink({ data: 1 }, { url: 'http://api.test/graphql' })
    await expect(lastResult(chain(link, memory), operation)).rejects.toMatchObject({ code: 'INSECURE_TRANSPORT' })
  }
})

test('K-4 results that give no iterator fail the operation, as a query and as a stream', async () => {
  const broken: TerminalLink = () => ({ [Symbol.asyncIterator]: () => undefined }) as never
  const operation = createOperation({ document: 'query Q { a }' })
  for (const link of [broken, chain((given, next) => next(given), broken)]) {
    await expect(lastResult(link, operation)).rejects.toThrow('give no iterator')
    await expect(execute(link, operation)[Symbol.asyncIterator]().next()).rejects.toThrow('give no iterator')
  }
})
