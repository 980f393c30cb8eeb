import { apiKeyLink, chain, createClient, type Client } from '@graphlinks/core'
import fc from 'fast-check'
import { parse, print } from 'graphql'
import { httpLink, type HttpLinkOptions } from './index.ts'
import { minify } from './getRequest.ts'
import type { Transport, WireRequest } from './transport.ts'

interface Recorded {
  readonly client: Client
  readonly sent: WireRequest[]
}

/** A client of a link that records its requests, and answers with these statuses and then 200. */
function recorded(options: Partial<HttpLinkOptions> = {}, statuses: readonly number[] = []): Recorded {
  const sent: WireRequest[] = []
  const transport: Transport = {
    async send(request) {
      const status = statuses[sent.push(request) - 1] ?? 200
      const headers = new Headers({ 'content-type': status === 200 ? 'application/json' : 'text/plain' })
      const body = async function* (): AsyncGenerator<Uint8Array> {
        yield new TextEncoder().encode(status === 200 ? '{"data":{"ok":true}}' : 'no')
      }
      return { status, headers, redirects: false, redirected: false, body: body() }
    },
  }
  const url = 'https://api.test/graphql'
  const link = httpLink({ url, queryMethod: 'GET', transport, ...options } as HttpLinkOptions)
  return { client: createClient({ link }), sent }
}

describe('H21 GET', () => {
  test('H21 everything is in the URL, in order, and there is no body and no content-type', async () => {
    const { client, sent } = recorded()
    await client.query(
      'query Cities($first: Int!) { cities(first: $first) { name } }',
      { first: 2 },
      {
        extensions: { trace: 'a b' },
        headers: { 'content-type': 'application/json' },
      },
    )
    const [request] = sent
    expect(request?.method).toBe('GET')
    expect(request?.body).toBeUndefined()
    expect([...(request?.headers.keys() ?? [])]).toEqual(['accept', 'apollo-require-preflight'])
    expect(request?.url.href).toBe(
      'https://api.test/graphql?query=query+Cities%28%24first%3AInt%21%29%7Bcities%28first%3A%24first%29%7Bname%7D%7D' +
        '&operationName=Cities&variables=%7B%22first%22%3A2%7D&extensions=%7B%22trace%22%3A%22a+b%22%7D',
    )
  })

  test('H21 what is not there is left out', async () => {
    const { client, sent } = recorded()
    await client.query('{ ok }')
    expect(sent[0]?.url.search).toBe('?query=%7Bok%7D')
  })

  test('H21 search and fragment of the endpoint stay as they are', async () => {
    const { client, sent } = recorded({ url: 'https://api.test/graphql?tenant=a%20b&x=1+2#top' })
    await client.query('{ ok }')
    expect(sent[0]?.url.href).toBe('https://api.test/graphql?tenant=a%20b&x=1+2&query=%7Bok%7D#top')
  })

  test('AK-2 a key in the query stands beside it', async () => {
    const { sent, client } = recorded()
    const transport = { send: async (request: WireRequest) => (sent.push(request), Promise.reject(new Error('end'))) }
    const link = httpLink({ url: 'https://api.test/graphql', queryMethod: 'GET', transport })
    const keyed = createClient({ link: chain(apiKeyLink({ key: 'k3y', in: 'query', name: 'key' } as never), link) })
    await expect(keyed.query('{ ok }')).rejects.toThrow('no result from https://api.test')
    expect(sent[0]?.url.search).toMatch(/^\?\S+=k3y&query=%7Bok%7D$/)
    await client.dispose()
  })
})

describe('H22 what never goes by GET', () => {
  test('H22 mutations, also one that operationName selects of several', async () => {
    const { client, sent } = recorded()
    await client.mutate('mutation { add }')
    await client.mutate('query A { ok } mutation B { add }', null, { operationName: 'B' })
    await client.query('query A { ok } mutation B { add }', null, { operationName: 'A' })
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'POST', 'GET'])
    expect(sent[1]?.headers.get('content-type')).toBe('application/json')
  })

  test('H22 subscriptions', async () => {
    const { client, sent } = recorded()
    await expect(client.subscribe('subscription { tick }')[Symbol.asyncIterator]().next()).rejects.toThrow(
      'single result',
    )
    expect(sent.map(({ method }) => method)).toEqual(['POST'])
  })
})

