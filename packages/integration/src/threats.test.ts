// What no single package can promise. The other threats are tested where what answers them is: npm run test:threats.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { memoryCookieJar } from '@graphlinks/cookie-jar'
import {
  apiKeyLink,
  basicAuthLink,
  bearerLink,
  chain,
  cookieLink,
  createClient,
  createTokenSource,
  GraphLinksError,
  headerLink,
  tokenRefreshLink,
  withExchange,
  type Client,
  type HeadersInput,
  type Link,
} from '@graphlinks/core'
import { httpLink, type Fetch } from '@graphlinks/http-link'
import { retryLink } from '@graphlinks/retry-link'
import { scriptedSocketServer } from '@graphlinks/testing'
import { timeoutLink } from '@graphlinks/timeout-link'
import { wsLink, type WsLinkOptions } from '@graphlinks/ws-link'
import { jest } from '@jest/globals'
import ts from 'typescript'
import { WebSocket as NodeSocket, WebSocketServer, type AddressInfo } from 'ws'
import { readSource, sourceFiles } from './regularExpressions.ts'

const url = 'https://api.test/graphql'
const sources = sourceFiles().map((file) => readSource(file))

interface Sent {
  readonly url: string
  readonly method: unknown
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  /** What else fetch would read from its options, of the prototype, too. */
  readonly more: readonly string[]
}

/** Not a Response of the platform: whose fault something is has to be clear. */
function recordingFetch(sent: unknown[], answer = '{"data":{"a":1}}'): Fetch {
  return async (to, init) => {
    const { method, headers, body } = init
    const more: string[] = []
    for (const name in init) if (!['method', 'headers', 'body', 'signal'].includes(name)) more.push(name)
    const isBytes = body instanceof Uint8Array
    const record: Sent = {
      url: to,
      method,
      headers: headers as Record<string, string>,
      body: isBytes ? new TextDecoder().decode(body) : body,
      more,
    }
    sent.push(record)
    const bytes = new TextEncoder().encode(answer)
    return {
      status: 200,
      headers: new Headers({ 'content-type': 'application/json' }),
      type: 'basic',
      redirected: false,
      body: null,
      arrayBuffer: async () => bytes.buffer,
    } as unknown as Response
  }
}

describe('threats 6 no character ends a header, or a line of a form', () => {
  // All that could, all that is no ASCII in some way, and the halves of what is none.
  const bad = [
    ...Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)).filter((character) => character !== '\t'),
    '\x7f',
    '\x80',
    '\x85',
    '\xa0',
    '\xe9',
    '\xff',
    '\u0100',
    '\u010a',
    '\u010d',
    '\u2028',
    '\ud83d',
    '💧',
  ]
  const around = (character: string): string => `a${character}x-evil: 1`

  const values: readonly (readonly [string, (value: string) => { link?: Link; headers?: HeadersInput }])[] = [
    ['headerLink', (value) => ({ link: headerLink({ 'x-a': value }) })],
    ['a function of headerLink', (value) => ({ link: headerLink(() => ({ 'x-a': value })) })],
    ['bearerLink', (value) => ({ link: bearerLink(() => value) })],
    ['a scheme', (value) => ({ link: bearerLink('t', { scheme: value }) })],
    ['apiKeyLink', (value) => ({ link: apiKeyLink({ key: value }) })],
    ['a key in the query', (value) => ({ link: apiKeyLink({ key: value, in: 'query' }) })],
    ['a header of the call', (value) => ({ headers: { 'x-a': value } })],
    ['a cookie of the call', (value) => ({ headers: { cookie: `a=${value}` } })],
    ['a name', (value) => ({ headers: { [value]: 'a' } })],
    ['a name of apiKeyLink', (value) => ({ link: apiKeyLink({ key: 'k', header: value }) })],
  ]

  test.each(values)('threats 6 in %s', async (_, make) => {
    for (const character of bad) {
      const sent: Sent[] = []
      const ask = async (): Promise<unknown> => {
        const { link, headers } = make(around(character))
        const terminal = httpLink({ url, fetch: recordingFetch(sent) })
        return createClient({ link: link ? chain(link, terminal) : terminal }).query('{ a }', null, { headers })
      }
      const error: unknown = await ask().catch((caught: unknown) => caught)
      expect([character, GraphLinksError.is(error), sent]).toEqual([character, true, []])
      expect((error as Error).message).not.toContain('x-evil')
    }
  })

  test('threats 6 in a token against forgery, which a cookie brings percent-encoded', async () => {
    for (const character of ['\r', '\n', '\r\n', '\0', 'é']) {
      const sent: Sent[] = []
      const jar = memoryCookieJar()
      await jar.setCookie(`csrftoken=${encodeURIComponent(around(character))}; Path=/`, url)
      const link = chain(cookieLink({ jar, csrf: 'django' }), httpLink({ url, fetch: recordingFetch(sent) }))
      const failing = createClient({ link }).mutate('mutation { a }')
      await expect(failing).rejects.toMatchObject({ code: 'BAD_HEADER' })
      expect(sent).toEqual([])
    }
  })

  test('threats 6 in the name of a file', async () => {
    for (const character of ['\r\n', '\n', '"', '\r\n\r\n--']) {
      const sent: Sent[] = []
      const client = createClient({ link: httpLink({ url, fetch: recordingFetch(sent) }) })
      const file = new File(['x'], `a${character}x-evil: 1`)
      await client.mutate('mutation ($file: Upload!) { a(file: $file) }', { file })
      expect(String(sent[0]?.body)).not.toMatch(/^x-evil/m)
      expect(String(sent[0]?.body).match(/^content-disposition/gim)).toHaveLength(3)
    }
  })
})

