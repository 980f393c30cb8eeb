import {
  apiKeyLink,
  basicAuthLink,
  bearerLink,
  chain,
  createOperation,
  createTokenSource,
  credentialSources,
  headerLink,
  lastResult,
  leaseOf,
  renewableLink,
  renewCredentials,
  renderFields,
  single,
  tokenRefreshLink,
  withCredential,
  withHeader,
  type Link,
  type Operation,
} from '@graphlinks/core'
import { FakeClock, linkContract, memoryLink, secretCanary } from '@graphlinks/testing'

linkContract(() => renewableLink(async (operation) => withCredential(operation, { name: 'x-session', value: 'abc' })))

/** The operation as it reaches the terminal link. */
async function arriving(...links: Link[]): Promise<Operation> {
  let arrived: Operation | undefined
  const terminal = (operation: Operation) => {
    arrived = operation
    return single({ data: null })
  }
  await lastResult(chain(...links, terminal), createOperation({ document: '{ n }', headers: { 'x-call': 'mine' } }))
  return arrived as Operation
}

const headersOf = (operation: Operation): Record<string, string | null> =>
  Object.fromEntries(renderFields(operation, { endpoint: new URL('https://api.example.com'), link: 'test' }).headers)

describe('AUTH-44 renewCredentials', () => {
  test('AUTH-44 calls every function again, in order, and keeps what is constant', async () => {
    let round = 0
    const value = (): string => `value-${round}`
    const first = await arriving(
      headerLink({ 'x-constant': 'one' }),
      headerLink(() => ({ 'x-tenant': value(), 'x-gone': round === 0 ? 'here' : null })),
      bearerLink(async () => value()),
      apiKeyLink({ key: [() => undefined, value] }),
      (operation, next) => next(withHeader(operation, 'x-plain', value())),
      renewableLink((operation) => withHeader(operation, 'x-own', value())),
    )
    round = 1
    const again = await renewCredentials(first)
    expect(headersOf(first)).toMatchObject({ authorization: 'Bearer value-0', 'x-gone': 'here' })
    expect(headersOf(again)).toEqual({
      'x-call': 'mine',
      'x-constant': 'one',
      'x-tenant': 'value-1',
      'x-gone': null,
      authorization: 'Bearer value-1',
      'x-api-key': 'value-1',
      'x-plain': 'value-0',
      'x-own': 'value-1',
    })
    round = 2
    expect(headersOf(await renewCredentials(again))).toMatchObject({
      authorization: 'Bearer value-2',
      'x-own': 'value-2',
    })
  })

  test('AUTH-44 a credential that was not there at first is attached later, and the other way round', async () => {
    let token: string | undefined
    const first = await arriving(bearerLink(() => token))
    expect(headersOf(first)).toEqual({ 'x-call': 'mine' })
    token = 'abc'
    const second = await renewCredentials(first)
    expect(headersOf(second)).toMatchObject({ authorization: 'Bearer abc' })
    token = undefined
    expect(headersOf(await renewCredentials(second))).toEqual({ 'x-call': 'mine' })
  })

  test('AUTH-44 a source sees what the links before it attached, and fails as it did the first time', async () => {
    const seen: string[] = []
    let isBroken = false
    const first = await arriving(
      bearerLink(() => 'abc'),
      basicAuthLink({
        username: (operation) => {
          seen.push(Object.keys(headersOf(operation)).join())
          if (isBroken) throw new Error('no')
          return 'ada'
        },
        password: 'secret',
      }),
    )
    await renewCredentials(first)
    expect(seen).toEqual(['x-call,authorization', 'x-call,authorization'])
    isBroken = true
    await expect(renewCredentials(first)).rejects.toMatchObject({ code: 'CREDENTIAL', link: 'basicAuthLink' })
  })

  test('constant credentials have no source, and the operation stays what it is', async () => {
    const ada = basicAuthLink({ username: 'ada', password: 'secret' })
    const constants = [bearerLink('abc'), headerLink({ 'x-a': 'b' }), apiKeyLink({ key: ['k', 'l'] }), ada]
    const operation = await arriving(...constants)
    expect(credentialSources(operation)).toEqual([])
    expect(await renewCredentials(operation)).toBe(operation)
    // One that may change is enough.
    expect(credentialSources(await arriving(apiKeyLink({ key: ['k', () => 'l'] })))).toHaveLength(1)
  })
})

test('TR-53 a link of an application that attaches credentials has the place of one in the chain', () => {
  const link = renewableLink((operation) => operation)
  const sharing = Object.assign(((operation, next) => next(operation)) as Link, { stage: 'share' as const })
  expect(() => chain(sharing, link, memoryLink())).toThrow('stands before renewableLink')
})

