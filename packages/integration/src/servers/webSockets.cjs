// What the servers over WebSocket have in common: who may connect, and what tests ask of them.

/** Asks for the token in the payload of `connection_init`, in both shapes, and tells what it saw. */
exports.guard = function guard({ server, report }) {
  let accepted = 'secret-token'
  server.on('upgrade', ({ headers }) => report({ what: 'upgrade', headers }))
  process.on('message', (message) => {
    if (message.accept === undefined) return
    accepted = message.accept
    report({ what: 'accepting' })
  })
  return {
    mayConnect: (payload) => {
      const authorization = payload?.headers?.authorization ?? payload?.authorization
      const may = authorization === `Bearer ${accepted}`
      report({ what: 'init', may, payload })
      return may
    },
  }
}

/** Closes all sockets of a `ws` server with the code that a test asks for. */
exports.closeOnRequest = function closeOnRequest(clients) {
  process.on('message', ({ closeAll }) => {
    if (closeAll !== undefined) for (const socket of clients()) socket.close(closeAll, 'because a test says so')
  })
}