/** Acknowledges, and answers each operation. */
function socketClass(log: unknown[]): NonNullable<WsLinkOptions['webSocket']> {
  return class extends EventTarget {
    readyState = 0
    readonly protocol = 'graphql-transport-ws'
    onopen: (() => void) | null = null
    onmessage: ((event: { data: string }) => void) | null = null
    constructor(to: string, protocols: unknown, options: { readonly headers?: unknown }) {
      super()
      log.push([to, protocols, options.headers])
      queueMicrotask(() => {
        this.readyState = 1
        this.onopen?.()
      })
    }
    send(text: string): void {
      log.push(text.replace(/"id":"[^"]+"/, '"id":""'))
      const { type, id } = JSON.parse(text) as { readonly type: string; readonly id: string }
      const answers =
        type === 'connection_init'
          ? [{ type: 'connection_ack' }]
          : [
              { id, type: 'next', payload: { data: { a: 1 } } },
              { id, type: 'complete' },
            ]
      for (const answer of answers) queueMicrotask(() => this.onmessage?.({ data: JSON.stringify(answer) }))
    }
    close(): void {
      this.readyState = 3
      this.dispatchEvent(new Event('close'))
    }
  } as unknown as NonNullable<WsLinkOptions['webSocket']>
}

describe('threats 12 a polluted Object.prototype', () => {
  // The platform itself does not work any more where these are on every object.
  const ofPlatform = /^(get|set|value|writable|enumerable|configurable|then|signal|once|capture|passive)$/
  const headers = ['authorization', 'cookie', 'x-api-key', 'x-evil', 'content-type', 'accept', 'host', 'origin']
  const others =
    'query data errors extensions payload type id path hasNext body status name length parts stage dispose ' +
    'field exchange source base parent layers execution parsed select link identity request response owner place value sent'

  /** The members of everything that is called options, and what else is looked for on objects. */
  function names(): readonly string[] {
    const found = new Set([...headers, ...others.split(' ')])
    for (const { statements } of sources) {
      for (const node of statements) {
        if (
          !ts.isInterfaceDeclaration(node) ||
          !/Options|Request|Init|Tokens|Settings|Traits|Csrf/.test(node.name.text)
        )
          continue
        for (const { name } of node.members) if (name && ts.isIdentifier(name)) found.add(name.text)
      }
    }
    return [...found].filter((name) => !ofPlatform.test(name))
  }

  interface Outcome {
    readonly sent: readonly unknown[]
    /** The results, or that there was an error. */
    readonly came: unknown
  }

  /** What goes out by each client, made and used while the prototype is as it is, and what comes of it. */
  async function everything(): Promise<readonly Outcome[]> {
    const before = (): Link[] => [
      retryLink(),
      timeoutLink({ timeoutMs: 5_000 }),
      headerLink({ 'x-a': '1' }),
      apiKeyLink({ key: 'k' }),
    ]
    const session = () => ({ initial: { accessToken: 't' }, refresh: async () => ({ accessToken: 'u' }) })
    const clients: readonly ((sent: unknown[]) => Client)[] = [
      (sent) => {
        const links: [...Link[]] = [...before(), tokenRefreshLink(createTokenSource(session()))]
        return createClient({ link: chain(...links, httpLink({ url, fetch: recordingFetch(sent) })) })
      },
      (sent) => {
        const links = [cookieLink({ jar }), basicAuthLink({ username: 'u', password: 'p' })]
        return createClient({ link: chain(...links, httpLink({ url, fetch: recordingFetch(sent) })) })
      },
      // What takes part in a request, and has nothing to say.
      (sent) => {
        const silent: Link = (operation, next) =>
          next(withExchange(operation, { link: 'silent', identity: '', request: () => ({}) }))
        return createClient({ link: chain(silent, httpLink({ url, fetch: recordingFetch(sent) })) })
      },
      (sent) => createClient({ link: httpLink({ url, fetch: recordingFetch(sent), queryMethod: 'GET' }) }),
      (sent) => {
        const link = wsLink({ url: 'wss://api.test/graphql', webSocket: socketClass(sent) })
        return createClient({ link: chain(bearerLink('b'), link) })
      },
    ]
    const jar = memoryCookieJar()
    await jar.setCookie('sid=1; Path=/; Secure', url).catch(() => {})
    const outcomes: Outcome[] = []
    for (const make of clients) {
      const sent: unknown[] = []
      try {
        const client = make(sent)
        const came = [
          await client.query('{ a }', undefined, {}),
          await client.mutate('mutation M($a: I) { a }', { a: 1 }),
        ]
        await client.dispose()
        outcomes.push({ sent, came: came.map(({ data }) => data) })
      } catch {
        outcomes.push({ sent, came: 'an error' })
      }
    }
    return JSON.parse(JSON.stringify(outcomes)) as Outcome[]
  }

  /** Many names break JavaScript itself; what matters is that nothing else is sent than without them. */
  function isHarmless({ sent, came }: Outcome, expected: Outcome): boolean {
    if (isDeepStrictEqual([sent, came], [expected.sent, expected.came])) return true
    // A socket may have been tried twice.
    return came === 'an error' && sent.every((each) => expected.sent.some((other) => isDeepStrictEqual(each, other)))
  }

  test('threats 12 whatever option or header is on it, nothing else is sent, and nothing hangs', async () => {
    // What is wrong with the order of links then is said there.
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
    const expected = await everything()
    expect(expected.map(({ sent }) => sent.length)).toEqual([2, 2, 2, 2, 4])
    const all = names()
    expect(all.length).toBeGreaterThan(100)
    const changed: unknown[] = []
    let same = 0
    for (const name of all) {
      for (const value of ['evil', { authorization: 'evil', 'x-evil': '1' }]) {
        Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
        try {
          for (const [index, outcome] of (await everything()).entries()) {
            if (!isHarmless(outcome, expected[index] as Outcome)) changed.push([name, value, index, outcome])
            if (outcome.came !== 'an error') same++
          }
        } finally {
          Reflect.deleteProperty(Object.prototype, name)
        }
      }
    }
    expect(changed).toEqual([])
    // Most of them make no difference at all.
    expect(same).toBeGreaterThan(0.9 * all.length * 2 * expected.length)
    warn.mockRestore()
  }, 60_000)
})

describe('threats 13 a compressed message of a WebSocket', () => {
  test('threats 13 64 kB that inflate to 64 MB end the socket', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } })
    const extensions: string[] = []
    server.on('connection', (socket) => {
      extensions.push(socket.extensions)
      socket.on('message', (message) => {
        const { type } = JSON.parse((message as Buffer).toString()) as { readonly type: string }
        if (type === 'connection_init') socket.send('{"type":"connection_ack"}')
        else socket.send(Buffer.alloc(64 * 1_048_576, ' '))
      })
    })
    try {
      await new Promise((resolve) => server.once('listening', resolve))
      const { port } = server.address() as AddressInfo
      const link = wsLink({
        url: `ws://127.0.0.1:${port}`,
        webSocket: NodeSocket as unknown as NonNullable<WsLinkOptions['webSocket']>,
      })
      const client = createClient({ link })
      await expect(client.query('{ a }')).rejects.toMatchObject({ code: 'SOCKET_CLOSED', closeCode: 1009 })
      expect(extensions).toEqual(['permessage-deflate'])
      await client.dispose()
    } finally {
      for (const socket of server.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    }
  }, 30_000)
})

