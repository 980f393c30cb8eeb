/**
 * What tests let a browser do, by name: `browser.ts` bundles this file into a page. What goes in and comes out is JSON.
 */
import {
  bearerLink,
  chain,
  contextKey,
  cookieLink,
  createClient,
  createTokenSource,
  emptyContext,
  split,
  tokenRefreshLink,
  type Client,
  type CookieLinkOptions,
  type GraphLinksError,
  type Result,
} from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { wsLink, type SocketClosedError } from '@graphlinks/ws-link'

const user = contextKey<string>('user')

const clientOf = (url: string, token: string): Client =>
  createClient({ link: chain(bearerLink(token), wsLink({ url })) })

const sessionClient = (url: string, options?: CookieLinkOptions): Client =>
  createClient({
    link: chain(
      cookieLink(options),
      split(({ kind }) => kind === 'subscription', wsLink({ url: url.replace('http', 'ws') }), httpLink({ url })),
    ),
  })

async function collect(results: AsyncIterable<Result>): Promise<Result[]> {
  const collected: Result[] = []
  for await (const result of results) collected.push(result)
  return collected
}

async function firstAfterGap(client: Client): Promise<Result | undefined> {
  let seen = 0
  for await (const result of client.subscribe('subscription { ticker }')) {
    if (++seen === 1) await client.query('{ hello }')
    if (result.resumed) return result
  }
  return undefined
}

/** What is known of the error that a function ends with. */
async function failureOf(run: () => unknown): Promise<object> {
  try {
    await run()
  } catch (error) {
    const { name, code, message, link } = error as GraphLinksError
    const { closeCode, reason, retryable } = error as SocketClosedError
    return { name, code, message, link, closeCode, reason, retryable }
  }
  return {}
}

const scenarios = {
  async operations(url: string, token: string) {
    const client = clientOf(url, token)
    const results = {
      query: await client.query('{ hello viewer }'),
      mutation: await client.mutate('mutation Add($name: String!) { addCity(name: $name) { name } }', { name: '東京' }),
      subscription: await collect(client.subscribe('subscription { countdown(from: 3) }')),
    }
    await client.dispose()
    return { ...results, isNative: WebSocket.toString().includes('[native code]') }
  },

  /** Each with a token of their own, at once, by one client. */
  async users(url: string, tokens: readonly string[]) {
    const client = createClient({
      link: chain(
        bearerLink((operation) => operation.context.get(user)),
        wsLink({ url }),
      ),
    })
    const results = await Promise.all(
      tokens.map((token) => client.request('{ viewer }', {}, { context: emptyContext.with(user, token) })),
    )
    await client.dispose()
    return results
  },

  /** Leaves a subscription that has no end, and asks for something else. */
  async leave(url: string, token: string) {
    const client = clientOf(url, token)
    const seen: unknown[] = []
    for await (const { data } of client.subscribe('subscription { ticker }')) {
      if (seen.push(data) === 3) break
    }
    const after = await client.query('{ hello }')
    await client.dispose()
    return { seen, after }
  },

  /** Ends when a subscription has gone on after its socket was lost. Its second operation says that it has begun. */
  async resume(url: string, token: string) {
    const client = createClient({ link: chain(bearerLink(token), wsLink({ url, random: () => 0 })) })
    const result = await firstAfterGap(client)
    await client.dispose()
    return result
  },

  /** The same, where the socket is lost since its token is no good any more. */
  async renew(url: string, token: string, next: string) {
    let refreshes = 0
    const session = createTokenSource({
      initial: { accessToken: token, refreshToken: 'secret-refresh-token' },
      refresh: async () => {
        refreshes++
        return { accessToken: next }
      },
    })
    const client = createClient({ link: chain(tokenRefreshLink(session), wsLink({ url, random: () => 0 })) })
    const result = await firstAfterGap(client)
    const viewer = await client.query('{ viewer }')
    await client.dispose()
    await session.dispose()
    return { result, viewer, refreshes }
  },

  async cookies(url: string, token: string, cookie: string) {
    document.cookie = cookie
    const client = clientOf(url, token)
    const result = await client.query('{ hello }')
    await client.dispose()
    return result
  },

  /** Logs in on the page's own origin, and uses the session that the browser then has. */
  async cookieSession(url: string, password: string) {
    const client = sessionClient(url)
    const before = (await client.query('{ me }')).errors?.[0]?.extensions?.['code']
    await fetch('/login', { method: 'POST', body: JSON.stringify({ user: 'ada', password }) })
    const results = {
      before,
      query: (await client.query('{ me }')).data,
      mutation: (await client.mutate('mutation Add($name: String!) { addCity(name: $name) }', { name: '東京' })).data,
      subscription: (await collect(client.subscribe('subscription { countdown(from: 2) }'))).map(
        ({ data }) => (data as { countdown: string }).countdown,
      ),
      protected: (await sessionClient(`${location.origin}/django`, { csrf: 'django' }).query('{ me }')).data,
    }
    await client.dispose()
    return results
  },

  /** The same with a server of another origin, once named in the link and once not. */
  async cookieSessionElsewhere(url: string, password: string) {
    const { origin } = new URL(url)
    const body = JSON.stringify({ user: 'ada', password })
    await fetch(`${origin}/login`, { method: 'POST', body, credentials: 'include' })
    const named = await sessionClient(url, { origins: [origin], csrf: 'django' }).query('{ me }')
    const unnamed = await sessionClient(url, { csrf: 'django' }).query('{ me }')
    return { named: named.data, unnamed: unnamed.errors?.[0]?.extensions?.['code'] }
  },

  /** What a hostile page could do, of somebody who is logged in: no link of ours takes part in that. */
  async cookieSocketElsewhere(url: string, password: string) {
    const body = JSON.stringify({ user: 'ada', password })
    await fetch(new URL('/login', url), { method: 'POST', body, credentials: 'include' })
    const client = sessionClient(url)
    const events = await collect(client.subscribe('subscription { countdown(from: 1) }'))
    await client.dispose()
    return events.map(({ data }) => (data as { countdown: string }).countdown)
  },

  async refused(url: string, token: string) {
    const client = clientOf(url, token)
    const failures = await Promise.all([
      failureOf(() => client.query('query Refused { hello }')),
      failureOf(() => collect(client.subscribe('subscription Refused { ticker }'))),
    ])
    await client.dispose()
    return failures
  },

  /** Everything that a test would want to hear of. */
  async misbehave() {
    console.error('an error on the console')
    void Promise.reject(new Error('a rejection'))
    setTimeout(() => {
      throw new Error('an exception')
    })
    await fetch('https://api.example.com/').catch(() => {})
  },

  handshakeHeaders: (url: string) => failureOf(() => wsLink({ url, handshakeHeaders: true })),
}

export type Scenarios = typeof scenarios

Object.assign(globalThis, { scenarios })
