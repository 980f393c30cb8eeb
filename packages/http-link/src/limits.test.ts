import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompressSync, createGzip, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { createClient, type Client, type GraphLinksError } from '@graphlinks/core'
import { stacks } from './fixtures/stacks.ts'
import { httpLink, MalformedResponseError, ResponseTooLargeError, type HttpLinkOptions } from './index.ts'

interface Answering {
  readonly url: string
  /** Resolves when the connection of the last answer is gone. */
  readonly closed: () => Promise<unknown>
}

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  await Promise.all(stops.splice(0).map(async (stop) => stop()))
})

async function answering(answer: (response: ServerResponse) => void): Promise<Answering> {
  const closing: Promise<unknown>[] = []
  const server = createServer((request, response) => {
    closing.push(once(response, 'close'))
    request.resume().on('end', () => answer(response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stops.push(async () => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    closed: async () => closing.at(-1),
  }
}

function clientOf(url: string, stack: Pick<HttpLinkOptions, 'fetch' | 'transport'>, maxResponseBytes?: number): Client {
  return createClient({ link: httpLink({ ...stack, url, maxResponseBytes } as HttpLinkOptions) })
}

function errorOf(promise: Promise<unknown>): Promise<GraphLinksError> {
  return promise.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => error as GraphLinksError,
  )
}

const json = { 'content-type': 'application/json' }

/** A result of exactly this many bytes. */
function resultOf(bytes: number): string {
  const frame = '{"data":{"a":""}}'
  return frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`)
}

describe.each(stacks)('threats 13 a body has at most maxResponseBytes, by %s', (_, stack) => {
  const encodings: Readonly<Record<string, (response: ServerResponse, body: string) => void>> = {
    'of known length': (response, body) =>
      response.writeHead(200, { ...json, 'content-length': Buffer.byteLength(body) }).end(body),
    chunked: (response, body) => {
      response.writeHead(200, json)
      for (let i = 0; i < body.length; i += 1_000) response.write(body.slice(i, i + 1_000))
      response.end()
    },
    gzip: (response, body) => response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(gzipSync(body)),
    br: (response, body) =>
      response.writeHead(200, { ...json, 'content-encoding': 'br' }).end(brotliCompressSync(body)),
    deflate: (response, body) =>
      response.writeHead(200, { ...json, 'content-encoding': 'deflate' }).end(deflateSync(body)),
    'deflate without its header': (response, body) =>
      response.writeHead(200, { ...json, 'content-encoding': 'deflate' }).end(deflateRawSync(body)),
  }

  test.each(Object.keys(encodings))('TL-4 exactly as many pass, one more does not: %s', async (encoding) => {
    const limit = 100_000
    const bodies = [resultOf(limit), resultOf(limit + 1)]
    const { url } = await answering((response) => encodings[encoding]?.(response, bodies.shift() ?? ''))
    const client = clientOf(url, stack, limit)
    expect(JSON.stringify(await client.request('{ a }')).length).toBe(limit - '{"data":}'.length)
    const error = await errorOf(client.query('query Big { a }'))
    expect(ResponseTooLargeError.is(error)).toBe(true)
    expect(error).toMatchObject({ status: 200, url, operationName: 'Big', link: 'httpLink' })
    expect(error.message).toContain('100000')
  })

  test('TL-4 the size of an error page is limited too', async () => {
    const { url } = await answering((response) =>
      response.writeHead(502, { 'content-type': 'text/html' }).end('x'.repeat(2_000)),
    )
    expect(await errorOf(clientOf(url, stack, 1_000).query('{ a }'))).toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
      status: 502,
    })
  })

  test('TL-4 a body without an end is cut, and the server sees the close', async () => {
    const { url, closed } = await answering((response) => {
      response.writeHead(200, json)
      const pump = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
        if (!response.destroyed) response.once('drain', pump)
      }
      pump()
    })
    expect(await errorOf(clientOf(url, stack, 1_000_000).query('{ a }'))).toBeInstanceOf(ResponseTooLargeError)
    await closed()
  })

  test('TL-4 the body of a redirect that is followed is limited too', async () => {
    const locations = ['/small', '/endless', undefined]
    const { url, closed } = await answering((response) => {
      const location = locations.shift()
      if (location === undefined) throw new Error('the endless redirect was followed')
      response.writeHead(307, { location })
      if (location === '/small') return response.end('moved')
      const pump = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
        if (!response.destroyed) response.once('drain', pump)
      }
      return pump()
    })
    const link = httpLink({ url, ...stack, redirects: 'same-origin', maxResponseBytes: 1_000_000 })
    const error = await errorOf(createClient({ link }).query('{ a }'))
    expect(error).toMatchObject({ code: 'RESPONSE_TOO_LARGE', status: 307, url: new URL('/small', url).href })
    await closed()
  })

  test('H17 a byte order mark is dropped', async () => {
    const { url } = await answering((response) =>
      response.writeHead(200, json).end(Buffer.from('\uFEFF{"data":{"a":"\uFEFFü"}}')),
    )
    expect(await clientOf(url, stack).request('{ a }')).toEqual({ a: '\uFEFFü' })
  })

  test.each([
    ['a byte that never occurs', [0xff]],
    ['half of a character', [0xc3]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
  ])('H17 invalid UTF-8 is an error and never data: %s', async (__, bytes) => {
    const body = Buffer.concat([Buffer.from('{"data":{"a":"'), Buffer.from(bytes), Buffer.from('"}}')])
    const { url } = await answering((response) => response.writeHead(200, json).end(body))
    const error = await errorOf(clientOf(url, stack).query('{ a }'))
    expect(error).toBeInstanceOf(MalformedResponseError)
    expect(error.message).toContain('UTF-8')
  })

  test('H17 a character that is split between chunks is whole', async () => {
    const [head, tail] = [Buffer.from('{"data":{"a":"'), Buffer.from('"}}')]
    const letter = Buffer.from('💧')
    const { url } = await answering((response) => {
      response
        .writeHead(200, json)
        .write(Buffer.concat([head, letter.subarray(0, 2)]), () =>
          setImmediate(() => response.end(Buffer.concat([letter.subarray(2), tail]))),
        )
    })
    expect(await clientOf(url, stack).request('{ a }')).toEqual({ a: '💧' })
  })
})

const bundler = `
  require('esbuild').buildSync({
    stdin: {
      contents: "export { createClient } from '@graphlinks/core'; export { httpLink } from './index.ts'",
      resolveDir: process.cwd(),
    },
    outfile: process.env.FILE,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@graphlinks/source'],
    external: ['cross-fetch'],
  })
`

describe('threats 13 half a megabyte of gzip that becomes 512 MB', () => {
  let gzip: Buffer
  let bundle: { folder: string; file: string }

  beforeAll(async () => {
    ;[gzip, bundle] = await Promise.all([gzipOfZeros(512), bundled()])
  }, 30_000)
  afterAll(() => rm(bundle.folder, { recursive: true, force: true }))

  test.each(['fetch', 'cross-fetch'])(
    'TL-4 is cut at the cap, and memory grows by less than 64 MiB, by %s',
    async (stack) => {
      expect(gzip.length).toBeLessThan(600_000)
      const { url, closed } = await answering((response) =>
        response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(gzip),
      )
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, BUNDLE: bundle.file, URL_OF_BOMB: url, STACK: stack, REPOSITORY: `${__dirname}/` },
      })
      const { code, grownBytes } = JSON.parse(stdout) as { code: string; grownBytes: number }
      expect(code).toBe('RESPONSE_TOO_LARGE')
      expect(grownBytes).toBeLessThan(64 * 1_048_576)
      await closed()
    },
    30_000,
  )

  // In a process of its own: what Jest does to memory is not ours. Linux tells the exact peak as
  // VmHWM; resourceUsage().maxRSS would not do, since a forked process inherits that of Jest.
  const script = `
    import { existsSync, readFileSync } from 'node:fs'
    import { createRequire } from 'node:module'
    const { createClient, httpLink } = await import(process.env.BUNDLE)
    const fetch = process.env.STACK === 'fetch' ? undefined : createRequire(process.env.REPOSITORY)('cross-fetch').fetch
    // What a first request loads is not the bomb's.
    await (fetch ?? globalThis.fetch)(new URL('/', process.env.URL_OF_BOMB), { method: 'HEAD' }).then((r) => r.arrayBuffer()).catch(() => {})
    const client = createClient({ link: httpLink({ url: process.env.URL_OF_BOMB, fetch }) })
    const before = process.memoryUsage().rss
    let peak = before
    const sampler = setInterval(() => { peak = Math.max(peak, process.memoryUsage().rss) }, 1)
    const code = await client.query('{ a }').then(() => 'no error', (error) => error.code)
    await new Promise((resolve) => setTimeout(resolve, 200))
    clearInterval(sampler)
    const status = '/proc/self/status'
    if (existsSync(status)) peak = Math.max(peak, 1024 * /VmHWM:\\s+(\\d+)/.exec(readFileSync(status, 'utf8'))[1])
    console.log(JSON.stringify({ code, grownBytes: peak - before }))
  `

  async function gzipOfZeros(megabytes: number): Promise<Buffer> {
    const gzip = createGzip({ level: 9 })
    const chunks: Buffer[] = []
    gzip.on('data', (chunk: Buffer) => chunks.push(chunk))
    const zeros = Buffer.alloc(1_048_576)
    for (let i = 0; i < megabytes; i++) if (!gzip.write(zeros)) await once(gzip, 'drain')
    gzip.end()
    await once(gzip, 'end')
    return Buffer.concat(chunks)
  }

  /** The sources as one file for plain Node, which needs no build. */
  async function bundled(): Promise<{ folder: string; file: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'graphlinks-limits-'))
    const file = join(folder, 'bundle.mjs')
    await promisify(execFile)(process.execPath, ['-e', bundler], {
      cwd: __dirname,
      env: { ...process.env, FILE: file },
    })
    return { folder, file }
  }
})
