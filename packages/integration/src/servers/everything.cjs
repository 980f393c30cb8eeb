// All that clients of every runtime are tried with, on one origin, since a page reaches no other: HTTP, server-sent
// events, WebSockets, tokens that expire, and sessions in cookies. Started by scripts/runtimes.mjs. What the server saw is
// asked for over HTTP, which every runtime has.
const { EventEmitter } = require('node:events')

/** How often what was seen. */
class Seen {
  counts = new Map()
  waiting = new Set()

  add(what) {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
    for (const wake of this.waiting) wake()
    this.waiting.clear()
  }

  /** Waits until it was that often. */
  async atLeast(what, times) {
    while ((this.counts.get(what) ?? 0) < times) await new Promise((resolve) => this.waiting.add(resolve))
    return this.counts.get(what) ?? 0
  }
}

/** Starts another server of this folder without a port. */
function mount(name, context, ...options) {
  const server = new EventEmitter()
  const commands = require(`./${name}.cjs`).start({ ...context, server }, ...options)
  return { commands, pass: (...event) => server.emit(...event) }
}

exports.start = function start({ server, report }) {
  const tokens = ['secret-token']
  const seen = new Seen()
  const context = {
    report(message) {
      seen.add(message.what)
      report(message)
    },
  }
  const viewer = {
    onContextBuilding: ({ context: { request }, extendContext }) =>
      extendContext({ viewer: tokenOf(request.headers.get('authorization')) }),
  }
  const http = mount('yoga', context, [viewer])
  const sockets = mount('ws-yoga', context)
  const cookies = mount('login', context)
  let pages = {}

  const answer = (response, status, body, headers = {}) => response.writeHead(status, headers).end(body)
  const json = (response, status, value) =>
    answer(response, status, JSON.stringify(value), { 'content-type': 'application/json' })

  server.on('request', async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://127.0.0.1')
    const page = pages[pathname]
    if (page) return answer(response, 200, page.body, page.headers)
    if (pathname === '/seen')
      return json(response, 200, await seen.atLeast(searchParams.get('what'), Number(searchParams.get('times'))))
    if (pathname === '/moved') return answer(response, 307, '', { location: '/graphql' })
    if (pathname === '/token') {
      const accessToken = `token-${tokens.length}`
      tokens.push(accessToken)
      sockets.commands.accept(tokens, {})
      seen.add('refresh')
      return json(response, 200, { accessToken })
    }
    if (pathname === '/welcome') return cookies.pass('request', request, response)
    if (pathname.startsWith('/cookies/')) {
      request.url = request.url.slice('/cookies'.length)
      return cookies.pass('request', request, response)
    }
    const token = tokenOf(request.headers.authorization)
    if (token !== undefined && !tokens.includes(token)) return json(response, 401, { errors: [{ message: 'expired' }] })
    response.setHeader('x-seen-method', request.method)
    seen.add(`${request.method} ${pathname}`)
    response.on('close', () => response.writableFinished || seen.add('aborted'))
    http.pass('request', request, response)
  })
  server.on('upgrade', (request, ...rest) => {
    if (!request.url.startsWith('/cookies/')) return sockets.pass('upgrade', request, ...rest)
    request.url = request.url.slice('/cookies'.length)
    cookies.pass('upgrade', request, ...rest)
  })
  return { pages: (given) => (pages = given) }
}

const tokenOf = (authorization) => /^Bearer (.+)$/.exec(authorization)?.[1]
