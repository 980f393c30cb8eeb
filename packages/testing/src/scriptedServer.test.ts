import { once } from 'node:events'
import { stat } from 'node:fs'
import { connect } from 'node:net'
import { scriptedServer, type Script, type ScriptedServer } from './index.ts'

const open: ScriptedServer[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

async function start(script: Script): Promise<ScriptedServer> {
  const server = await scriptedServer(script)
  open.push(server)
  return server
}

function signal(): [promise: Promise<void>, give: () => void] {
  let give = (): void => {}
  const promise = new Promise<void>((resolve) => (give = resolve))
  return [promise, give]
}

/** All the bytes of an answer, until the connection ends. */
async function bytesFrom({ url }: ScriptedServer, request: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => (received += text))
  socket.write(request)
  await once(socket, 'close')
  return received
}

async function chunksOf(response: Response): Promise<string[]> {
  const chunks: string[] = []
  for await (const chunk of response.body ?? []) chunks.push(Buffer.from(chunk).toString())
  return chunks
}

const get = 'GET / HTTP/1.1\r\nhost: a.test\r\n\r\n'

test('a request is recorded as it came', async () => {
  const server = await start((exchange) => exchange.respond(200))
  const head =
    'POST /graphql?a=%20b HTTP/1.1\r\nHost: a.test\r\nX-Two: 1\r\nx-two: 2\r\ntransfer-encoding: chunked\r\n\r\n'
  const answered = bytesFrom(server, `${head}2\r\n{"\r\n3\r\né"\r\n1\r\n}\r\n0\r\n\r\n`)
  const { closed } = await server.request(0)
  await server.close()
  await Promise.all([answered, closed])
  expect(server.requests).toHaveLength(1)
  const [request] = server.requests
  expect(request).toMatchObject({ method: 'POST', url: '/graphql?a=%20b', text: '{"é"}' })
  expect(request?.body).toHaveLength(6)
  expect(request?.headerLines).toEqual([
    ['Host', 'a.test'],
    ['X-Two', '1'],
    ['x-two', '2'],
    ['transfer-encoding', 'chunked'],
  ])
  expect(request?.headers.get('X-TWO')).toBe('1, 2')
})

test('every byte of an answer is as scripted: chunks, several headers of a name, any status', async () => {
  const server = await start(async (exchange) => {
    await exchange.head(299, { 'Set-Cookie': ['a=1', 'b=2'], 'x-latin': 'é' })
    await exchange.write('')
    await exchange.split('é\r\n--', 2)
    await exchange.end()
    await exchange.raw('HTTP/1.1 200 again\n')
    exchange.close()
  })
  expect(await bytesFrom(server, get)).toBe(
    'HTTP/1.1 299 \r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nx-latin: é\r\ntransfer-encoding: chunked\r\n\r\n' +
      '2\r\nÃ©\r\n2\r\n\r\n\r\n2\r\n--\r\n0\r\n\r\nHTTP/1.1 200 again\n',
  )
})

test.each([
  ['content-length', { 'content-length': '5', connection: 'close' }],
  ['connection: close', { Connection: 'close' }],
])('with %s the body is not chunked', async (_, headers) => {
  const server = await start((exchange) => exchange.respond(200, headers, 'hello'))
  expect((await bytesFrom(server, get)).split('\r\n\r\n')[1]).toBe('hello')
})

test('a status without a body has none', async () => {
  const server = await start((exchange) => exchange.respond(204))
  const response = await fetch(server.url)
  expect([response.status, response.headers.get('transfer-encoding'), await response.text()]).toEqual([204, null, ''])
})

test('a client in the same process reads each piece on its own, whatever the framing', async () => {
  const server = await start(async (exchange) => {
    await exchange.head(200, exchange.request.url === '/close' ? { connection: 'close' } : {})
    // Goes on where sockets are read.
    await new Promise((resolve) => stat('.', resolve))
    for (const piece of ['one', 'two', 'three']) await exchange.write(piece)
    await exchange.end()
  })
  for (const path of ['/', '/close'])
    expect(await chunksOf(await fetch(new URL(path, server.url)))).toEqual(['one', 'two', 'three'])
})

