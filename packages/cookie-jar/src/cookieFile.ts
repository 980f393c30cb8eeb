import { OptionsError } from '@graphlinks/core'
import { CookieJarError } from './errors.ts'
import { maxSavedLength } from './saved.ts'

// How long another process may take to write before what it left behind is taken for garbage.
const maxWriteMs = 60_000

/** A file that only its owner can read, and that is there as a whole or not at all. */
export class CookieFile {
  readonly #link: string
  readonly #modules: Modules
  readonly #path: string

  /** @throws {@link OptionsError} where the path is none, or the runtime has no files. */
  constructor(link: string, path: string | URL) {
    this.#link = link
    this.#modules = modulesOf(link)
    const isUrl = path instanceof URL && path.protocol === 'file:'
    if (!isUrl && (typeof path !== 'string' || path === '')) {
      throw new OptionsError('the path is a string that is not empty, or a file: URL', { link })
    }
    // It stays the same file when the process goes into another folder.
    this.#path = this.#modules.path.resolve(isUrl ? this.#modules.url.fileURLToPath(path) : (path as string))
  }

  /** What is in the file; an empty text where there is none. */
  async read(): Promise<string> {
    const { fs } = this.#modules
    try {
      const stats = await fs.stat(this.#path)
      // A pipe or a device may never end.
      if (!stats.isFile() || stats.size > maxSavedLength) {
        throw new CookieJarError(`${this.#path} is no file, or larger than any saved jar`, { link: this.#link })
      }
      const text = await fs.readFile(this.#path, 'utf8')
      await this.#sweep()
      return text
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return ''
      throw this.#blame('read', error)
    }
  }

  /** Replaces the file. Whatever happens meanwhile, it has the old text or the new one. */
  async write(text: string): Promise<void> {
    const { fs } = this.#modules
    const temporary = `${this.#path}.${crypto.randomUUID()}.tmp`
    try {
      // Never through a file or a link that somebody has put there.
      const file = await fs.open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      await fs.rename(temporary, this.#path)
    } catch (error) {
      await fs.rm(temporary, { force: true }).catch(() => {})
      throw this.#blame('written', error)
    }
  }

  /** Removes what processes left behind that were killed while they wrote: it has cookies in it. */
  async #sweep(): Promise<void> {
    const { fs, path } = this.#modules
    const folder = path.dirname(this.#path)
    const beginning = `${path.basename(this.#path)}.`
    try {
      for (const name of await fs.readdir(folder)) {
        if (!name.startsWith(beginning) || !/^[\da-f-]{36}\.tmp$/.test(name.slice(beginning.length))) continue
        const file = path.join(folder, name)
        if (Date.now() - (await fs.stat(file)).mtimeMs > maxWriteMs) await fs.rm(file)
      }
    } catch {
      // Another process was faster, or the folder is not ours.
    }
  }

  #blame(what: string, error: unknown): unknown {
    if (CookieJarError.is(error)) return error
    const why = codeOf(error) === 'ENOENT' ? 'its folder does not exist' : codeOf(error)
    return new CookieJarError(`${this.#path} cannot be ${what}: ${why}`, { link: this.#link, cause: error })
  }
}

interface Modules {
  readonly fs: typeof import('node:fs/promises')
  readonly path: typeof import('node:path')
  readonly url: typeof import('node:url')
}

/** Not imported, also not lazily: bundlers for the edge follow any import, and have no files. */
function modulesOf(link: string): Modules {
  const { process } = globalThis as { readonly process?: NodeJS.Process }
  if (typeof process?.getBuiltinModule !== 'function') {
    throw new OptionsError('this runtime has no files: use memoryCookieJar, and keep what export gives', { link })
  }
  return {
    fs: process.getBuiltinModule('node:fs/promises'),
    path: process.getBuiltinModule('node:path'),
    url: process.getBuiltinModule('node:url'),
  }
}

function codeOf(error: unknown): string {
  return String(Object(error).code)
}
