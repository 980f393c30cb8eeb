import { HeaderError, InsecureTransportError, isLoopback, ownOptions, parseUrl, type CookieJar } from '@graphlinks/core'
import { CookieJarError } from './errors.ts'
import { mergeCookies } from './mergeCookies.ts'
import type { Settings } from './options.ts'

/** A `fetch` with the cookies of a jar. */
export type JarFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** One request of the several that a login takes. */
interface Hop {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: BodyInit | null
  readonly signal: AbortSignal | null
  /** What else the caller said. */
  readonly rest: RequestInit
}

// As many as fetch follows.
const maxRedirects = 20
const describesBody = /^content-(encoding|language|length|location|type)$/
// What another origin gets to see of the caller's headers: nothing that could say who somebody is.
const harmless = /^(accept|accept-language|user-agent)$/

/**
 * A `fetch` that sends the cookies of the jar and takes those of each response, also of the redirects on the way: a
 * `fetch` that follows them on its own shows only the last. A header `Cookie` of the caller is merged, and wins.
 */
export function jarFetch(settings: Settings, jar: CookieJar): JarFetch {
  const link = `${settings.link}.fetch`
  return async function fetch(input, init) {
    const { redirect, ...first } = firstHop(link, input, init)
    let hop: Hop = first
    for (let count = 0; ; count++) {
      const response = await send(link, settings, jar, hop)
      const location = redirect === 'manual' ? undefined : locationOf(response)
      if (location === undefined) return response
      await discard(response)
      if (redirect === 'error') throw refusal(link, hop, 'which redirect: "error" forbids')
      if (count === maxRedirects) throw refusal(link, hop, `after ${maxRedirects} redirects`)
      hop = nextHop(link, hop, response.status, location)
    }
  }
}

function firstHop(
  link: string,
  input: string | URL | Request,
  given: RequestInit = {},
): Hop & { readonly redirect: RequestRedirect } {
  const request = typeof input === 'object' && 'url' in input ? input : undefined
  const url = parseUrl(request?.url ?? (input as string | URL).toString())
  if (!url || !isSendable(url)) {
    throw new CookieJarError('the URL is an http or https URL, whole and without user and password', { link })
  }
  const { method, headers, signal, redirect, ...rest } = ownOptions(given)
  const body = rest.body ?? request?.body ?? null
  return {
    url,
    method: (method ?? request?.method ?? 'GET').toUpperCase(),
    headers: headersOf(link, headers ?? request?.headers),
    body,
    signal: signal ?? request?.signal ?? null,
    redirect: redirect ?? request?.redirect ?? 'follow',
    // What fetch wants where a body is a stream.
    rest: body && isStream(body) ? Object.assign(rest, { duplex: 'half' }) : rest,
  }
}

function isSendable({ protocol, username, password }: URL): boolean {
  return /^https?:$/.test(protocol) && !username && !password
}

function headersOf(link: string, headers: RequestInit['headers']): Headers {
  try {
    return new Headers(headers)
  } catch {
    // What was thrown quotes the value.
    throw new HeaderError('headers has a name or a value that cannot be sent', { link })
  }
}

async function send(link: string, settings: Settings, jar: CookieJar, hop: Hop): Promise<Response> {
  const { url, method, body, signal, rest } = hop
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !settings.allowInsecure) {
    throw new InsecureTransportError(`${url.origin} is not encrypted: use https, or set allowInsecure: true`, { link })
  }
  const headers = new Headers(hop.headers)
  const cookie = mergeCookies(await jar.getCookieString(url.href), headers.get('cookie') ?? '')
  if (cookie) headers.set('cookie', cookie)
  const response = await request(link, settings, hop, { ...rest, method, headers, body, signal, redirect: 'manual' })
  try {
    // Without waiting in between: the next response may set the same cookies, and the last one wins.
    await Promise.all(setCookiesOf(link, response).map((field) => jar.setCookie(field, url.href)))
  } catch (error) {
    await discard(response)
    throw error
  }
  return response
}

async function request(link: string, settings: Settings, { url, signal }: Hop, init: RequestInit): Promise<Response> {
  const { fetch = globalThis.fetch } = settings
  let response: Response
  try {
    response = await fetch(url.href, init)
  } catch (error) {
    if (signal?.aborted) throw signal.reason as Error
    const cause = outline(error, 3)
    throw new CookieJarError(`no answer from ${url.origin}: the connection failed or broke (${cause.message})`, {
      link,
      cause,
    })
  }
  if (response.type !== 'opaqueredirect') return response
  throw new CookieJarError('this platform hides redirects and keeps cookies itself: use its own fetch', { link })
}

/** One field each. Joined by commas they could not be told apart: dates have commas, too. */
function setCookiesOf(link: string, { headers }: Response): readonly string[] {
  if (typeof headers.getSetCookie === 'function') return headers.getSetCookie()
  if (!headers.has('set-cookie')) return []
  throw new CookieJarError('the headers of this fetch have no getSetCookie(): use another one', { link })
}

/** Where a response wants the client to go (https://fetch.spec.whatwg.org/#http-redirect-fetch). */
function locationOf({ status, headers }: Response): string | undefined {
  return [301, 302, 303, 307, 308].includes(status) ? (headers.get('location') ?? undefined) : undefined
}

function nextHop(link: string, hop: Hop, status: number, location: string): Hop {
  const { method, body, headers, ...same } = hop
  const url = parseUrl(location, hop.url.href)
  if (!url || !isSendable(url)) throw refusal(link, hop, 'to what is no http or https URL, or has a user in it')
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw refusal(link, hop, `to ${url.origin}, which is not encrypted`)
  }
  const isElsewhere = url.origin !== hop.url.origin
  const becomesGet = status === 303 ? !/^(GET|HEAD)$/.test(method) : status <= 302 && method === 'POST'
  const isKept = (name: string): boolean =>
    !(becomesGet && describesBody.test(name)) && !(isElsewhere && !harmless.test(name))
  const kept = new Headers([...headers].filter(([name]) => isKept(name)))
  if (becomesGet || body === null) {
    return { ...same, url, method: becomesGet ? 'GET' : method, headers: kept, body: null }
  }
  if (isElsewhere) throw refusal(link, hop, `to ${url.origin}, which would get the body: send it there yourself`)
  if (isStream(body)) throw refusal(link, hop, 'and the body is a stream, which cannot be sent again')
  return { ...same, url, method, headers: kept, body }
}

function isStream(body: BodyInit): boolean {
  return typeof body === 'object' && ('getReader' in body || Symbol.asyncIterator in body)
}

function refusal(link: string, { url }: Hop, why: string): CookieJarError {
  return new CookieJarError(`${url.origin} redirects ${why}`, { link })
}

/** Unread, it would keep its connection. */
async function discard({ body }: Response): Promise<void> {
  try {
    await body?.cancel()
  } catch {
    // It has broken off.
  }
}

/** The names and codes of an error and its causes. Their texts may hold a header or a URL, so they are left behind. */
function outline(error: unknown, depth: number): Error {
  const { name, code, cause } = Object(error) as { name?: unknown; code?: unknown; cause?: unknown }
  const inner = cause !== undefined && depth > 1 ? outline(cause, depth - 1) : undefined
  const message = [String(code ?? name), inner?.message].filter(Boolean).join(', ')
  const copy = new Error(message, inner && { cause: inner })
  copy.stack = message
  return typeof code === 'string' ? Object.assign(copy, { code }) : copy
}