test('gzip is flushed after each write', async () => {
  const [told, goOn] = signal()
  const big = 'x'.repeat(300_000)
  const server = await start(async (exchange) => {
    await exchange.head(200, { 'content-encoding': 'gzip' })
    await exchange.write('first')
    await told
    await exchange.write(big)
    await exchange.end()
  })
  const response = await fetch(server.url)
  const reader = response.body?.getReader()
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('first')
  goOn()
  let rest = ''
  for (let step = await reader?.read(); step?.value; step = await reader?.read())
    rest += Buffer.from(step.value).toString()
  expect(rest === big).toBe(true)
})

test.each([
  ['FIN', 'UND_ERR_SOCKET'],
  ['RST', 'ECONNRESET'],
])('an answer can be broken off with %s', async (how, code) => {
  const server = await start(async (exchange) => {
    await exchange.head(200)
    await exchange.write('{"da')
    if (how === 'FIN') exchange.close()
    else exchange.reset()
  })
  const response = await fetch(server.url)
  await expect(response.text()).rejects.toMatchObject({ cause: { code } })
})

test('a connection stays open after the end, and is used again', async () => {
  const server = await start((exchange) => exchange.respond(200, {}, exchange.request.url))
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  for (const path of ['/a', '/b']) {
    socket.write(get.replace('/', path))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toContain('HTTP/1.1 200 OK')
    while (!String(await once(socket, 'data')).includes('0\r\n\r\n'));
  }
  expect(server.requests.map(({ url }) => url)).toEqual(['/a', '/b'])
  expect(server.connections).toEqual({ open: 1, most: 1, made: 1 })
  await server.close()
  expect(server.connections).toEqual({ open: 0, most: 1, made: 1 })
})

test('a script sees the client go, and its writes come to nothing', async () => {
  const written: boolean[] = []
  const [finished, finish] = signal()
  const server = await start(async (exchange) => {
    await exchange.head(200)
    written.push(await exchange.write('still there'))
    await exchange.closed
    written.push(await exchange.write('gone'), await exchange.split('gone', 1))
    await exchange.end()
    exchange.close()
    exchange.reset()
    finish()
  })
  const aborter = new AbortController()
  const response = await fetch(server.url, { signal: aborter.signal })
  const { closed } = await server.request(0)
  aborter.abort()
  await expect(response.text()).rejects.toThrow('aborted')
  await closed
  await finished
  expect(written).toEqual([true, false, false])
})

test('after FIN nothing is sent, and what was sent arrives', async () => {
  const written: boolean[] = []
  const [finished, finish] = signal()
  const server = await start(async (exchange) => {
    written.push(await exchange.raw('all'))
    exchange.close()
    written.push(await exchange.raw('no more'))
    finish()
  })
  expect(await bytesFrom(server, get)).toBe('all')
  await finished
  expect(written).toEqual([true, false])
})

test('what is no request has no answer', async () => {
  const script = jest.fn()
  expect(await bytesFrom(await start(script), 'hello\r\n\r\n')).toBe('')
  expect(script).not.toHaveBeenCalled()
})

test('a request that is broken off in its body is recorded, and has no script', async () => {
  const script = jest.fn()
  const server = await start(script)
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  socket.write('POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 10\r\n\r\nhalf')
  const request = await server.request(0)
  socket.destroy()
  await request.closed
  expect([request.text, script.mock.calls]).toEqual(['half', []])
})

test('what a script throws breaks off its answer, and fails close()', async () => {
  const server = await scriptedServer(async (exchange) => {
    await exchange.head(200)
    throw new Error('script failed')
  })
  await expect(fetch(server.url).then((response) => response.text())).rejects.toThrow()
  await expect(server.close()).rejects.toThrow('script failed')
})