describe('H23 URLs that are too long', () => {
  test('H23 a URL above maxUrlLength becomes a POST, without the header for GET', async () => {
    const { client, sent } = recorded({ maxUrlLength: 100 })
    await client.query('query Q($text: String!) { echo(text: $text) }', { text: 'x'.repeat(100) })
    await client.query('{ ok }')
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'GET'])
    expect(sent[0]?.url.href).toBe('https://api.test/graphql')
    expect(sent[0]?.headers.has('apollo-require-preflight')).toBe(false)
    expect(JSON.parse(sent[0]?.body as string)).toMatchObject({ variables: { text: 'x'.repeat(100) } })
  })

  test.each([414, 431])('H23 a server that answers %i gets a POST', async (status) => {
    const { client, sent } = recorded({}, [status])
    expect(await client.query('{ ok }')).toMatchObject({ data: { ok: true } })
    expect(sent.map(({ method }) => method)).toEqual(['GET', 'POST'])
  })

  test('H23 and one that says it of the POST as well has the last word', async () => {
    const { client, sent } = recorded({}, [414, 414])
    await expect(client.query('{ ok }')).rejects.toMatchObject({ code: 'HTTP_STATUS', status: 414, retryable: false })
    expect(sent).toHaveLength(2)
  })

  test('H24 405 is given as it is, and not tried again', async () => {
    const { client, sent } = recorded({}, [405])
    await expect(client.query('{ ok }')).rejects.toMatchObject({ code: 'HTTP_STATUS', status: 405, retryable: false })
    expect(sent).toHaveLength(1)
  })

  test('H24 any other method sends the body of a POST', async () => {
    const { client, sent } = recorded({ queryMethod: 'QUERY' })
    await client.query('{ ok }')
    await client.mutate('mutation { add }')
    expect(sent.map(({ method, body }) => [method, body])).toEqual([
      ['QUERY', '{"query":"{ ok }"}'],
      ['POST', '{"query":"mutation { add }"}'],
    ])
  })
})

describe('H23 the text of a query in a URL', () => {
  test.each([
    [
      'query  Q ( $a : Int = 1 ) @d { a ( b : $a , c : [ 1 , 2 ] ) { ... F , ... on T { x } } }',
      'query Q($a:Int=1)@d{a(b:$a c:[1 2]){...F...on T{x}}}',
    ],
    ['# { not this }\n{ a # nor this\n}', '{a}'],
    ['{ a(text: "two  # words, kept") }', '{a(text:"two  # words, kept")}'],
    ['{ a(text: """\n  two\n    lines # "kept" \\"""\n""") }', '{a(text:"""\n  two\n    lines # "kept" \\"""\n""")}'],
    ['{ a(list: ["" ""]) }', '{a(list:["" ""])}'],
    ['{ a(x: -1.5e+3, y: 2) }', '{a(x:-1.5e+3 y:2)}'],
    ['{ a(esc: "\\"# { ") b }', '{a(esc:"\\"# { ")b}'],
  ])('%p', (text, minified) => {
    expect(minify(text)).toBe(minified)
    expect(print(parse(minified))).toBe(print(parse(text)))
  })

  test('threats 14 a long document, also one that is no document, is read once', async () => {
    const { client } = recorded({ queryMethod: 'GET', maxUrlLength: 10_000_000 })
    const half = 100_000
    for (const document of [
      `{ a(b: "${'\\"'.repeat(half)}) @defer }`,
      `{ a(b: "${'\\\n'.repeat(half)}) @defer }`,
      `{ a(b: """${'\\"""'.repeat(half)}) @defer }`,
      `{ ${'a(b: 1) { ...F } '.repeat(half / 4)} @defer }`,
      `{ ${'@ , '.repeat(half)} @defer }`,
    ]) {
      const start = performance.now()
      await client.query(document)
      // Linear is some 50 ms, on a busy machine up to seconds; what begins again at each quote takes minutes.
      expect(performance.now() - start).toBeLessThan(15_000)
    }
  }, 90_000)

  test('means the same as before, whatever is in its strings', () => {
    const value = fc.oneof(
      fc.string().map((text) => JSON.stringify(text).replace(/[\u007F-\uFFFF]/g, '')),
      fc.string().map((text) => `"""${text.replace(/[^\x20-\x7E]|["\\]/g, '')}"""`),
      fc.integer().map(String),
      fc.constantFrom('true', 'ENUM', 'null', '[1, 2]', '{a: 1, b: "x"}', '$v'),
    )
    const space = fc.constantFrom(' ', '\n', ',', '\t \r\n', '# note "\n', '\uFEFF', '')
    fc.assert(
      fc.property(fc.array(fc.tuple(value, space), { maxLength: 6 }), space, (values, gap) => {
        const args = values.map(([text, after], index) => `${gap}a${index}${gap}:${gap}${text}${after}`).join(' ')
        const query = `query Q($v: Int)${gap}{${gap}f${values.length > 0 ? `(${args})` : ''}${gap}...F${gap}} fragment F on T { x }`
        expect(print(parse(minify(query)))).toBe(print(parse(query)))
      }),
    )
  })
})

