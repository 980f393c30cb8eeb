// Loaded with the first operation that a jar has a part in: browsers, whose bundles this is in all the same, have none.
import type { CredentialSource } from '../credentialSource.ts'
import { CredentialError, GraphLinksError } from '../errors.ts'
import {
  withExchange,
  type Exchange,
  type IncomingResponse,
  type OutgoingRequest,
  type RequestChange,
} from '../exchange.ts'
import { isOverridden, type Operation } from '../operation.ts'
import { originOf } from '../origin.ts'
import type { ResponseHeaders } from '../results.ts'
import type { CookieJar } from './cookieJar.ts'
import type { CsrfProof } from './csrf.ts'
import { provideValue, type CheckedOptions } from './provider.ts'

/** What goes with the cookies of a jar. */
export interface JarOptions extends CheckedOptions {
  readonly csrf: CsrfProof | undefined
  /** What else goes with every request. */
  readonly headers: Readonly<Record<string, string>>
}

/** The cookies of a jar, or of the one that a function gives. */
export function jarCookies(
  jar: CookieJar | ((operation: Operation) => CookieJar | Promise<CookieJar>),
  options: JarOptions,
): CredentialSource {
  const known = new WeakMap<CookieJar, Exchange>()
  const withJar = (operation: Operation, given: CookieJar): Operation => {
    if (typeof Object(given).setCookie !== 'function') {
      const { operationName } = operation
      throw new CredentialError('the function that gives the jar gave no jar', { link: options.link, operationName })
    }
    const exchange = known.get(given) ?? jarExchange(given, options)
    known.set(given, exchange)
    return withExchange(operation, exchange)
  }
  return {
    attach: (operation) =>
      typeof jar === 'function'
        ? provideValue(jar, 'jar', operation, options, (given) => withJar(operation, given))
        : withJar(operation, jar),
  }
}

function jarExchange(jar: CookieJar, options: JarOptions): Exchange {
  return {
    link: options.link,
    // A jar is whoever its cookies say: the number tells it from all others.
    identity: crypto.getRandomValues(new Uint32Array(4)).join('-'),
    request: (request, operation) => changeRequest(jar, request, operation, options),
    response: (response, request) => keepCookies(jar, response, request, options),
  }
}

/**
 * What a jar changes of a request; nothing where it has no part in it. Where servers look for another site's requests, it
 * says where this one comes from, as a page of the server would: over https, Django and Rails take no token without that.
 */
async function changeRequest(
  jar: CookieJar,
  { url, headers, method }: OutgoingRequest,
  operation: Operation,
  { origins, csrf, headers: others }: JarOptions,
): Promise<RequestChange | undefined> {
  const address = addressOf(url, origins)
  if (address === undefined) return undefined
  const cookie = mergeCookies(await jar.getCookieString(address), headers.get('cookie') ?? '')
  // What changes nothing needs no protection (RFC 9110 section 9.2.1).
  const proof = method === 'GET' ? undefined : csrf
  const token = await proof?.token(cookie, operation)
  const made = Object.entries({
    ...(proof && !headers.has('origin') && { origin: originOf(url) }),
    ...others,
    ...(proof && token && { [proof.header]: token }),
  })
  const wanted = made.filter(([name]) => !isOverridden(operation, name))
  return { headers: { ...(cookie && { cookie }), ...Object.fromEntries(wanted) } }
}

/**
 * Keeps what a response sets, in order. Nothing is waited for in between: the next response may set the same cookies, and
 * the last one wins, however slow the jar is.
 */
async function keepCookies(
  jar: CookieJar,
  { headers }: IncomingResponse,
  { url }: OutgoingRequest,
  { origins }: JarOptions,
): Promise<void> {
  const address = addressOf(url, origins)
  if (address !== undefined) await Promise.all(setCookiesOf(headers).map((cookie) => keep(jar, cookie, address)))
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
