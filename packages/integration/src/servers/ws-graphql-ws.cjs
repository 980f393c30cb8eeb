// The reference implementation of graphql-transport-ws, on `ws`.
const { useServer } = require('graphql-ws/use/ws')
const { WebSocketServer } = require('ws')
const { makeSchema } = require('./schema.cjs')
const { watchSockets } = require('./webSockets.cjs')

exports.start = function start({ server, report }, options) {
  const sockets = watchSockets(report)
  const socketServer = new WebSocketServer({ server, path: '/graphql' })
  socketServer.on('connection', sockets.watch)
  useServer(
    {
      schema: makeSchema({ report }),
      context: ({ extra }) => ({ socketNumber: sockets.numberOf(extra.socket), viewer: extra.viewer }),
      onConnect: ({ connectionParams, extra }) => (extra.viewer = sockets.viewerIn(connectionParams)) !== undefined,
      ...options,
    },
    socketServer,
  )
  return sockets.commands
}