describe('threats 15 two clients in one process', () => {
  const clientOf = (user: string, sent: Sent[], log: unknown[]): { http: Client; ws: Client } => {
    const auth = [
      retryLink(),
      tokenRefreshLink({ initial: { accessToken: user }, refresh: async () => ({ accessToken: `${user}-2` }) }),
    ]
    return {
      http: createClient({
        link: chain(...auth, cookieLink({ jar: memoryCookieJar() }), httpLink({ url, fetch: recordingFetch(sent) })),
      }),
      ws: createClient({
        link: chain(...auth, wsLink({ url: 'wss://api.test/graphql', webSocket: socketClass(log) })),
      }),
    }
  }

  test('threats 15 of the same options share nothing: no token, no socket, and the end of one is not that of the other', async () => {
    const [ofAda, ofBob]: [Sent[], Sent[]] = [[], []]
    const [logOfAda, logOfBob]: [unknown[], unknown[]] = [[], []]
    const [ada, bob] = [clientOf('ada', ofAda, logOfAda), clientOf('bob', ofBob, logOfBob)]
    const askAll = async ({ http, ws }: typeof ada): Promise<unknown> =>
      Promise.all([http.query('{ a }'), http.query('{ a }'), http.mutate('mutation { a }'), ws.query('{ a }')])
    await Promise.all([askAll(ada), askAll(bob)])
    await Promise.all([ada.http.dispose(), ada.ws.dispose()])
    await askAll(bob)
    expect(JSON.stringify([ofAda, logOfAda])).not.toContain('bob')
    expect(JSON.stringify([ofBob, logOfBob])).not.toContain('ada')
    expect([ofAda.length, ofBob.length]).toEqual([3, 6])
    await Promise.all([bob.http.dispose(), bob.ws.dispose()])
  })

  test('threats 15 no module holds anything that changes', () => {
    // Constants that are looked up, and never written to.
    const isCollection = /^(Map|Set|WeakMap|WeakSet|Array|FinalizationRegistry|AbortController|EventTarget)$/
    const held = sources.flatMap((source) =>
      source.statements.flatMap((statement) => {
        if (!ts.isVariableStatement(statement)) return []
        return statement.declarationList.declarations.flatMap(({ name, initializer, type }) => {
          const isMade = initializer && ts.isNewExpression(initializer) && ts.isIdentifier(initializer.expression)
          const isWritable =
            initializer && ts.isArrayLiteralExpression(initializer) && initializer.elements.length === 0
          const isReadonly = type !== undefined && /^(Readonly|readonly)/.test(type.getText(source))
          const isHeld = (isMade && isCollection.test((initializer.expression as ts.Identifier).text)) || isWritable
          return isHeld && !isReadonly && ts.isIdentifier(name) ? [`${source.fileName}: ${name.text}`] : []
        })
      }),
    )
    expect(held).toEqual([])
  })
})

