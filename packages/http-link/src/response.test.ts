import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  apiKeyLink,
  basicAuthLink,
  bearerLink,
  chain,
  createClient,
  GraphLinksError,
  headerLink,
  type Client,
  type Link,
  type Result,
} from '@graphlinks/core'
import { FakeClock, secretCanary, type SecretCanary } from '@graphlinks/testing'
import { stacks } from './fixtures/stacks.ts'
import { httpLink, ResponseError, type Fetch, type HttpLinkOptions } from './index.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  await Promise.all(stops.splice(0).map(async (stop) => stop()))
})

interface Received {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

async function answering(
  answer: (response: ServerResponse, received: Received) => void,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { url = '', headers } = request
      answer(response, { url, headers, body: Buffer.concat(chunks).toString() })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  stops.push(stop)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, stop }
}

function errorOf(promise: Promise<unknown>): Promise<GraphLinksError> {
  return promise.then(
    (value) => {
      throw new Error(`it should have failed, and gave ${JSON.stringify(value)}`)
    },
    (error: unknown) => error as GraphLinksError,
  )
}

const graphql = 'application/graphql-response+json'
const json = 'application/json'
const data = '{"data":{"a":1}}'
const errors = '{"errors":[{"message":"no"}]}'
const partial = '{"data":{"a":null},"errors":[{"message":"no","path":["a"]}]}'

/** `untrusted` is a result that is flagged so; the other words are the classes of errors. */
type Outcome = 'result' | 'untrusted' | 'HttpError' | 'MalformedResponseError' | 'EmptyResponseError'

