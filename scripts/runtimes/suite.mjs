// What every runtime is tried with: the built packages, by name, against the server `everything`. No test framework, since
// none runs in all of them, and nothing but web platform APIs.
import {
  bearerLink,
  chain,
  cookieLink,
  createClient,
  createTokenSource,
  GraphLinksError,
  OptionsError,
  split,
  TimeoutError,
  tokenRefreshLink,
} from '@graphlinks/core'
import { memoryCookieJar } from '@graphlinks/cookie-jar'
import { HttpError, httpLink, NetworkError, RedirectBlockedError } from '@graphlinks/http-link'
import { loggerLink } from '@graphlinks/logger-link'
import { persistedLink } from '@graphlinks/persisted-link'
import { wsLink } from '@graphlinks/ws-link'

const timeLimitMs = 20_000

/**
 * Runs the scenarios one after the other.
 *
 * @param origin - of the server. It has seen nobody else.
 * @param isBrowser - whether the platform keeps the cookies.
 * @param cannot - of scenarios that this platform has no means for, what the error must say that they end with.
 * @returns of each scenario the name, and `ok`, the `failure`, or why it was `skipped`.
 */
export async function runSuite({ origin, isBrowser = false, cannot = {} }) {
  const outcomes = []
  for (const [name, scenario] of Object.entries(scenarios)) {
    const here = new Here(origin, isBrowser)
    const run =
      name in cannot ? () => scenario(here).then(unexpected, (error) => excuse(error, cannot[name])) : scenario
    outcomes.push({ name, ...(await outcomeOf(here, run)) })
  }
  return outcomes
}

function unexpected() {
  throw new Error('it works, so that it need not be left out any more')
}

function excuse(error, reason) {
  if (!OptionsError.is(error) || !error.message.includes(reason)) throw error
  return error.message
}

async function outcomeOf(here, scenario) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${timeLimitMs} ms`)), timeLimitMs)
  })
  try {
    const skipped = await Promise.race([scenario(here), late])
    await Promise.race([here.dispose(), late])
    return skipped ? { skipped } : { ok: true }
  } catch (error) {
    here.dispose().catch(() => {})
    return { failure: `${error?.stack ?? error}${error?.cause ? `\ncause: ${error.cause?.stack}` : ''}` }
  } finally {
    clearTimeout(timer)
  }
}

/** Where a scenario runs. */
class Here {
  #owned = []

  constructor(origin, isBrowser) {
    this.origin = origin
    this.isBrowser = isBrowser
    this.url = `${origin}/graphql`
    this.wsUrl = this.url.replace('http', 'ws')
  }

  /** Has something disposed after the scenario. */
  own(disposable) {
    this.#owned.push(disposable)
    return disposable
  }

  client(...links) {
    return this.own(createClient({ link: chain(...links) }))
  }

  http(options) {
    return this.client(bearerLink('secret-token'), httpLink({ url: this.url, csrf: 'yoga', ...options }))
  }

  ws(options) {
    return this.client(bearerLink('secret-token'), wsLink({ url: this.wsUrl, ...options }))
  }

  /** How often the server has seen something. With `times`, it is waited for until it was as often. */
  async seen(what, times = 0) {
    return (await fetch(`${this.origin}/seen?${new URLSearchParams({ what, times })}`)).json()
  }

  async dispose() {
    await Promise.all(this.#owned.map((owned) => owned.dispose()))
  }
}

function equal(actual, expected) {
  const [left, right] = [actual, expected].map((value) => JSON.stringify(value))
  if (left !== right) throw new Error(`got ${left} and not ${right}`)
}

async function fails(promise, errorClass) {
  const error = await promise.then(
    (value) => new Error(`got ${JSON.stringify(value)} and no error`),
    (reason) => reason,
  )
  if (!(error instanceof errorClass) || !GraphLinksError.is(error)) throw error
  return error
}

async function collect(results) {
  const collected = []
  for await (const { data } of results) collected.push(data)
  return collected
}

const count = 'subscription ($to: Int!) { count(to: $to) }'
const counts = (to) => Array.from({ length: to }, (_, index) => ({ count: index + 1 }))
const addCity = 'mutation Add($name: String!) { addCity(name: $name) { name } }'
const upload = 'mutation ($file: Upload!) { upload(file: $file) { name type size text } }'

/** Logs in. In browsers the platform keeps the cookies, elsewhere a jar. */
async function signedIn(here) {
  const jar = here.isBrowser ? undefined : memoryCookieJar()
  const response = await (jar?.fetch ?? fetch)(`${here.origin}/cookies/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'ada', password: 'correct horse' }),
  })
  // Over a redirect.
  equal([response.status, await response.text()], [200, 'hello ada'])
  const [http, ws] = [here.url, here.wsUrl].map((url) => url.replace('/graphql', '/cookies/graphql'))
  return { cookies: cookieLink({ jar }), http, ws }
}

