import { OptionsError } from '../errors.ts'
import type { OutgoingRequest } from '../exchange.ts'
import { checkHeaderName, inBrowser } from '../headers.ts'
import { inDevelopment } from '../inDevelopment.ts'
import type { Operation } from '../operation.ts'
import { ownOptions } from '../ownOptions.ts'

/**
 * Where the token against cross-site request forgery comes from, and the header that it goes to: what a framework does by
 * default, or in your words.
 */
export type Csrf = keyof typeof presets | CsrfCookie | CsrfMeta | CsrfToken

/** The token is in a cookie that scripts can read (double submit), where `%` begins an encoded character. */
export interface CsrfCookie {
  readonly header: string
  readonly cookie: string
}

/** The token is in a `<meta>` element of the page, found by its name. Browsers only. */
export interface CsrfMeta {
  readonly header: string
  readonly meta: string
}

/** The application has the token. It is asked for each request; nothing is sent where there is none. */
export interface CsrfToken {
  readonly header: string
  readonly token: (operation: Operation) => string | undefined | Promise<string | undefined>
}

const presets = {
  // https://docs.djangoproject.com/en/5.2/howto/csrf/#using-csrf-protection-with-ajax
  django: { header: 'x-csrftoken', cookie: 'csrftoken' } as CsrfCookie,
  // https://laravel.com/docs/12.x/csrf#csrf-x-xsrf-token; Angular, Axios and Spring have the same names
  laravel: { header: 'x-xsrf-token', cookie: 'XSRF-TOKEN' } as CsrfCookie,
  // https://guides.rubyonrails.org/security.html#cross-site-request-forgery-csrf
  rails: { header: 'x-csrf-token', meta: 'csrf-token' } as CsrfMeta,
}

/**
 * The headers that show a server that a request is not another site's.
 *
 * @param cookies - those that go with the request, or that the page has; `false` where it goes to another site.
 */
export type CsrfHeaders = (
  cookies: string | false | undefined,
  request: OutgoingRequest,
  operation: Operation,
) => Promise<Readonly<Record<string, string>>>

const preflight = { 'graphql-require-preflight': '1', 'apollo-require-preflight': '1' }

/**
 * What gives the headers of a request.
 *
 * @throws {@link OptionsError} where the token is to come from no place, or one that cannot be looked at from here.
 */
export function csrfHeaders(csrf: Csrf | undefined, requirePreflight: boolean | undefined, link: string): CsrfHeaders {
  const source = Object.hasOwn(presets, csrf as string) ? presets[csrf as keyof typeof presets] : csrf
  const token = tokenOf(ownOptions(Object(source) as Partial<CsrfCookie & CsrfMeta & CsrfToken>))
  if (csrf !== undefined && !token) {
    throw new OptionsError(
      inDevelopment(() =>
        !('header' in Object(source))
          ? `csrf is one of ${Object.keys(presets).join(', ')}, or { header } with cookie, meta or token`
          : 'csrf: the token cannot be read from here, where there is no page; give { header, token }, a function',
      ) ?? 'csrf',
      { link },
    )
  }
  const header = token && checkHeaderName((source as CsrfCookie).header, { link })
  return async (cookies, { method }, operation) => {
    // What changes nothing needs no protection (RFC 9110 section 9.2.1).
    const value = cookies !== false && method !== 'GET' && (await token?.(cookies, operation))
    return { ...(requirePreflight && preflight), ...(header && value && { [header]: value }) }
  }
}

function tokenOf({
  cookie,
  meta,
  token,
}: Partial<CsrfCookie & CsrfMeta & CsrfToken>):
  | ((cookies: string | undefined, operation: Operation) => string | undefined | Promise<string | undefined>)
  | undefined {
  const hasPage = 'document' in globalThis
  if (typeof token === 'function') return (_, operation) => token(operation)
  if (typeof meta === 'string' && hasPage)
    return () => document.querySelector<HTMLMetaElement>(`meta[name=${JSON.stringify(meta)}]`)?.content
  // A worker of a page has its cookies, and cannot see them.
  if (typeof cookie !== 'string' || (inBrowser() && !hasPage)) return undefined
  return (cookies) => {
    const start = `${cookie}=`
    const value = cookies
      ?.split('; ')
      .find((each) => each.startsWith(start))
      ?.slice(start.length)
    try {
      return value && decodeURIComponent(value)
    } catch {
      return value
    }
  }
}
