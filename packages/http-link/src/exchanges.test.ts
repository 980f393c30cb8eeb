import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  bearerLink,
  chain,
  createOperation,
  GraphLinksError,
  HeaderError,
  identityOf,
  InsecureTransportError,
  lastResult,
  LinkError,
  withExchange,
  withSigner,
  type Exchange,
  type Link,
  type OutgoingRequest,
  type TerminalLink,
} from '@graphlinks/core'
import { FakeClock, secretCanary, settle } from '@graphlinks/testing'
import { stacks } from './fixtures/stacks.ts'
import { HttpError, httpLink, type Fetch, type HttpLinkOptions } from './index.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

/** A server that answers each request as the function says. */
async function serve(answer: (request: Seen, response: ServerResponse, count: number) => void) {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const record = { method, url, headers, body: Buffer.concat(chunks).toString() }
      answer(record, response, seen.push(record))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, seen }
}

const ok = (_: Seen, response: ServerResponse): void =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"ok":true}}')

/** A link that attaches exchanges, in order. */
const exchanging =
  (...exchanges: Exchange[]): Link =>
  (operation, next) =>
    next(exchanges.reduce(withExchange, operation))

const signing =
  (signer: Exchange): Link =>
  (operation, next) =>
    next(withSigner(operation, signer))

const errorOf = async (run: Promise<unknown>): Promise<GraphLinksError> =>
  run.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => error as GraphLinksError,
  )

const operation = createOperation({ document: 'query Q { a }' })

