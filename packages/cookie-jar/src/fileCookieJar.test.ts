import { DisposedError, OptionsError } from '@graphlinks/core'
import { FakeClock, secretCanary, settle } from '@graphlinks/testing'
import { buildSync } from 'esbuild'
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CookieJarError, fileCookieJar, memoryCookieJar } from './index.ts'

const api = 'https://api.example.com/graphql'
// What the jar calls, to make it fail.
const files = process.getBuiltinModule('node:fs/promises')

describe('fileCookieJar', () => {
  let folder = ''
  let file = ''
  beforeEach(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), 'graphlinks-'))
    file = join(folder, 'cookies.json')
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    await fs.rm(folder, { recursive: true })
  })

  const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then(String, (error: unknown) => error)
  const read = (): Promise<string> => fs.readFile(file, 'utf8')
  const inFile = async (): Promise<string> => memoryCookieJar({ from: await read() }).getCookieString(api)

  test('CK-11 of two answers at once the last one wins, while the cookies of the first are being written', async () => {
    const answers: (() => void)[] = []
    const fetch = (_: string, { headers }: RequestInit) =>
      new Promise<Response>((resolve) => {
        const cookies = (headers as Headers).get('x-set')?.split(' ').map((cookie) => ['set-cookie', cookie]) // prettier-ignore
        answers.push(() => resolve(new Response('', { headers: cookies as [string, string][] })))
      })
    const jar = fileCookieJar(file, { fetch })
    const ask = (set: string) => jar.fetch(api, { headers: { 'x-set': set } })
    const both = [ask('a=1 b=1 sid=old'), ask('sid=new')]
    while (answers.length < 2) await settle()
    const { open } = files
    const opened = jest.spyOn(files, 'open')
    const writing = new Promise<void>((resolve) => {
      opened.mockImplementation(async (...args) => {
        resolve()
        return open(...args)
      })
    })
    answers[0]?.()
    await writing
    answers[1]?.()
    await Promise.all(both)
    expect(await jar.getCookieString(api)).toBe('a=1; b=1; sid=new')
    expect(await inFile()).toBe('a=1; b=1; sid=new')
  })

  describe('CK-8 the file', () => {
    test('CK-8 cookies outlive the process; the file is there with the first of them', async () => {
      const jar = fileCookieJar(file)
      expect(await jar.getCookieString(api)).toBe('')
      expect(await fs.readdir(folder)).toEqual([])
      expect(await jar.setCookie('sid=1; Path=/; Secure; HttpOnly', api)).toBe(true)
      expect(await inFile()).toBe('sid=1')
      const next = fileCookieJar(pathToFileURL(file))
      expect(await next.getCookieString(api)).toBe('sid=1')
      expect(await fileCookieJar(file).export()).toBe(await read())
      expect(await next.getCookieString(api.replace('https', 'http'))).toBe('')
      await next.setCookie('sid=; Path=/; Max-Age=0', api)
      expect(await fileCookieJar(file).getCookieString(api)).toBe('')
    })

    test('CK-8 only its owner can read it, whatever the umask, and whatever was there', async () => {
      const mask = process.umask(0)
      try {
        for (const text of [undefined, '{"cookies":[]}']) {
          if (text !== undefined) await fs.writeFile(file, text, { mode: 0o666 })
          await fileCookieJar(file).setCookie(`sid=${text === undefined}`, api)
          expect((await fs.stat(file)).mode & 0o777).toBe(0o600)
        }
      } finally {
        process.umask(mask)
      }
      expect(await fs.readdir(folder)).toEqual(['cookies.json'])
    })

    test('CK-8 the new text is in another file, 0600 and synced, before it takes the place of the old', async () => {
      await fileCookieJar(file).setCookie('sid=old; Path=/', api)
      const seen: unknown[] = []
      const { open, rename } = files
      let syncs: jest.SpyInstance | undefined
      jest.spyOn(files, 'open').mockImplementation(async (...args) => {
        const handle = await open(...args)
        syncs = jest.spyOn(handle, 'sync')
        return handle
      })
      jest.spyOn(files, 'rename').mockImplementation(async (from, to) => {
        const { mode } = await fs.stat(from)
        expect(syncs).toHaveBeenCalledTimes(1)
        seen.push([mode & 0o777, to, await inFile(), (await fs.readFile(from, 'utf8')).includes('"new"')])
        await rename(from, to)
      })
      await fileCookieJar(file).setCookie('sid=new; Path=/', api)
      expect(seen).toEqual([[0o600, file, 'sid=old', true]])
      expect(await inFile()).toBe('sid=new')
    })

    test('CK-8 nothing is read or written when the jar is made, nor written when nothing changes', async () => {
      const reads = jest.spyOn(files, 'stat')
      const writes = jest.spyOn(files, 'rename')
      const jar = fileCookieJar(file)
      expect(reads).not.toHaveBeenCalled()
      await Promise.all([jar.getCookieString(api), jar.export(), jar.setCookie('sid=1', api)])
      for (const cookie of ['sid=1', 'no cookie', 'other=1; Domain=com', 'other=; Max-Age=0']) {
        await jar.setCookie(cookie, api)
      }
      await jar.flush()
      expect(reads).toHaveBeenCalledTimes(1)
      expect(writes).toHaveBeenCalledTimes(1)
    })

    test('CK-8 it stays the same file when the process goes into another folder', async () => {
      const before = process.cwd()
      try {
        process.chdir(folder)
        const jar = fileCookieJar('cookies.json')
        process.chdir(before)
        await jar.setCookie('sid=1', api)
      } finally {
        process.chdir(before)
      }
      expect(await inFile()).toBe('sid=1')
    })

    test('CK-8 a runtime without files, and a path that is none, are errors when the jar is made', () => {
      for (const path of ['', undefined, 7, new URL('https://example.com/')]) {
        expect(() => fileCookieJar(path as string)).toThrow(OptionsError)
      }
      expect(() => fileCookieJar(file, { fetch: 'fetch' } as never)).toThrow('fileCookieJar: fetch is a function')
      const { process } = globalThis
      try {
        for (const other of [undefined, {}]) {
          globalThis.process = other as never
          expect(() => fileCookieJar(file)).toThrow('this runtime has no files')
        }
      } finally {
        globalThis.process = process
      }
    })

    test('CK-8 a bundler for browsers and the edge finds nothing of Node to resolve', () => {
      const { errors, outputFiles } = buildSync({
        entryPoints: [join(__dirname, 'index.ts')],
        conditions: ['@graphlinks/source', 'worker', 'browser'],
        platform: 'browser',
        bundle: true,
        format: 'esm',
        write: false,
      })
      expect(errors).toEqual([])
      expect(outputFiles[0]?.text).not.toMatch(/\b(import|require)\W+node:/)
    })

    test('CK-8 what a killed process left behind goes, what another one is writing stays', async () => {
      const left = `${file}.${crypto.randomUUID()}.tmp`
      const fresh = `${file}.${crypto.randomUUID()}.tmp`
      const foreign = join(folder, 'cookies.json.bak')
      for (const path of [left, fresh, foreign]) await fs.writeFile(path, 'x')
      const before = new Date(Date.now() - 120_000)
      for (const path of [left, foreign]) await fs.utimes(path, before, before)
      await fs.writeFile(file, '{"cookies":[]}')
      await fileCookieJar(file).getCookieString(api)
      expect((await fs.readdir(folder)).map((name) => join(folder, name)).toSorted()).toEqual(
        [file, fresh, foreign].toSorted(),
      )
    })
  })

  describe('CK-11 cookies that come at the same time', () => {
    test('CK-11 none is lost, all are in the file when their promise is kept, and few writes do it', async () => {
      const writes = jest.spyOn(files, 'rename')
      const jar = fileCookieJar(file)
      await Promise.all(
        Array.from({ length: 150 }, async (_, index) => {
          expect(await jar.setCookie(`c${index}=1`, api)).toBe(true)
          expect(await read()).toContain(`"c${index}"`)
        }),
      )
      expect((await inFile()).split('; ')).toHaveLength(150)
      expect(writes.mock.calls.length).toBeLessThanOrEqual(3)
    })

    test('CK-11 of one cookie, the last to arrive stays', async () => {
      const jar = fileCookieJar(file)
      const before = Array.from({ length: 50 }, (_, index) => jar.setCookie(`sid=${index}`, api))
      await before[0]
      await Promise.all([
        ...before,
        ...Array.from({ length: 50 }, (_, index) => jar.setCookie(`sid=${50 + index}`, api)),
      ])
      expect(await inFile()).toBe('sid=99')
    })

    test('CK-11 a cookie that comes while the file is written waits for the next write', async () => {
      const jar = fileCookieJar(file)
      const { rename } = files
      let second: Promise<boolean> | undefined
      jest.spyOn(files, 'rename').mockImplementationOnce(async (from, to) => {
        second = jar.setCookie('second=1', api)
        // The same again must not pass for written.
        void jar.setCookie('second=1', api).then(async () => expect(await inFile()).toContain('second=1'))
        await rename(from, to)
      })
      await jar.setCookie('first=1', api)
      await second
      expect(await inFile()).toBe('first=1; second=1')
      await jar.dispose()
    })
  })

  describe('a file that cannot be read or written', () => {
    test('CK-8 a write that fails is a typed error; the old file stays, and flush tries again', async () => {
      const canary = secretCanary()
      const jar = fileCookieJar(file)
      await jar.setCookie('sid=old; Path=/', api)
      for (const step of ['open', 'rename'] as const) {
        jest.spyOn(files, step).mockRejectedValueOnce(Object.assign(new Error('full'), { code: 'ENOSPC' }))
        const error = await failure(jar.setCookie(`sid=${canary.value}${step}; Path=/`, api))
        expect(error).toBeInstanceOf(CookieJarError)
        expect(error).toMatchObject({
          link: 'fileCookieJar',
          message: `fileCookieJar: ${file} cannot be written: ENOSPC`,
          cause: { code: 'ENOSPC' },
        })
        canary.check(error)
        expect(await inFile()).toBe('sid=old')
        expect(await fs.readdir(folder)).toEqual(['cookies.json'])
        // It is in the jar all the same.
        expect(await jar.getCookieString(api)).toBe(`sid=${canary.value}${step}`)
      }
      await jar.flush()
      expect(await inFile()).toBe(`sid=${canary.value}rename`)
    })

    test('CK-8 one failure is one: who waits for the next write gets that', async () => {
      const jar = fileCookieJar(file)
      await jar.getCookieString(api)
      let second: Promise<boolean> | undefined
      jest.spyOn(files, 'open').mockImplementationOnce(async () => {
        second = jar.setCookie('second=1', api)
        throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      })
      expect(await failure(jar.setCookie('first=1', api))).toBeInstanceOf(CookieJarError)
      expect(await second).toBe(true)
      expect(await inFile()).toBe('first=1; second=1')
    })

    test('CK-8 a folder that is missing is named, and may come later', async () => {
      const path = join(folder, 'config', 'cookies.json')
      const jar = fileCookieJar(path)
      expect(String(await failure(jar.setCookie('sid=1', api)))).toContain(
        'cannot be written: its folder does not exist',
      )
      await fs.mkdir(join(folder, 'config'))
      await jar.flush()
      expect(await fileCookieJar(path).getCookieString(api)).toBe('sid=1')
    })

    test('CK-7 what is no saved jar is a typed error at each use, the file stays, and clear begins anew', async () => {
      const canary = secretCanary()
      await fileCookieJar(file).setCookie(`sid=${canary.value}`, api)
      const whole = await read()
      for (const text of [
        whole.slice(0, -1),
        whole.slice(0, whole.indexOf(canary.value) + 9),
        'null',
        canary.value,
        ' ',
      ]) {
        await fs.writeFile(file, text)
        const jar = fileCookieJar(file)
        for (const call of [
          () => jar.getCookieString(api),
          () => jar.setCookie('sid=1', api),
          () => jar.export(),
          () => jar.fetch('https://api.example.com/'),
        ]) {
          const error = await failure(call())
          expect(error).toBeInstanceOf(CookieJarError)
          expect(String(error)).toContain('fileCookieJar: this is no saved jar')
          canary.check(error)
        }
        await jar.flush()
        expect(await read()).toBe(text)
        await jar.clear()
        expect(await jar.setCookie('sid=2', api)).toBe(true)
        expect(await inFile()).toBe('sid=2')
      }
    })

    test('CK-7 a file that was put right is read again; an empty one is an empty jar', async () => {
      await fs.writeFile(file, '{')
      const jar = fileCookieJar(file)
      expect(await failure(jar.getCookieString(api))).toBeInstanceOf(CookieJarError)
      await fs.writeFile(file, '')
      expect(await jar.getCookieString(api)).toBe('')
      expect(await jar.setCookie('sid=1', api)).toBe(true)
    })

    test('CK-7 a folder, a pipe that never ends, and a file that is too large are not read', async () => {
      const pipe = join(folder, 'pipe')
      const large = join(folder, 'large')
      await fs.writeFile(large, '{"cookies":[]}')
      await fs.truncate(large, 33 * 1_048_576)
      if (process.platform !== 'win32') execFileSync('mkfifo', [pipe])
      for (const path of [folder, large, ...(process.platform === 'win32' ? [] : [pipe])]) {
        const error = await failure(fileCookieJar(path).getCookieString(api))
        expect(error).toBeInstanceOf(CookieJarError)
        expect(String(error)).toContain('is no file, or larger than any saved jar')
      }
    })

    test('AUTH-32 a login whose cookies cannot be kept fails', async () => {
      const jar = fileCookieJar(join(folder, 'missing', 'cookies.json'), {
        fetch: async () => new Response('in', { headers: { 'set-cookie': 'sid=1' } }),
      })
      expect(await failure(jar.fetch('https://api.example.com/'))).toBeInstanceOf(CookieJarError)
    })
  })

  describe('AUTH-31 the end of a jar', () => {
    test('AUTH-31 dispose waits until all is written, and ends the jar', async () => {
      const jar = fileCookieJar(file)
      const set = [jar.setCookie('a=1', api), jar.setCookie('b=1', api)]
      await jar.dispose()
      expect(await inFile()).toBe('a=1; b=1')
      expect(await Promise.all(set)).toEqual([true, true])
      for (const call of [
        () => jar.setCookie('c=1', api),
        () => jar.getCookieString(api),
        () => jar.export(),
        () => jar.clear(),
        () => jar.fetch('https://api.example.com/'),
      ]) {
        expect(await failure(call())).toBeInstanceOf(DisposedError)
      }
      await jar.dispose()
      await jar[Symbol.asyncDispose]()
      expect(await inFile()).toBe('a=1; b=1')
    })

    test('AUTH-31 dispose of a jar that was never used touches nothing; one that cannot write says so', async () => {
      await fileCookieJar(file).dispose()
      expect(await fs.readdir(folder)).toEqual([])
      const jar = fileCookieJar(join(folder, 'missing', 'cookies.json'))
      await failure(jar.setCookie('a=1', api))
      expect(await failure(jar.dispose())).toBeInstanceOf(CookieJarError)
    })

    test('AUTH-37 clear leaves a file without cookies, and what expired is not written', async () => {
      const clock = new FakeClock()
      const jar = fileCookieJar(file, { clock })
      await jar.setCookie('a=1; Max-Age=60', api)
      await clock.advance(60_000)
      await jar.setCookie('b=1', api)
      expect(await read()).not.toContain('"a"')
      await jar.clear()
      expect(JSON.parse(await read())).toEqual({ version: 'graphlinks-cookie-jar@1', cookies: [] })
      expect(await jar.getCookieString(api)).toBe('')
    })

    test('AUTH-37 a jar that is printed shows no cookie', async () => {
      const canary = secretCanary()
      const jar = fileCookieJar(file)
      await jar.setCookie(`sid=${canary.value}`, api)
      canary.check(jar)
    })
  })

  describe('in a process of its own', () => {
    let bundle = ''
    beforeAll(async () => {
      bundle = join(await fs.mkdtemp(join(tmpdir(), 'graphlinks-')), 'jar.mjs')
      buildSync({
        entryPoints: [join(__dirname, 'index.ts')],
        outfile: bundle,
        conditions: ['@graphlinks/source'],
        platform: 'node',
        bundle: true,
        format: 'esm',
      })
    })
    afterAll(() => fs.rm(dirname(bundle), { recursive: true }))

    /** Runs code that uses the jars. @returns what it sent, its exit code and its signal. */
    async function run(code: string, onMessage: (message: unknown, kill: () => void) => void = () => {}) {
      const script = join(folder, 'script.mjs')
      await fs.writeFile(
        script,
        `import { fileCookieJar, memoryCookieJar } from '${pathToFileURL(bundle).href}'\n${code}`,
      )
      const child = fork(script, [file], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
      let stderr = ''
      child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
      const messages: unknown[] = []
      child.on('message', (message) => {
        messages.push(message)
        onMessage(message, () => child.kill('SIGKILL'))
      })
      const [status, signal] = (await once(child, 'close')) as [number | null, string | null]
      return { messages, status, signal, stderr }
    }

    test('CK-7 no saved jar ends the process, however large, deep or wrong it is', async () => {
      const { messages, status, stderr } = await run(`
      import { writeFileSync } from 'node:fs'
      const entry = (index) => ({ key: 'c' + index, value: 'v', domain: 'site' + (index % 400) + '.com', path: '/' })
      const many = (count) => JSON.stringify({ cookies: Array.from({ length: count }, (_, index) => entry(index)) })
      const hostile = {
        'one': many(1),
        '8,000 cookies': many(8_000),
        '30,000 cookies': many(30_000),
        'cut off': many(8_000).slice(0, -1),
        'values of 100 kB': JSON.stringify({ cookies: [{ ...entry(1), value: 'v'.repeat(100_000) }, entry(2)] }),
        'names': '{"__proto__":{"polluted":1},"cookies":[{"__proto__":{"polluted":1}},{"key":"__proto__","value":"1","domain":"a.com","path":"/"}]}',
        'deep list': '['.repeat(1_000_000) + ']'.repeat(1_000_000),
        'deep entry': '{"cookies":[' + '{"key":'.repeat(1_000_000) + '1' + '}'.repeat(1_000_000) + ']}',
        'wrong types': JSON.stringify({ cookies: [null, 1, 'x', [], { key: [], value: {}, domain: 1, path: true }] }),
      }
      for (const [name, text] of Object.entries(hostile)) {
        writeFileSync(process.argv[2], text)
        const counts = []
        for (const make of [() => memoryCookieJar({ from: text }), () => fileCookieJar(process.argv[2])]) {
          try {
            const jar = make()
            await jar.setCookie('sid=1', 'https://api.example.com/')
            counts.push(JSON.parse(await jar.export()).cookies.length)
          } catch (error) {
            counts.push(error.code)
          }
        }
        process.send([name, ...counts, Object.prototype.polluted ?? 'clean'])
      }
      process.disconnect()
    `)
      expect([status, stderr]).toEqual([0, ''])
      expect(messages).toEqual([
        ['one', 2, 2, 'clean'],
        ['8,000 cookies', 3_000, 3_000, 'clean'],
        ['30,000 cookies', 3_000, 3_000, 'clean'],
        ['cut off', 'COOKIE_JAR', 'COOKIE_JAR', 'clean'],
        ['values of 100 kB', 2, 2, 'clean'],
        ['names', 2, 2, 'clean'],
        ['deep list', 'COOKIE_JAR', 'COOKIE_JAR', 'clean'],
        ['deep entry', 1, 1, 'clean'],
        ['wrong types', 1, 1, 'clean'],
      ])
    }, 60_000)

    test('CK-8 a process that is killed at any step of a write leaves the old file whole', async () => {
      await fileCookieJar(file).setCookie('sid=old; Path=/', api)
      const before = await read()
      for (const step of ['writeFile', 'sync', 'close', 'rename']) {
        const { signal } = await run(`
        const fs = process.getBuiltinModule('node:fs/promises')
        const die = () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}) }
        const { open } = fs
        if ('${step}' === 'rename') fs.rename = die
        fs.open = async (...args) => {
          const handle = await open(...args)
          if ('${step}' === 'writeFile') handle.writeFile = async (text) => { await handle.write(text.slice(0, 40)); return die() }
          else if ('${step}' !== 'rename') handle['${step}'] = die
          return handle
        }
        await fileCookieJar(process.argv[2]).setCookie('sid=new; Path=/', 'https://api.example.com/')
      `)
        expect(signal).toBe('SIGKILL')
        expect(await read()).toBe(before)
      }
      expect(await fileCookieJar(file).getCookieString(api)).toBe('sid=old')
    }, 60_000)

    test('CK-8 a process that is killed while it writes again and again leaves one whole state, with all it promised', async () => {
      for (let count = 1; count <= 3; count++) {
        const { messages, signal } = await run(
          `
        const jar = fileCookieJar(process.argv[2])
        for (let turn = 0; ; turn++) {
          await Promise.all(
            Array.from({ length: 100 }, (_, index) =>
              jar.setCookie('c' + index + '=' + turn + '.' + 'x'.repeat(2_000) + '; Path=/' + index, 'https://api.example.com/'),
            ),
          )
          process.send(turn)
        }
        `,
          (turn, kill) => {
            if (turn === count * 3) kill()
          },
        )
        expect(signal).toBe('SIGKILL')
        const { cookies } = JSON.parse(await read()) as { readonly cookies: readonly { readonly value: string }[] }
        const turns = new Set(cookies.map(({ value }) => Number.parseInt(value)))
        expect([cookies.length, turns.size]).toEqual([100, 1])
        expect(Math.min(...turns)).toBeGreaterThanOrEqual(messages.at(-1) as number)
      }
    }, 60_000)
  })
})
