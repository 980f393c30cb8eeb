import { createClient, LinkError, type Client } from '@graphlinks/core'
import { httpLink, NetworkError, RedirectBlockedError, type HttpLinkOptions } from './index.ts'

/** Which files are not there at the next attempt to load them, as a network has it. */
const mockMissing = new Map<string, Error>()

function mockFile(name: string, file: object): object {
  // A module that is thenable is loaded when that says so.
  // oxlint-disable-next-line unicorn/no-thenable
  return Object.defineProperty({ __esModule: true, ...file }, 'then', {
    get() {
      const error = mockMissing.get(name)
      mockMissing.delete(name)
      if (error) throw error
    },
  })
}

jest.mock('./unusualRequest.ts', () => mockFile('unusualRequest', jest.requireActual('./unusualRequest.ts')))
jest.mock('./getRequest.ts', () => mockFile('getRequest', jest.requireActual('./getRequest.ts')))
jest.mock('./streams.ts', () => mockFile('streams', jest.requireActual('./streams.ts')))
jest.mock('./redirect.ts', () => mockFile('redirect', jest.requireActual('./redirect.ts')))

const events = 'event: next\ndata: {"data":{"ok":true}}\n\nevent: complete\n\n'

function clientOf(options: Partial<HttpLinkOptions>): Client {
  const fetch = async (_: string, { headers }: RequestInit): Promise<Response> =>
    String(Object(headers).accept).includes('event-stream')
      ? new Response(events, { headers: { 'content-type': 'text/event-stream' } })
      : Response.json({ data: { ok: true } })
  return createClient({ link: httpLink({ url: 'https://api.test/', fetch, ...options } as HttpLinkOptions) })
}

const failures = [
  ['Chromium', new TypeError('Failed to fetch dynamically imported module: https://app.test/a.js')],
  ['Firefox', new TypeError('error loading dynamically imported module: https://app.test/a.js')],
  ['Safari', new TypeError('Importing a module script failed.')],
  ['webpack', Object.assign(new Error('Loading chunk 7 failed.'), { name: 'ChunkLoadError' })],
  ['Node', Object.assign(new Error("Cannot find module '/app/a.js' imported from /app/b.js"), { code: 'X' })],
] as const

describe.each(failures)('a file that %s cannot load', (_, missing) => {
  test.each(['unusualRequest', 'getRequest'])(
    '%s: a NetworkError, and the next operation tries again',
    async (name) => {
      const client = clientOf({ queryMethod: 'GET' })
      mockMissing.set(name, missing)
      const error: unknown = await client.query('{ ok }').catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(NetworkError)
      expect(error).toMatchObject({ retryable: true })
      expect((await client.query('{ ok }')).data).toEqual({ ok: true })
    },
  )

  test('what reads streams: a NetworkError, and the next operation tries again', async () => {
    const client = clientOf({})
    const subscribe = async (): Promise<unknown> =>
      client.subscribe('subscription OnTick { ok }')[Symbol.asyncIterator]().next()
    mockMissing.set('streams', missing)
    const error: unknown = await subscribe().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(NetworkError)
    expect(await subscribe()).toMatchObject({ value: { data: { ok: true } } })
  })

  test('what follows redirects: a NetworkError, and the next operation tries again', async () => {
    const client = clientOf({ fetch: async () => new Response(null, { status: 307, headers: { location: '/b' } }) })
    const query = async (): Promise<unknown> => client.query('{ ok }').catch((reason: unknown) => reason)
    mockMissing.set('redirect', missing)
    expect(await query()).toBeInstanceOf(NetworkError)
    expect(await query()).toBeInstanceOf(RedirectBlockedError)
  })
})

test('what cannot be written is no missing file', async () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  for (const value of [circle, 1n]) {
    const error: unknown = await clientOf({})
      .query('query ($value: Any) { ok(value: $value) }', { value: value as never })
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(LinkError)
  }
})
