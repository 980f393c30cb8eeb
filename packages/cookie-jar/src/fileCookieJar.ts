import { DisposedError } from '@graphlinks/core'
import { CookieFile } from './cookieFile.ts'
import { Cookies } from './cookies.ts'
import { checkOptions, type CookieJarOptions } from './options.ts'
import { fromSaved, toSaved } from './saved.ts'
import { jarOf, type Keeper, type UserCookieJar } from './userCookieJar.ts'

/** A jar whose cookies are in a file. */
export interface FileCookieJar extends UserCookieJar {
  /**
   * Waits until the file has all cookies, and tries again what could not be written.
   *
   * @throws {@link CookieJarError} where it cannot be written.
   */
  flush(): Promise<void>
  /** The same, and ends the jar: it cannot be used any more. */
  dispose(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
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
export function fileCookieJar(path: string | URL, options?: CookieJarOptions): FileCookieJar {
  const link = 'fileCookieJar'
  const settings = checkOptions(link, options)
  const cookies = new Cookies()
  const keeper = new FileKeeper(link, new CookieFile(link, path), cookies, () => settings.clock.date())
  const dispose = (): Promise<void> => keeper.dispose()
  return {
    ...jarOf(settings, cookies, keeper),
    flush: () => keeper.save(),
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
}

/** Keeps cookies and a file the same. */
class FileKeeper implements Keeper {
  readonly #link: string
  readonly #file: CookieFile
  readonly #cookies: Cookies
  readonly #now: () => number
  #opened: Promise<void> | undefined
  /** The write that is under way, or was the last. */
  #write: Promise<void> = Promise.resolve()
  /** The one that waits for it, and takes along whatever changes until then. */
  #nextWrite: Promise<void> | undefined
  /** The revision of the cookies that the file has. */
  #saved: number
  #isDisposed = false

  constructor(link: string, file: CookieFile, cookies: Cookies, now: () => number) {
    this.#link = link
    this.#file = file
    this.#cookies = cookies
    this.#now = now
    this.#saved = cookies.revision
  }

  open(): Promise<void> {
    return this.#isDisposed ? Promise.reject(this.#disposed()) : (this.#opened ??= this.#read())
  }

  async #read(): Promise<void> {
    try {
      const text = await this.#file.read()
      // An empty file has nothing that could be lost.
      if (text) this.#cookies.restore(fromSaved(this.#link, text, this.#now()))
    } catch (error) {
      // Who comes next looks again.
      this.#opened = undefined
      throw error
    }
  }

  save(): Promise<void> {
    if (this.#saved === this.#cookies.revision) return Promise.resolve()
    return (this.#nextWrite ??= this.#writeAfter(this.#write))
  }

  async #writeAfter(last: Promise<void>): Promise<void> {
    // Whoever waits for that one hears of its failure.
    await last.catch(() => {})
    this.#write = this.#nextWrite as Promise<void>
    this.#nextWrite = undefined
    const { revision } = this.#cookies
    if (this.#saved === revision) return
    await this.#file.write(toSaved(this.#cookies.list(this.#now())))
    this.#saved = revision
  }

  /** Also where the file is no saved jar. */
  async clear(): Promise<void> {
    if (this.#isDisposed) throw this.#disposed()
    await this.#opened?.catch(() => {})
    this.#opened = Promise.resolve()
    this.#cookies.clear()
    await this.save()
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true
    // What was under way comes first.
    await this.#opened?.catch(() => {})
    await this.save()
  }

  #disposed(): DisposedError {
    return new DisposedError('the jar was disposed', { link: this.#link })
  }
}
