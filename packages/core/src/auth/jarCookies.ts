// Loaded with the first request that a jar has a part in.
import { GraphLinksError } from '../errors.ts'
import type { IncomingResponse, OutgoingRequest, RequestChange } from '../exchange.ts'
import type { Operation } from '../operation.ts'
import { originOf } from '../origin.ts'
import type { ResponseHeaders } from '../results.ts'
import type { CookieJar, JarSettings } from './cookieJar.ts'

/**
 * What a jar changes of a request; nothing where it has no part in it. Where servers look for another site's requests, it
 * says where this one comes from, as a page of the server would: over https, Django and Rails take no token without that.
 */
export async function changeRequest(
  { jar, origins, headersFor, hasCsrf }: JarSettings,
  request: OutgoingRequest,
  operation: Operation,
): Promise<RequestChange | undefined> {
  const { url, headers, method } = request
  const address = addressOf(url, origins)
  if (address === undefined) return undefined
  const cookie = mergeCookies(await jar.getCookieString(address), headers.get('cookie') ?? '')
  const namesOrigin = hasCsrf && method !== 'GET' && !headers.has('origin')
  return {
    headers: {
      ...(cookie && { cookie }),
      ...(namesOrigin && { origin: originOf(url) }),
      ...(await headersFor(cookie, request, operation)),
    },
  }
}

/** Keeps what a response sets: one after the other, so that the last of a name wins. */
export async function keepCookies(
  { jar, origins }: JarSettings,
  { url }: OutgoingRequest,
  { headers }: IncomingResponse,
): Promise<void> {
  const address = addressOf(url, origins)
  for (const cookie of address ? setCookiesOf(headers) : []) await keep(jar, cookie, address as string)
}

/** A URL as a jar is asked: it knows http and https, the path decides, and the query may hold a key. */
function addressOf(url: URL, origins: readonly string[] | undefined): string | undefined {
  const origin = originOf(url)
  return !origins || origins.includes(origin) ? origin + url.pathname : undefined
}

/** A jar may refuse a cookie, as browsers do, without harm to anybody; one that fails does it in words of ours. */
async function keep(jar: CookieJar, cookie: string, address: string): Promise<void> {
  try {
    await jar.setCookie(cookie, address)
  } catch (error) {
    if (GraphLinksError.is(error)) throw error
  }
}

/**
 * The cookies that a response sets. Never from the joined header, which cannot be taken apart again: dates have commas.
 *
 * @throws what it is where the platform has nothing else.
 */
function setCookiesOf(headers: ResponseHeaders): readonly string[] {
  // node-fetch 2, under cross-fetch, has `raw`.
  const { raw } = headers as { raw?: () => Readonly<Record<string, readonly string[]>> }
  const cookies = headers.getSetCookie?.() ?? raw?.call(headers)['set-cookie']
  if (cookies ?? !headers.get('set-cookie')) return cookies ?? []
  throw new TypeError('this fetch has no headers.getSetCookie(), without which cookies cannot be told apart')
}

/** The cookies of a jar and of a header: the header's win, by name. */
function mergeCookies(stored: string, explicit: string): string {
  const given = pairsOf(explicit)
  const names = new Set(given.map(([name]) => name))
  // A cookie that no header can hold must not keep all others from being sent.
  const kept = pairsOf(stored).filter(([name, text]) => !names.has(name) && /^[\t\x20-\x7e]*$/.test(text))
  return [...kept, ...given].map(([, text]) => text).join('; ')
}

/** Name and text of each cookie (RFC 6265 section 4.2.1). */
function pairsOf(cookies: string): (readonly [name: string, text: string])[] {
  return cookies
    .split(';')
    .map((text) => text.trim())
    .filter(Boolean)
    .map((text) => {
      const end = text.indexOf('=')
      return [end < 0 ? '' : text.slice(0, end).trimEnd(), text]
    })
}