const countdown = 'subscription { countdown(from: 2) }'
const adasCountdown = [{ countdown: '2 for ada' }, { countdown: '1 for ada' }]

/** By name, as docs/runtimes.md has them. */
const scenarios = {
  async 'query and mutation by POST, bearer token'(here) {
    const client = here.http()
    const { data, http } = await client.query('{ viewer hello }')
    equal(data, { viewer: 'secret-token', hello: 'world' })
    equal([http.status, http.headers.get('x-seen-method')], [200, 'POST'])
    equal(await client.request(addCity, { name: '東京' }), { addCity: { name: '東京' } })
  },

  async 'query by GET'(here) {
    const { data, http } = await here.http({ queryMethod: 'GET' }).query('{ viewer }')
    equal(data, { viewer: 'secret-token' })
    equal(http.headers.get('x-seen-method'), 'GET')
  },

  async 'persisted query, hashed here'(here) {
    const before = await here.seen('POST /graphql')
    const link = httpLink({ url: here.url, csrf: 'yoga' })
    const client = here.client(persistedLink(), link)
    for (let time = 0; time < 2; time++) equal(await client.request('query Persisted { hello }'), { hello: 'world' })
    // The hash, the text after the server did not know it, and the hash again.
    equal((await here.seen('POST /graphql')) - before, 3)
  },

  async '@defer (multipart), as it comes'(here) {
    equal(await collect(here.http().execute('{ me { name ... @defer { slow } } }')), [
      { me: { name: 'Ada' } },
      { me: { name: 'Ada', slow: 'slow Ada' } },
    ])
  },

  async 'subscriptions over SSE, one request each'(here) {
    const before = await here.seen('POST /graphql')
    const client = here.http({ subscriptions: 'sse' })
    equal(await Promise.all([3, 2].map((to) => collect(client.subscribe(count, { to })))), [counts(3), counts(2)])
    equal((await here.seen('POST /graphql')) - before, 2)
  },

  async 'subscriptions over SSE, one stream for all'(here) {
    const before = await here.seen('GET /graphql/stream')
    const client = here.http({ url: `${here.url}/stream`, subscriptions: 'single-connection' })
    equal(await Promise.all([3, 2].map((to) => collect(client.subscribe(count, { to })))), [counts(3), counts(2)])
    equal((await here.seen('GET /graphql/stream')) - before, 1)
  },

  async upload(here) {
    const file = new File(['grüße'], 'größe.txt', { type: 'text/plain' })
    equal(await here.http().request(upload, { file }), {
      upload: { name: 'größe.txt', type: 'text/plain', size: 7, text: 'grüße' },
    })
  },

  async 'WebSocket: query, mutation, subscription'(here) {
    const before = await here.seen('opened')
    const client = here.ws()
    equal(await client.request('{ viewer }'), { viewer: 'secret-token' })
    equal(await client.request(addCity, { name: '東京' }), { addCity: { name: '東京' } })
    equal(await collect(client.subscribe(count, { to: 3 })), counts(3))
    equal((await here.seen('opened')) - before, 1)
  },

  async 'leaving a subscription ends it on the server'(here) {
    let left = await here.seen('unsubscribed')
    for (const client of [here.http(), here.ws()]) {
      const seen = []
      for await (const { data } of client.subscribe('subscription { ticker }')) if (seen.push(data.ticker) === 3) break
      equal(seen, [1, 2, 3])
      equal(await here.seen('unsubscribed', ++left), left)
    }
  },

  async 'one refresh for 20 operations over HTTP and WebSocket'(here) {
    const before = await here.seen('refresh')
    const refresh = async ({ signal }) => (await fetch(`${here.origin}/token`, { method: 'POST', signal })).json()
    const initial = { accessToken: 'expired', refreshToken: 'secret-refresh-token' }
    const session = here.own(createTokenSource({ initial, refresh }))
    const http = here.client(tokenRefreshLink(session), httpLink({ url: here.url }))
    const ws = here.client(tokenRefreshLink(session), wsLink({ url: here.wsUrl, random: () => 0 }))
    const viewers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? ws : http).request('{ viewer }')),
    )
    equal(new Set(viewers.map(({ viewer }) => viewer)).size, 1)
    equal(viewers[0].viewer.startsWith('token-'), true)
    equal((await here.seen('refresh')) - before, 1)
  },

  async 'cookie login; query and subscription over HTTP'(here) {
    const { cookies, http } = await signedIn(here)
    const client = here.client(cookies, httpLink({ url: http }))
    equal(await client.request('{ me }'), { me: 'ada' })
    equal(await collect(client.subscribe(countdown)), adasCountdown)
  },

  async 'cookie login; subscription over WebSocket'(here) {
    const { cookies, http, ws } = await signedIn(here)
    const isSubscription = ({ kind }) => kind === 'subscription'
    const client = here.client(cookies, split(isSubscription, wsLink({ url: ws }), httpLink({ url: http })))
    equal(await collect(client.subscribe(countdown)), adasCountdown)
  },

  async 'abort: the caller has its own reason, the server sees it'(here) {
    const [asked, aborted] = [await here.seen('POST /graphql'), await here.seen('aborted')]
    const controller = new AbortController()
    const reason = { the: 'reason' }
    const ended = here
      .http()
      .query('{ never }', null, { signal: controller.signal })
      .catch((error) => error)
    await here.seen('POST /graphql', asked + 1)
    controller.abort(reason)
    if ((await ended) !== reason) throw new Error(`ended with ${await ended}`)
    equal(await here.seen('aborted', aborted + 1), aborted + 1)
  },

  async timeout(here) {
    const error = await fails(here.http({ timeoutMs: 100 }).query('{ never }'), TimeoutError)
    equal(error.code, 'TIMEOUT')
  },

  async 'a record of an operation, with a hash of who asked'(here) {
    const records = []
    const logger = { info: (record) => records.push(record), warn: console.warn, error: console.error }
    const client = here.client(loggerLink({ logger }), bearerLink('secret-token'), httpLink({ url: here.url }))
    await client.request('query Hello { hello }')
    while (records.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const [{ operationName, outcome, status, identity }] = records
    equal([operationName, outcome, status], ['Hello', 'completed', 200])
    if (!/^[\da-f]{12}$/.test(identity)) throw new Error(`the identity is ${identity}`)
  },

  async 'errors: status, redirect, nobody listens'(here) {
    const client = here.client(httpLink({ url: `${here.origin}/nowhere` }))
    equal((await fails(client.query('{ hello }'), HttpError)).status, 404)
    await fails(here.http({ url: `${here.origin}/moved` }).query('{ hello }'), RedirectBlockedError)
    // The port that nobody may use.
    const { message } = await fails(here.http({ url: 'http://127.0.0.1:1/graphql' }).query('{ hello }'), NetworkError)
    equal(message.includes('secret-token'), false)
  },
}
