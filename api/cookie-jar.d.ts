import { Clock, CookieJar, GraphLinksError } from '@graphlinks/core';

/** What jars have in common. */
interface CookieJarOptions {
    /** The `fetch` that `jar.fetch` uses. Default: the one that is global when a request is sent. */
    readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
    /** Lets `jar.fetch` send to other machines over http. Default: `false`; this machine is always allowed. */
    readonly allowInsecure?: boolean | undefined;
    /** Time for when cookies expire. Default: the platform's. */
    readonly clock?: Clock | undefined;
}

/** A `fetch` with the cookies of a jar. */
type JarFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** A jar with the cookies of one user. */
interface UserCookieJar extends CookieJar {
    /**
     * The value of the `Cookie` header for a URL, or an empty text. A WebSocket has the cookies of its http or https twin.
     *
     * @throws {@link CookieJarError} where it is no URL of http, https, ws or wss.
     */
    getCookieString(url: string | URL): Promise<string>;
    /**
     * Takes one `Set-Cookie` field of a response of a URL.
     *
     * @returns whether the server may set it: what breaks a rule of cookies is left out, as browsers do.
     * @throws {@link CookieJarError} where it is no URL of http, https, ws or wss.
     */
    setCookie(cookie: string, url: string | URL): Promise<boolean>;
    /** A `fetch` with the cookies of this jar, for the login request. */
    readonly fetch: JarFetch;
    /**
     * The cookies as JSON, which `memoryCookieJar({ from })` and tough-cookie read. Whoever has it is logged in: keep it as
     * you would a password.
     */
    export(): Promise<string>;
    /** Forgets all cookies. */
    clear(): Promise<void>;
}

/** Options of {@link memoryCookieJar}. */
interface MemoryCookieJarOptions extends CookieJarOptions {
    /**
     * The cookies to begin with: what `export` gave, or `serialize` of a tough-cookie jar, as JSON or parsed. Cookies that
     * no server could have set are left out. Default: none.
     */
    readonly from?: string | object | undefined;
}
/**
 * A cookie jar that lasts as long as the process. Make one for each user, on a server one for each request: whoever
 * shares a jar shares the session.
 *
 * @throws {@link OptionsError} when an option is no good, {@link CookieJarError} when `from` is no saved jar.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis
 *
 * @example
 * ```ts
 * import { memoryCookieJar } from '@graphlinks/cookie-jar'
 *
 * const jar = memoryCookieJar()
 * await jar.fetch('https://api.example.com/login', { method: 'POST', body: JSON.stringify({ user: 'ada' }) })
 * console.log(await jar.getCookieString('https://api.example.com/graphql'))
 * ```
 */
declare function memoryCookieJar(options?: MemoryCookieJarOptions): UserCookieJar;

/** A jar whose cookies are in a file. */
interface FileCookieJar extends UserCookieJar {
    /**
     * Waits until the file has all cookies, and tries again what could not be written.
     *
     * @throws {@link CookieJarError} where it cannot be written.
     */
    flush(): Promise<void>;
    /** The same, and ends the jar: it cannot be used any more. */
    dispose(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}
/**
 * A cookie jar in a file that only its owner can read, for command lines and jobs that stay logged in. The file is read
 * when the jar is first used, and replaced as a whole: a process that is killed leaves the old one or the new one.
 * `setCookie` has done its work when the cookie is in the file; cookies that come meanwhile share one write.
 *
 * Of two jars on one file, the one that writes last wins: use one jar for each file.
 *
 * A file that is no saved jar is an error at each use, and stays as it is until `clear`.
 *
 * @param path - relative to the current folder, or a `file:` URL. The folder exists.
 * @throws {@link OptionsError} when an option is no good, or the runtime has no files. What uses the file throws a
 * {@link CookieJarError} where it cannot be read or written.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis
 *
 * @example
 * ```ts
 * import { fileCookieJar } from '@graphlinks/cookie-jar'
 *
 * const jar = fileCookieJar('cookies.json')
 * await jar.fetch('https://api.example.com/login', { method: 'POST', body: JSON.stringify({ user: 'ada' }) })
 * await jar.dispose()
 * ```
 */
declare function fileCookieJar(path: string | URL, options?: CookieJarOptions): FileCookieJar;

/**
 * A jar could not do what it was asked: what is to be restored is no saved jar, a file cannot be read or written, or a
 * request of `jar.fetch` got no answer, or a redirect that is not followed. It holds no cookie.
 *
 * @example
 * ```ts
 * import { CookieJarError } from '@graphlinks/cookie-jar'
 *
 * export const report = (error: unknown): void => {
 *   if (CookieJarError.is(error)) console.error(error.message) // names the jar, and says what to do
 * }
 * ```
 */
declare class CookieJarError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}

export { CookieJarError, fileCookieJar, memoryCookieJar };
export type { CookieJarOptions, FileCookieJar, JarFetch, MemoryCookieJarOptions, UserCookieJar };