describe('threats 23 what a server says cannot move the cursor of a terminal', () => {
  const attack = '\u001b[2J\u001b]0;title\u0007\r\nFAKE LINE\u009b31m\u0000'
  // oxlint-disable-next-line no-control-regex
  const control = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/

  test('threats 23 in the errors of a result', async () => {
    const body = JSON.stringify({ errors: [{ message: attack + 'x'.repeat(100_000) }] })
    const client = createClient({ link: httpLink({ url, fetch: recordingFetch([], body) }) })
    const error = (await client.request('{ a }').catch((caught: unknown) => caught)) as Error
    expect(error.message).not.toMatch(control)
    expect(error.message.length).toBeLessThan(500)
  })

  test('threats 23 in the reason of a close, in a message, and in the subprotocol', async () => {
    const server = await scriptedSocketServer(async (socket) => {
      await socket.accept(socket.url === '/protocol' ? { subprotocol: 'x'.repeat(1_000) } : {})
      await socket.messageOfType('connection_init')
      if (socket.url === '/reason') socket.close(4400, attack)
      else if (socket.url === '/message') await socket.send({ type: `${attack}${'x'.repeat(100_000)}` })
      else await socket.send({ type: 'connection_error', payload: { message: attack } })
      await socket.closed
    })
    for (const path of ['/reason', '/message', '/refused', '/protocol']) {
      const client = createClient({
        link: wsLink({ url: `${server.url.replace(/\/$/, '')}${path}`, connectAttempts: 1 }),
      })
      const error = (await client.query('{ a }').catch((caught: unknown) => caught)) as GraphLinksError & {
        reason?: string
      }
      expect([path, GraphLinksError.is(error)]).toEqual([path, true])
      expect(error.message + String(error.reason) + String((error.cause as Error | undefined)?.message)).not.toMatch(
        control,
      )
      expect(error.message.length).toBeLessThan(600)
      await client.dispose()
    }
    await server.close()
  })
})