describe.each(stacks)('exchanges over %s', (_, stack) => {
  const linkTo = (url: string, options: Partial<HttpLinkOptions> = {}): TerminalLink =>
    httpLink({ ...stack, ...options, url } as HttpLinkOptions)

  test('each sees what those before it made, signers see all of it, and that is what is sent', async () => {
    const { url, seen } = await serve(ok)
    const requests: Record<string, OutgoingRequest> = {}
    const made = (link: string, value: string): Exchange => ({
      link,
      identity: link,
      request(request) {
        requests[link] = { ...request, headers: new Map(request.headers) }
        return { headers: { [`x-${link}`]: value, ...(link === 'second' && { 'X-Removed': null }) } }
      },
    })
    const removed = made('removed', 'no')
    // The signer stands first, and signs last all the same.
    const link = chain(
      signing(made('signer', 's')),
      bearerLink('token'),
      exchanging(removed, made('second', '2')),
      linkTo(url),
    )
    await lastResult(link, operation)
    expect(seen[0]?.headers).toMatchObject({ 'x-second': '2', 'x-signer': 's', authorization: 'Bearer token' })
    expect(seen[0]?.headers).not.toHaveProperty('x-removed')
    expect(Object.fromEntries(requests['signer']?.headers ?? [])).toMatchObject({
      authorization: 'Bearer token',
      'content-type': 'application/json',
      'x-second': '2',
    })
    expect(requests['signer']?.headers.has('x-removed')).toBe(false)
    expect(requests['second']?.headers.get('x-removed')).toBe('no')
    expect(requests['signer']).toMatchObject({ method: 'POST', body: seen[0]?.body })
    expect(requests['signer']?.url.href).toBe(url)
  })

  test('every answer is heard, whatever its status, redirects included', async () => {
    const { url, seen } = await serve((request, response, count) => {
      if (count === 1) return response.writeHead(307, { location: '/moved', 'x-n': '1' }).end('over there')
      if (count === 2) return response.writeHead(500, { 'x-n': '2' }).end('sorry')
      return ok(request, response)
    })
    const heard: [number, string | null, string][] = []
    const listener: Exchange = {
      link: 'listener',
      identity: '',
      request: ({ url: { pathname } }) => ({ headers: { 'x-path': pathname } }),
      response: ({ status, headers }, request) => void heard.push([status, headers.get('x-n'), request.url.pathname]),
    }
    const link = chain(exchanging(listener), linkTo(url, { redirects: 'same-origin' }))
    expect(await errorOf(lastResult(link, operation))).toBeInstanceOf(HttpError)
    expect(heard).toEqual([
      [307, '1', '/graphql'],
      [500, '2', '/moved'],
    ])
    expect(seen.map(({ headers }) => headers['x-path'])).toEqual(['/graphql', '/moved'])
  })

  test('one that asks for it has the request sent once more, made anew, and not a third time', async () => {
    const { url, seen } = await serve((_request, response, count) =>
      response
        .writeHead(401, { 'x-nonce': `n${count}`, 'content-type': 'application/json' })
        .end('{"errors":[{"message":"no"}]}'),
    )
    let nonce: string | null = null
    const noncing: Exchange = {
      link: 'noncing',
      identity: '',
      request: () => ({ headers: nonce ? { 'x-with': nonce } : {} }),
      response({ status, headers }) {
        nonce = headers.get('x-nonce')
        return status === 401
      },
    }
    const result = await lastResult(chain(exchanging(noncing), linkTo(url)), operation)
    expect(result.http?.status).toBe(401)
    expect(seen.map(({ headers }) => headers['x-with'])).toEqual([undefined, 'n1'])
    expect(seen[0]?.body).toBe(seen[1]?.body)
  })

  test('what an exchange fails with fails the operation, names the link, and holds no secret of it', async () => {
    const { url, seen } = await serve((_request, response) => response.writeHead(500).end(`what is ${canary.value}?`))
    const canary = secretCanary()
    const secret: Exchange = {
      link: 'secret',
      identity: '',
      request: () => ({ headers: { 'x-secret': canary.value } }),
    }
    const echoed = await canary.watch(() => errorOf(lastResult(chain(exchanging(secret), linkTo(url)), operation)))
    expect(echoed).toBeInstanceOf(HttpError)
    canary.check(echoed)

    const boom = new Error('boom')
    for (const broken of [
      { request: () => Promise.reject(boom) },
      {
        request: () => {
          throw boom
        },
      },
      { response: () => Promise.reject(boom) },
    ] satisfies Partial<Exchange>[]) {
      const failing = exchanging({ link: 'failing', identity: '', ...broken })
      const error = await errorOf(lastResult(chain(failing, linkTo(url)), operation))
      expect(error).toBeInstanceOf(LinkError)
      expect(error).toMatchObject({ link: 'failing', operationName: 'Q', cause: boom })
    }
    const bad = exchanging({
      link: 'bad',
      identity: '',
      request: () => ({ headers: { 'x-bad': `${canary.value}\n` } }),
    })
    const error = await errorOf(lastResult(chain(bad, linkTo(url)), operation))
    expect(error).toBeInstanceOf(HeaderError)
    expect(error.link).toBe('bad')
    canary.check(error)
    expect(seen).toHaveLength(2)
  })

  test('one that hangs ends with the time of the request, or the abort of its operation, and nothing is sent', async () => {
    const { url, seen } = await serve(ok)
    const clock = new FakeClock()
    const hanging = exchanging({ link: 'hanging', identity: '', request: () => new Promise(() => {}) })
    const link = chain(hanging, linkTo(url, { timeoutMs: 1_000, clock }))
    const late = errorOf(lastResult(link, operation))
    await settle()
    await clock.advance(1_000)
    expect((await late).code).toBe('TIMEOUT')
    const controller = new AbortController()
    const aborted = errorOf(lastResult(link, createOperation({ document: '{ a }', signal: controller.signal })))
    await settle()
    controller.abort(new Error('left'))
    expect(await aborted).toEqual(new Error('left'))
    expect(seen).toEqual([])
  })

  test('what is signed of an upload is what is sent', async () => {
    const { url, seen } = await serve(ok)
    let signed: OutgoingRequest | undefined
    const signer: Exchange = {
      link: 'signer',
      identity: '',
      request: (request) => void (signed = request) as undefined,
    }
    const upload = createOperation({
      document: 'mutation M($file: Upload) { put(file: $file) }',
      variables: { file: new Blob(['content'], { type: 'text/plain' }) },
    })
    await lastResult(chain(signing(signer), linkTo(url)), upload)
    expect(signed?.body).toBeInstanceOf(Uint8Array)
    expect(Buffer.from(signed?.body as Uint8Array).toString()).toBe(seen[0]?.body)
    expect(signed?.headers.get('content-type')).toMatch(/^multipart\/form-data; ?boundary=/)
    expect(seen[0]?.headers['content-type']).toBe(signed?.headers.get('content-type'))
  })
})

