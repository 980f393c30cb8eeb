// Mercurius over WebSockets, queries and mutations too. Its dialect: a `ping` straight after the acknowledgement,
// `connection_error` for who may not connect, and a syntax error is one operation's.
const webSocket = require('@fastify/websocket')
const fastify = require('fastify')
const mercurius = require('mercurius')
const { makeSchema } = require('./schema.cjs')
const { watchSockets } = require('./webSockets.cjs')

exports.start = async function start({ server, report }) {
  const sockets = watchSockets(report)
  const app = fastify({
    serverFactory: (handle) => server.on('request', handle),
    forceCloseConnections: true,
  })
  // Mercurius would register it, where its sockets cannot be watched.
  app.register(webSocket)
  app.register(mercurius, {
    schema: makeSchema({ report }),
    subscription: {
      fullWsTransport: true,
      keepAlive: 10_000,
      context: (socket) => ({ socketNumber: sockets.numberOf(socket) }),
      onConnect({ payload }) {
        const viewer = sockets.viewerIn(payload)
        return viewer !== undefined && { viewer }
      },
    },
  })
  await app.ready()
  app.websocketServer.on('connection', sockets.watch)
  return sockets.commands
}
