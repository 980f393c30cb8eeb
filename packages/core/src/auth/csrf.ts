import { OptionsError } from '../errors.ts'
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

/** The token against cross-site request forgery, and the header that it goes to. */
export interface CsrfProof {
  readonly header: string
  /** @param cookies - those that go with the request, or that the page has. */
  readonly token: (
    cookies: string | undefined,
    operation: Operation,
  ) => string | undefined | Promise<string | undefined>
}

/** Headers with which no browser sends a request of another site's without asking first. */
export const preflightHeaders = { 'graphql-require-preflight': '1', 'apollo-require-preflight': '1' }

/**
 * What shows a server that a request is not another site's.
 *
 * @throws {@link OptionsError} where the token is to come from no place, or one that cannot be looked at from here.
 */
export function csrfProof(csrf: Csrf | undefined, link: string): CsrfProof | undefined {
  if (csrf === undefined) return undefined
  const source = Object.hasOwn(presets, csrf as string) ? presets[csrf as keyof typeof presets] : csrf
  const token = tokenOf(ownOptions(Object(source) as Partial<CsrfCookie & CsrfMeta & CsrfToken>))
  if (token) return { header: checkHeaderName((source as CsrfCookie).header, { link }), token }
  throw new OptionsError(
    inDevelopment(() =>
      typeof source === 'string' || !('header' in Object(source))
        ? `csrf is one of ${Object.keys(presets).join(', ')}, or { header } with cookie, meta or token`
        : 'csrf: the token cannot be read from here, where there is no page; give { header, token }, a function',
    ) ?? 'csrf',
    { link },
  )
}

function tokenOf({ cookie, meta, token }: Partial<CsrfCookie & CsrfMeta & CsrfToken>): CsrfProof['token'] | undefined {
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