describe('threats 26 what is installed', () => {
  const root = join(__dirname, '../../..')
  const read = (file: string): never => JSON.parse(readFileSync(join(root, file), 'utf8')) as never
  const packages = [...new Set(sourceFiles().map((file) => file.split('/')[0] as string))]

  test('threats 26 the core depends on nothing, and the others on what is listed here', () => {
    const allowed = [
      'cross-fetch',
      'eventsource-parser',
      'graphql-ws',
      'isomorphic-ws',
      'ws',
      'tough-cookie',
      // Of packages for servers and for single sign-on.
      '@graphlinks/core',
    ]
    for (const name of packages) {
      const { dependencies = {}, optionalDependencies = {} } = read(`packages/${name}/package.json`) as Record<
        string,
        object
      >
      const found = Object.keys({ ...dependencies, ...optionalDependencies })
      if (name === 'core') expect(found).toEqual([])
      expect([name, found.filter((dependency) => !allowed.includes(dependency))]).toEqual([name, []])
    }
  })

  test('threats 26 no package runs anything when it is installed', () => {
    for (const name of packages) {
      const { scripts = {} } = read(`packages/${name}/package.json`) as Record<string, object>
      expect(Object.keys(scripts).filter((script) => /install|prepare/.test(script))).toEqual([])
    }
  })

  test('threats 26 CI installs what the lockfile says, each with its hash, and runs none of it', () => {
    const { packages: locked } = read('package-lock.json') as {
      readonly packages: Record<
        string,
        { resolved?: string; integrity?: string; link?: boolean; hasInstallScript?: boolean }
      >
    }
    const foreign = Object.entries(locked).filter(
      ([path, { resolved, integrity, link }]) =>
        // Without an address: npm takes the registry that it is told to use, and the hash is what counts.
        path.startsWith('node_modules/') && !link && (resolved !== undefined || !integrity?.startsWith('sha512-')),
    )
    expect(foreign.map(([path]) => path)).toEqual([])
    const { allowScripts = {} } = read('package.json') as { readonly allowScripts?: Record<string, boolean> }
    const scripted = Object.entries(locked).filter(([, { hasInstallScript }]) => hasInstallScript)
    for (const [path] of scripted)
      expect([path, allowScripts[path.replace(/^.*node_modules\//, '')]]).toEqual([path, false])
    expect(readFileSync(join(root, 'scripts/check.mjs'), 'utf8')).toMatch(/install: \['ci'/)
  })
})