test('CR-3 what an exchange makes needs https or this machine, unless it says nothing of anybody', async () => {
  const fetch = jest.fn<Promise<Response>, []>(
    async () => new Response('{"data":{}}', { headers: { 'content-type': 'application/json' } }),
  )
  const url = 'http://intranet.example.com/graphql'
  const set = (name: string): Link =>
    exchanging({ link: 'x', identity: '', request: () => ({ headers: { [name]: 'v' } }) })
  const error = await errorOf(lastResult(chain(set('cookie'), httpLink({ url, fetch })), operation))
  expect(error).toBeInstanceOf(InsecureTransportError)
  expect(fetch).not.toHaveBeenCalled()
  await lastResult(chain(set('cookie'), httpLink({ url, fetch, allowInsecure: true })), operation)
  await lastResult(chain(set('apollo-require-preflight'), httpLink({ url, fetch })), operation)
  expect(fetch).toHaveBeenCalledTimes(2)
})

test('AUTH-20 who an exchange speaks for is part of the identity', () => {
  const of = (identity: string): string => identityOf(withExchange(operation, { link: 'x', identity })).reveal()
  expect(of('a')).toBe(of('a'))
  expect(of('a')).not.toBe(of('b'))
  expect(of('')).toBe(identityOf(operation).reveal())
})

describe('the credentials mode', () => {
  const ofPlatform = (mode: 'omit' | 'same-origin' | 'include'): Exchange => ({
    link: 'cookies',
    identity: '',
    credentialsMode: ({ pathname }) => (pathname === '/graphql' ? mode : 'omit'),
  })
  const url = 'https://api.example.com/graphql'

  /** What fetch is called with, and whether it was before anybody waited for anything. */
  function sent(...links: Link[]): { readonly inits: RequestInit[]; readonly result: Promise<unknown> } {
    const inits: RequestInit[] = []
    const fetch: Fetch = async (_, init) => {
      inits.push(init)
      return new Response('{"data":{}}', { headers: { 'content-type': 'application/json' } })
    }
    const link = chain(...(links as [Link]), httpLink({ url, fetch, fetchOptions: { credentials: 'omit' } }))
    return { inits, result: lastResult(link, operation) }
  }

  test('CK-14 is fetch’s, the last one wins, and it wins over fetchOptions', async () => {
    const { inits, result } = sent(exchanging(ofPlatform('same-origin'), ofPlatform('include')))
    await result
    expect(inits.map(({ credentials }) => credentials)).toEqual(['include'])
    const without = sent(exchanging({ link: 'none', identity: '' }))
    await without.result
    expect(without.inits[0]?.credentials).toBe('omit')
  })

  test('needs nothing that loads first, and goes with what others change', async () => {
    const alone = sent(exchanging(ofPlatform('include')))
    await Promise.resolve()
    expect(alone.inits).toHaveLength(1)
    const header: Exchange = { link: 'h', identity: '', request: () => ({ headers: { 'x-h': '1' } }) }
    const beside = sent(exchanging(ofPlatform('include'), header))
    await beside.result
    expect(beside.inits[0]).toMatchObject({ credentials: 'include', headers: { 'x-h': '1' } })
    await alone.result
  })

  test('threats: what somebody put on Object.prototype is no mode', async () => {
    const polluted = Object.prototype as { credentials?: unknown }
    polluted.credentials = 'include'
    try {
      const { inits, result } = sent(exchanging({ link: 'none', identity: '', request: () => undefined }))
      await result
      expect(inits[0]?.credentials).toBe('omit')
    } finally {
      delete polluted.credentials
    }
  })
})