describe('TR-53 leaseOf', () => {
  const session = (clock = new FakeClock()) => {
    let count = 0
    return createTokenSource({
      initial: { accessToken: 'token-0', refreshToken: 'r', expiresInSeconds: 600, subject: 'ada' },
      refresh: () => ({ accessToken: `token-${++count}`, refreshToken: 'r', expiresInSeconds: 600, subject: 'ada' }),
      clock,
      random: () => 0,
    })
  }
  const leased = async (source: ReturnType<typeof session>) => {
    const operation = await arriving(tokenRefreshLink(source))
    const [from] = credentialSources(operation)
    return { operation, lease: leaseOf(from as NonNullable<typeof from>) as NonNullable<ReturnType<typeof leaseOf>> }
  }

  test('TR-53 a refused token is renewable once; what is attached then is the new one', async () => {
    const { operation, lease } = await leased(session())
    expect(await lease.refused(false)).toBe('renewable')
    const renewed = await renewCredentials(operation)
    expect(headersOf(renewed)).toMatchObject({ authorization: 'Bearer token-1' })
    expect(await lease.refused(true)).toBeUndefined()
  })

  test('TR-53 a token that was replaced meanwhile says so, and costs no refresh', async () => {
    const source = session()
    const [one, other] = [await leased(source), await leased(source)]
    await one.lease.refused(false)
    await renewCredentials(one.operation)
    expect(await other.lease.refused(false)).toBe('replaced')
    expect(source.current.generation).toBe(2)
  })

  test('TR-53 after the terminal link took it on, no refusal has the link itself send it again', async () => {
    const refusal = { errors: [{ message: 'who are you?', extensions: { code: 'UNAUTHENTICATED' } }] }
    for (const isTaken of [false, true]) {
      let sent = 0
      const refusing = async (operation: Operation) => {
        sent++
        const [from] = credentialSources(operation)
        if (isTaken) await leaseOf(from as NonNullable<typeof from>)?.refused(false)
        return single(refusal)
      }
      const operation = createOperation({ document: '{ n }' })
      expect(await lastResult(chain(tokenRefreshLink(session()), refusing), operation)).toMatchObject(refusal)
      expect(sent).toBe(isTaken ? 1 : 2)
    }
  })

  test('TR-52 tells when there is a better one, and when it is over', async () => {
    const clock = new FakeClock()
    const source = session(clock)
    const { lease } = await leased(source)
    const changes: string[] = []
    const leave = lease.subscribe((change) => changes.push(change))
    expect(lease.dueMs).toBeGreaterThan(400_000)
    lease.check()
    expect(changes).toEqual([])
    await clock.advance(550_000)
    lease.check()
    await clock.advance(0)
    await clock.advance(0)
    expect(changes).toEqual(['renewed'])
    await source.clear()
    expect(changes).toEqual(['renewed', 'ended'])
    leave()
    await source.set({ accessToken: 'x' })
    expect(changes).toHaveLength(2)
  })

  test('TR-52 a renewal that fails is no better token', async () => {
    const clock = new FakeClock()
    const source = createTokenSource({
      initial: { accessToken: 'token-0', refreshToken: 'r', expiresInSeconds: 600 },
      refresh: () => Promise.reject(new Error('down')),
      clock,
      random: () => 0,
    })
    const { lease } = await leased(source)
    const changes: string[] = []
    lease.subscribe((change) => changes.push(change))
    const events: string[] = []
    source.events.subscribe(({ type, epoch }) => events.push(`${type} ${epoch}`))
    await clock.advance(550_000)
    lease.check()
    await clock.advance(0)
    await clock.advance(0)
    expect(events).not.toEqual([])
    expect(changes).toEqual([])
  })

  test('CR-1 nothing that prints a source, or makes JSON of it, shows a token', async () => {
    const canary = secretCanary()
    const tokens = { accessToken: canary.value, refreshToken: `r${canary.value}`, expiresInSeconds: 600 }
    const source = createTokenSource({ initial: tokens, refresh: async () => tokens, clock: new FakeClock() })
    const sources = credentialSources(
      await arriving(
        tokenRefreshLink(source),
        bearerLink(() => canary.value),
      ),
    )
    expect(sources).toHaveLength(2)
    await leaseOf(sources[1] as NonNullable<(typeof sources)[0]>)?.refused(false)
    canary.check(...sources, source)
  })

  test('TR-57 a source with no session has none', async () => {
    const [from] = credentialSources(await arriving(bearerLink(() => 'abc')))
    expect(leaseOf(from as NonNullable<typeof from>)).toBeUndefined()
  })
})