/** What each response means: docs/links/httpLink.md says the same in words. */
const table: readonly (readonly [
  requirement: string,
  status: number,
  mediaType: string | undefined,
  body: string,
  outcome: Outcome,
])[] = [
  ['H9', 200, 'Application/GraphQL-Response+JSON; charset=UTF-8', data, 'result'],
  ['H9', 200, 'application/json; charset=utf-8, application/json', data, 'result'],
  ['H9', 200, 'text/html, application/json', data, 'HttpError'],
  ['H9', 200, 'application/graphql-response+json;charset=utf-8', data, 'result'],
  ['H9', 200, 'APPLICATION/JSON ; charset="utf-8"', data, 'result'],
  ['H9', 200, 'application/json-seq', data, 'HttpError'],
  ['H9', 200, 'application/graphql-response+jsonx', data, 'HttpError'],
  ['H9', 200, 'text/json', data, 'HttpError'],

  ...[200, 294, 400, 401, 404, 405, 422, 500, 503].flatMap((status) => [
    ['H10', status, graphql, errors, 'result'] as const,
    ['H10', status, graphql, partial, 'result'] as const,
  ]),
  ['H10', 500, graphql, '{"data":null}', 'result'],
  ['H10', 500, graphql, '{"message":"no"}', 'MalformedResponseError'],
  ['H10', 400, graphql, '<h1>no</h1>', 'MalformedResponseError'],
  ['H10', 500, graphql, '', 'HttpError'],

  ['H11', 200, json, data, 'result'],
  ['H11', 201, json, data, 'result'],
  ['H11', 294, json, partial, 'result'],
  ['H11', 200, json, errors, 'result'],
  ['H11', 200, json, '{"data":{},"extensions":{"a":1}}', 'result'],
  ...['{}', '[]', 'null', '""', 'true', '1', '[{"data":{}}]', '{"extensions":{}}', '{"data":1}', '{"data":"{}"}'].map(
    (body) => ['H11', 200, json, body, 'MalformedResponseError'] as const,
  ),
  ...['{"data":{', 'data', '<!doctype html>', '{"data":{}}{"data":{}}', "{'data':{}}"].map(
    (body) => ['H11', 200, json, body, 'MalformedResponseError'] as const,
  ),

  ['H12', 400, json, errors, 'untrusted'],
  ['H12', 401, json, errors, 'untrusted'],
  ['H12', 500, json, partial, 'untrusted'],
  ['H12', 400, json, '{"message":"no"}', 'HttpError'],
  ['H12', 400, json, '{"errors":["no"]}', 'HttpError'],
  ['H12', 400, json, '{"errors":{"field":["no"]}}', 'HttpError'],
  ['H12', 400, json, '{"errors":[]}', 'HttpError'],
  ['H12', 502, json, data, 'HttpError'],
  ['H12', 502, json, '{"data":null}', 'HttpError'],
  ['H12', 502, json, '{"data":null,"errors":[]}', 'HttpError'],
  ['H12', 503, json, '', 'HttpError'],
  ['H12', 500, json, 'Internal Server Error', 'HttpError'],

  ['H13', 200, undefined, data, 'HttpError'],
  ['H13', 405, undefined, errors, 'HttpError'],
  ['H13', 200, 'text/plain', data, 'HttpError'],
  ['H13', 405, 'text/plain; charset=utf-8', errors, 'HttpError'],
  ['H13', 200, 'application/octet-stream', data, 'HttpError'],

  ['H14', 200, 'text/html', '<form>Log in</form>', 'HttpError'],
  ['H14', 400, 'text/html', '<pre>SyntaxError</pre>', 'HttpError'],
  ['H14', 502, 'text/html', '<h1>Bad Gateway</h1>', 'HttpError'],
  ['H14', 503, 'text/html; charset=iso-8859-1', '<h1>Unavailable</h1>', 'HttpError'],

  ['H15', 204, undefined, '', 'EmptyResponseError'],
  ['H15', 205, undefined, '', 'EmptyResponseError'],
  ['H15', 304, undefined, '', 'EmptyResponseError'],
  ['H15', 304, json, '', 'EmptyResponseError'],
  ['H15', 200, undefined, '', 'EmptyResponseError'],
  ['H15', 200, json, '', 'EmptyResponseError'],
  ['H15', 200, json, ' \n', 'EmptyResponseError'],
  ['H15', 200, graphql, '', 'EmptyResponseError'],
  ['H15', 401, undefined, '', 'HttpError'],
  ['H15', 403, 'text/plain', 'Forbidden', 'HttpError'],
  ['H15', 429, undefined, '', 'HttpError'],
  ['H15', 503, undefined, '', 'HttpError'],

  ['H16', 200, json, '{"data":null}', 'result'],
  ['H16', 200, json, '{"data":{},"errors":[]}', 'result'],
  ['H16', 200, json, '{"data":null,"errors":[{"message":"no"}]}', 'result'],
  ['H16', 200, json, '{"data":[]}', 'MalformedResponseError'],
  ['H16', 200, graphql, '{"data":[],"errors":[{"message":"no"}]}', 'MalformedResponseError'],
  ['H16', 200, json, '{"data":{},"errors":"no"}', 'MalformedResponseError'],
  ['H16', 200, json, '{"data":{},"errors":{}}', 'MalformedResponseError'],
  ['H16', 200, json, '{"data":{},"errors":[null]}', 'MalformedResponseError'],
  ['H16', 200, json, '{"data":{},"errors":[{"message":1}]}', 'MalformedResponseError'],
  ['H16', 200, json, '{"errors":[]}', 'MalformedResponseError'],

  ['H17', 200, json, '\uFEFF{"data":{"a":1}}', 'result'],
  ['H17', 200, json, '{"data":{"a":2},"data":{"a":1}}', 'result'],
]