describe('C1 CSRF prevention', () => {
  test.each([
    ['apollo', 'apollo-require-preflight', 'true'],
    ['yoga', 'x-graphql-yoga-csrf', '1'],
    ['hot-chocolate', 'graphql-preflight', '1'],
    ['draft', 'graphql-require-preflight', '1'],
    [{ 'X-Own': 'yes' }, 'x-own', 'yes'],
  ] as const)('C1 %p sends its header with GET, C3 and none with a JSON POST', async (csrf, name, value) => {
    const { client, sent } = recorded({ csrf })
    await client.query('{ ok }')
    await client.mutate('mutation { add }')
    expect(sent[0]?.headers.get(name)).toBe(value)
    expect([...(sent[1]?.headers.keys() ?? [])]).toEqual(['accept', 'content-type'])
  })

  test('C2 and no content-type, which Hono refuses; a header of the caller wins; false sends none', async () => {
    const url = 'https://api.test/graphql'
    const { sent, client } = recorded({ csrf: false })
    await client.query('{ ok }')
    expect([...(sent[0]?.headers.keys() ?? [])]).toEqual(['accept'])
    const other = recorded()
    await other.client.query('{ ok }', null, { headers: { 'Apollo-Require-Preflight': 'mine' } })
    expect(other.sent[0]?.headers.get('apollo-require-preflight')).toBe('mine')
    expect(() => httpLink({ url, csrf: 'nobody' as never })).toThrow('csrf is "apollo" or "yoga"')
    expect(() => httpLink({ url, csrf: { 'bad name': 'x' } })).toThrow('httpLink')
  })
})

describe('H25 which failures are worth another try', () => {
  test.each([408, 429, 502, 503, 504])('H25 %i is', async (status) => {
    const { client } = recorded({}, [status])
    await expect(client.query('{ ok }')).rejects.toMatchObject({ code: 'HTTP_STATUS', retryable: true })
  })

  test.each([400, 401, 403, 404, 405, 413, 415, 500, 501])('H25 %i is not', async (status) => {
    const { client } = recorded({}, [status])
    await expect(client.query('{ ok }')).rejects.toMatchObject({ code: 'HTTP_STATUS', retryable: false })
  })

  test('H25 a connection that fails is', async () => {
    const transport = { send: async () => Promise.reject(new TypeError('fetch failed')) }
    const { client } = recorded({ transport })
    await expect(client.query('{ ok }')).rejects.toMatchObject({ code: 'NETWORK', retryable: true })
  })

  test.each([408, 429, 503])(
    'H26 a GraphQL result of %i is a result, no error that could be retried',
    async (status) => {
      const fetch = async (): Promise<Response> =>
        new Response('{"errors":[{"message":"busy"}]}', {
          status,
          headers: { 'content-type': 'application/graphql-response+json', 'retry-after': '1' },
        })
      const client = createClient({ link: httpLink({ url: 'https://api.test/graphql', fetch }) })
      const { errors, http } = await client.query('{ ok }')
      expect(errors).toEqual([{ message: 'busy' }])
      expect([http?.status, http?.headers.get('retry-after')]).toEqual([status, '1'])
    },
  )
})
