// Loaded before each snippet: https://<anything>.example.com/graphql and its wss: twin lead to the server on loopback whose
// port GRAPHLINKS_SNIPPETS_PORT is, so that documentation is checked as it is written, without a network.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const server = `127.0.0.1:${process.env.GRAPHLINKS_SNIPPETS_PORT}/graphql`

function check(url, protocol) {
  const { protocol: actual, hostname, pathname } = new URL(url)
  if (actual === protocol && /(^|\.)example\.com$/.test(hostname) && pathname === '/graphql') return
  throw new TypeError(`snippets reach only ${protocol}//api.example.com/graphql, not ${url}`)
}

const { fetch } = globalThis
globalThis.fetch = async (url, init) => {
  // A server that the snippet itself started.
  if (new URL(url).hostname === '127.0.0.1') return fetch(url, init)
  if (/^https:\/\/api\.example\.com\/(login\/?|sanctum\/csrf-cookie)$/.test(url))
    return new Response('', { headers: { 'set-cookie': 'sid=abc123; Path=/; Secure; HttpOnly' } })
  check(url, 'https:')
  const response = await fetch(`http://${server}${new URL(url).search}`, init)
  return Object.defineProperty(response, 'url', { value: new URL(url).href })
}

// `ws` takes longer to load than most snippets take to run, and few of them have a socket.
const socketClass = (value) => Object.defineProperty(globalThis, 'WebSocket', { value, writable: true })
Object.defineProperty(globalThis, 'WebSocket', {
  configurable: true,
  set: socketClass,
  get() {
    const { WebSocket } = require('ws')
    socketClass(
      class extends WebSocket {
        constructor(url, protocols) {
          check(url, 'wss:')
          super(`ws://${server}`, protocols)
        }
      },
    )
    return globalThis.WebSocket
  },
})