describe.each(stacks)('the classification of a response, by %s', (_, stack) => {
  test.each(table)('%s %i %s %j is %s', async (__, status, mediaType, body, outcome) => {
    const { url } = await answering((response) => {
      if (mediaType !== undefined) response.setHeader('content-type', mediaType)
      response.setHeader('x-request-id', 'r1')
      response.writeHead(status).end(body)
    })
    const client = createClient({ link: httpLink({ url: `${url}?key=in-the-search`, ...stack }) })
    const pending = client.query('query Table { a }')
    if (outcome === 'result' || outcome === 'untrusted') {
      const { http, ...result } = await pending
      expect(result).toEqual(JSON.parse(body.replace('\uFEFF', '')))
      expect(http).toEqual({
        status,
        url,
        headers: expect.anything() as unknown,
        ...(outcome === 'untrusted' ? { untrusted: true } : {}),
      })
      expect(http?.headers.get('x-request-id')).toBe('r1')
      return
    }
    const error = await errorOf(pending)
    expect(error).toMatchObject({ name: outcome, status, url, link: 'httpLink', operationName: 'Table' })
    expect(error).toBeInstanceOf(ResponseError)
    expect(GraphLinksError.is(error)).toBe(true)
    expect(error.message).toContain(`httpLink, operation Table: the server answered ${status}`)
    expect(error.message).not.toContain('Unexpected token')
    // What came is in the message, so that nobody has to guess.
    if (body.trim() !== '') expect(error.message).toContain(body.trim())
    if (mediaType !== undefined && outcome === 'HttpError')
      expect(error).toMatchObject({
        mediaType: mediaType
          .replace(/[;,].*/, '')
          .trim()
          .toLowerCase(),
      })
  })

  test('H16 members of the body cannot pose as what the link adds', async () => {
    const { url } = await answering((response) =>
      response
        .writeHead(200, { 'content-type': json })
        .end('{"data":{"a":1},"http":{"status":999},"__proto__":{"polluted":true}}'),
    )
    const result: Result & { polluted?: unknown } = await createClient({ link: httpLink({ url, ...stack }) }).query(
      '{ a }',
    )
    expect(result.http?.status).toBe(200)
    expect(result.polluted).toBeUndefined()
  })

  test('H18 what the server says it is counts, and not what was asked for', async () => {
    const { url } = await answering((response) => response.writeHead(200, { 'content-type': json }).end(data))
    const client = createClient({ link: httpLink({ url, ...stack }) })
    expect((await client.query('{ a }', undefined, { headers: { accept: 'text/plain' } })).data).toEqual({ a: 1 })
  })

  test.each([401, 403, 429, 503])('H15 a %i keeps Retry-After and WWW-Authenticate', async (status) => {
    const { url } = await answering((response) =>
      response.writeHead(status, { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT', 'www-authenticate': 'Basic' }).end(),
    )
    expect(await errorOf(createClient({ link: httpLink({ url, ...stack }) }).query('{ a }'))).toMatchObject({
      retryAfter: 'Fri, 31 Dec 1999 23:59:59 GMT',
      wwwAuthenticate: 'Basic',
      mediaType: '',
    })
  })
})

test.each<[code: string, status: number, body: string, options: Partial<HttpLinkOptions>]>([
  ['MALFORMED_RESPONSE', 503, 'busy', {}],
  ['RESPONSE_TOO_LARGE', 503, '{"errors":[{"message":"busy"}]}', { maxResponseBytes: 5 }],
  ['EMPTY_RESPONSE', 200, '', {}],
  ['REDIRECT_BLOCKED', 302, '', {}],
])('H15 %s keeps Retry-After and WWW-Authenticate, without secrets', async (code, status, body, options) => {
  const headers = { 'content-type': graphql, 'retry-after': '120', 'www-authenticate': 'Bearer error="the-token"' }
  const { url } = await answering((response) => response.writeHead(status, headers).end(body))
  const link = chain(bearerLink('the-token'), httpLink({ ...options, url } as HttpLinkOptions))
  const error = await errorOf(createClient({ link }).query('{ a }'))
  expect(error).toMatchObject({ code, status, retryAfter: '120', wwwAuthenticate: 'Bearer error="[redacted]"' })
})

describe('threats 8 the secret canary finds nothing', () => {
  /** Everything that came with a request, as servers with debug pages do. */
  function echo({ url, headers, body }: Received): string {
    return JSON.stringify({ url, headers, body })
  }

  const failures: Readonly<
    Record<
      string,
      { code: string; options?: Partial<HttpLinkOptions>; answer: (r: ServerResponse, i: Received) => void }
    >
  > = {
    'a 401 page that echoes the credentials': {
      code: 'HTTP_STATUS',
      answer: (response, received) =>
        response.writeHead(401, { 'content-type': 'text/html' }).end(`<pre>${echo(received)}</pre>`),
    },
    'a 401 that echoes them in its headers': {
      code: 'HTTP_STATUS',
      answer: (response, { headers, body }) =>
        response
          .writeHead(401, {
            'www-authenticate': `Bearer error_description="${String(headers.authorization)}"`,
            'retry-after': String(headers['x-api-key']),
            'content-type': `text/plain; ${encodeURIComponent(body)}`,
          })
          .end(),
    },
    'a 500 that echoes the variables': {
      code: 'HTTP_STATUS',
      answer: (response, { body }) =>
        response.writeHead(500, { 'content-type': json }).end(`{"message":"no","request":${body}}`),
    },
    'a 500 that echoes them URL-encoded': {
      code: 'HTTP_STATUS',
      answer: (response, received) =>
        response.writeHead(500, { 'content-type': 'text/plain' }).end(encodeURIComponent(echo(received))),
    },
    'JSON that is malformed': {
      code: 'MALFORMED_RESPONSE',
      answer: (response, received) => response.writeHead(200, { 'content-type': json }).end(`{${echo(received)}`),
    },
    'JSON that is no result': {
      code: 'MALFORMED_RESPONSE',
      answer: (response, received) => response.writeHead(200, { 'content-type': graphql }).end(echo(received)),
    },
    'a body that is no UTF-8': {
      code: 'MALFORMED_RESPONSE',
      answer: (response, received) =>
        response
          .writeHead(200, { 'content-type': json })
          .end(Buffer.concat([Buffer.from(echo(received)), Buffer.from([0xff])])),
    },
    'a redirect with the token in it': {
      code: 'REDIRECT_BLOCKED',
      answer: (response, { headers }) =>
        response
          .writeHead(302, {
            location: `/login/${encodeURIComponent(String(headers.authorization))}?${String(headers['x-api-key'])}`,
          })
          .end(),
    },
    'a response that is too large': {
      code: 'RESPONSE_TOO_LARGE',
      options: { maxResponseBytes: 10 },
      answer: (response, received) => response.writeHead(200, { 'content-type': json }).end(echo(received)),
    },
    'an empty response': {
      code: 'EMPTY_RESPONSE',
      answer: (response) => response.writeHead(204).end(),
    },
    'a connection that breaks': {
      code: 'NETWORK',
      answer: (response) => response.destroy(),
    },
    'bytes that are no HTTP': {
      code: 'NETWORK',
      answer: (response, received) => response.socket?.end(`HTTP/1.1 nonsense ${echo(received)}\r\n\r\n`),
    },
  }

  const credentials: Readonly<Record<string, (secret: string) => Link>> = {
    bearerLink: (secret) => bearerLink(secret),
    basicAuthLink: (secret) => basicAuthLink({ username: 'user', password: secret }),
    'apiKeyLink in the query': (secret) => apiKeyLink({ key: secret, in: 'query' }),
    headerLink: (secret) => headerLink({ authorization: `Custom ${secret}`, cookie: `a=b; sid=${secret}` }),
    none: () => (operation, next) => next(operation),
  }

  function clientOf(canary: SecretCanary, auth: Link, options: HttpLinkOptions): Client {
    return createClient({ link: chain(auth, apiKeyLink({ key: canary.value }), httpLink(options)) })
  }

  function run(canary: SecretCanary, client: Client, document = 'mutation Leak($x: I) { a(x: $x) }'): Promise<unknown> {
    const variables = { x: { password: canary.value, list: [[`"${canary.value}"`]] } }
    return client.mutate(document, variables, { headers: { 'x-trace-secret': canary.value } })
  }

  describe.each(stacks)('by %s', (_, stack) => {
    test.each(Object.keys(failures).flatMap((name) => Object.keys(credentials).map((auth) => [name, auth] as const)))(
      'after %s, with %s',
      async (name, auth) => {
        const failure = failures[name]
        const canary = secretCanary()
        const { url } = await answering((response, received) => {
          expect(JSON.stringify(received)).toContain(canary.value)
          failure?.answer(response, received)
        })
        const link = credentials[auth]?.(canary.value) as Link
        const client = clientOf(canary, link, { ...failure?.options, url, ...stack } as HttpLinkOptions)
        const error = await errorOf(canary.watch(() => run(canary, client)))
        expect(error).toMatchObject({ code: failure?.code, operationName: 'Leak' })
        canary.check(error)
      },
    )

    test('after a refused connection', async () => {
      const canary = secretCanary()
      const { url, stop } = await answering(() => {})
      await stop()
      const auth = apiKeyLink({ key: canary.value, in: 'query' })
      const error = await errorOf(canary.watch(() => run(canary, clientOf(canary, auth, { url, ...stack }))))
      expect(error).toMatchObject({ code: 'NETWORK' })
      canary.check(error)
    })

    test('after a timeout', async () => {
      const canary = secretCanary()
      const clock = new FakeClock()
      const { url } = await answering(() => void clock.advance(30_000))
      const client = clientOf(canary, bearerLink(canary.value), { url, ...stack, clock })
      const error = await errorOf(canary.watch(() => run(canary, client)))
      expect(error).toMatchObject({ code: 'TIMEOUT' })
      canary.check(error)
    })

    test.each(['\n', '\r\nx-evil: 1', '\0', '💧', '\u0100', '\u007f', ' '])(
      'threats 6, 7 after a header that cannot be sent (%j), before fetch sees it',
      async (bad) => {
        const canary = secretCanary()
        const called = jest.fn()
        const { url } = await answering(called)
        const late = [
          bearerLink(() => `${canary.value}${bad}`),
          apiKeyLink({ key: () => `${canary.value}${bad}` }),
          headerLink(() => ({ 'x-custom': `${canary.value}${bad}` })),
        ]
        for (const auth of late) {
          const error = await errorOf(canary.watch(() => run(canary, clientOf(canary, auth, { url, ...stack }))))
          expect(GraphLinksError.is(error)).toBe(true)
          expect(error.message).toMatch(/bearerLink|apiKeyLink|headerLink/)
          canary.check(error)
        }
        const headers = { 'x-custom': `${canary.value}${bad}` }
        const client = createClient({ link: httpLink({ url, ...stack }) })
        const error = await errorOf(canary.watch(() => client.query('{ a }', undefined, { headers })))
        expect(error).toMatchObject({ code: 'BAD_HEADER' })
        canary.check(error)
        expect(called).not.toHaveBeenCalled()
      },
    )
  })

  test.each<[name: string, secret: string, spell: (secret: string) => string]>([
    ['as it is', 'a-secret', (secret) => secret],
    ['in JSON', 'a"se\\cret', (secret) => JSON.stringify(secret)],
    ['in the JSON of PHP', 'a/sec/ret', (secret) => JSON.stringify(secret).replaceAll('/', '\\/')],
    ['in a URL', "a sec!'()~*ret", encodeURIComponent],
    ['in a form', "a sec!'()~*ret", (secret) => new URLSearchParams({ secret }).toString()],
    ['in HTML', `a<s>&"e'cret`, (secret) => `<p>${secret.replace(/[&<>"']/g, (c) => entities[c] ?? c)}</p>`],
  ])('threats 8 a credential and a variable that come back %s', async (_, secret, spell) => {
    const { url } = await answering((response) =>
      response.writeHead(400, { 'content-type': 'text/html' }).end(`before ${spell(secret)} after`),
    )
    const plain = httpLink({ url })
    const asVariable = createClient({ link: plain }).query('{ a }', { x: secret })
    const asKey = createClient({ link: chain(apiKeyLink({ key: secret }), plain) }).query('{ a }')
    const asPassword = createClient({
      link: chain(basicAuthLink({ username: 'user', password: secret }), plain),
    }).query('{ a }')
    for (const pending of [asVariable, asKey, asPassword]) {
      const { message } = await errorOf(pending)
      expect(message).toContain('before ')
      expect(message).toContain('[redacted]')
      expect(message).toContain(' after')
      expect(message).not.toContain(spell(secret))
    }
  })

  test('threats 8 a number, and half a character that no URL can spell', async () => {
    const { url } = await answering((response) => response.writeHead(500).end('card 4111111111111111'))
    const variables = { card: 4_111_111_111_111_111, broken: '\ud800\ud800\ud800' }
    const error = await errorOf(createClient({ link: httpLink({ url }) }).query('{ a }', variables))
    expect(error).toMatchObject({ name: 'HttpError', status: 500 })
    expect(error.message).toContain('card [redacted]')
  })

  test('threats 8 a long secret that is cut where the excerpt ends is left out whole', async () => {
    const token = Array.from({ length: 1_500 }, (_, n) => `t${n}`).join('.')
    const { url } = await answering((response) =>
      response.writeHead(401, { 'content-type': 'text/html' }).end(`Bearer ${token} `.repeat(1_000)),
    )
    const error = await errorOf(createClient({ link: chain(bearerLink(token), httpLink({ url })) }).query('{ a }'))
    expect(error.message).not.toMatch(/t\d+\.t\d+/)
    expect(error.message).toContain('[redacted]')
  })

  test('a fetch that prints what it was given in its errors', async () => {
    const canary = secretCanary()
    const fetch: Fetch = async (url, init) => {
      const cause = Object.assign(new Error(`${url} ${JSON.stringify(init)}`), { config: init, url })
      throw new TypeError(`cannot fetch ${url} with ${JSON.stringify(init.headers)}`, { cause })
    }
    const auth = apiKeyLink({ key: canary.value, in: 'query' })
    const client = clientOf(canary, auth, { url: 'https://api.test/graphql', fetch })
    const error = await errorOf(canary.watch(() => run(canary, client)))
    expect(error).toMatchObject({ code: 'NETWORK' })
    canary.check(error)
  })
})

describe('threats 23 what a server says is fit for a terminal', () => {
  const escapes = '\u001b[2J\u001b]0;title\u0007\r\n\u0000\u009b31m\u007f'

  test.each([
    [400, 'text/html'],
    [200, json],
  ])('control characters are gone and the length is bounded: %i %s', async (status, mediaType) => {
    const { url } = await answering((response) =>
      response.writeHead(status, { 'content-type': mediaType }).end(`${escapes}start${escapes}${'x'.repeat(100_000)}`),
    )
    const { message } = await errorOf(createClient({ link: httpLink({ url }) }).query('{ a }'))
    // oxlint-disable-next-line no-control-regex
    expect(message).not.toMatch(/[\x00-\x1f\x7f-\x9f]/)
    expect(message).toContain('start')
    expect(message.length).toBeLessThan(600)
  })

  test('headers of the response, too', async () => {
    const { url } = await answering((response) =>
      response
        .writeHead(401, {
          'www-authenticate': `Bearer \u009b31m${'x'.repeat(5_000)}`,
          'retry-after': '\u009b31m',
          'content-type': `text/\u009b31m${'x'.repeat(5_000)}`,
        })
        .end('no'),
    )
    const error = await errorOf(createClient({ link: httpLink({ url }) }).query('{ a }'))
    // oxlint-disable-next-line no-control-regex
    expect(JSON.stringify([error, error.message])).not.toMatch(/[\x00-\x1f\x7f-\x9f]/)
    expect(error.message.length).toBeLessThan(600)
    expect((error as GraphLinksError & { wwwAuthenticate: string }).wwwAuthenticate.length).toBeLessThan(300)
  })

  test('threats 14 a megabyte of anything is explained in no time, whatever the variables are', async () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`v${n}`, `value ${n}`]))
    const texts = [' '.repeat(1_000_000), ';'.repeat(1_000_000), '\u0000'.repeat(1_000_000), 'csrf '.repeat(200_000)]
    for (const text of texts) {
      const response = new Response(text, { status: 400, headers: { 'content-type': 'text/html' } })
      const client = createClient({
        link: chain(bearerLink('a-token'), httpLink({ url: 'https://api.test/', fetch: async () => response })),
      })
      const start = performance.now()
      await errorOf(client.query('{ a }', { ...many, c: ';;;' }))
      expect(performance.now() - start).toBeLessThan(500)
    }
  })
})
