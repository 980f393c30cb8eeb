// What the WebSocket servers of this folder have in common: who may connect, what they tell of their sockets, and what
// they can be told over IPC, see `Command` in realServers.ts.
const { release } = require('./schema.cjs')

// What the legacy protocol calls them, by what the other one does.
const legacyTypes = { start: 'subscribe', stop: 'complete' }

exports.watchSockets = function watchSockets(report) {
  const numbers = new WeakMap()
  const open = new Set()
  let opened = 0
  let accepted = ['secret-token']
  let refusesByThrowing = false

  return {
    /** Tells of a socket and of what comes in on it. To be called before the server listens to its messages. */
    watch: (socket, { url, headers }) => {
      const number = ++opened
      numbers.set(socket, number)
      open.add(socket)
      report({ what: 'opened', socket: number, url, headers })
      socket.on('message', (data) => {
        const { type, id, payload } = JSON.parse(String(data))
        report({ what: legacyTypes[type] ?? type, socket: number, id, payload })
      })
      socket.on('close', (code, reason) => {
        open.delete(socket)
        report({ what: 'closed', socket: number, code, reason: String(reason) })
      })
    },
    /** For the context of resolvers, which tell on which socket something happened. */
    numberOf: (socket) => numbers.get(socket),
    /** The token in the payload of `connection_init`, if it is good at the moment. */
    viewerIn(payload) {
      const token = tokenIn(payload)
      if (accepted.includes(token)) return token
      if (refusesByThrowing) throw new Error(`the token ${token} is no good`)
      return undefined
    },
    commands: {
      release,
      accept(tokens, { byThrowing = false }) {
        accepted = tokens
        refusesByThrowing = byThrowing
      },
      closeAll(code, { reason }) {
        for (const socket of open) socket.close(code, reason)
      },
      cutAll() {
        for (const socket of open) socket.terminate()
      },
    },
  }
}

/** Nested as HTTP headers would be, or flat: servers differ, and these take both. */
function tokenIn(payload) {
  const authorization = payload?.headers?.authorization ?? payload?.authorization
  return /^Bearer (.+)$/.exec(authorization)?.[1]
}
