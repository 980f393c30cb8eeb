// The reference implementation of graphql-transport-ws.
const { useServer } = require('graphql-ws/use/ws')
const { WebSocketServer } = require('ws')
const { makeSchema } = require('./schema.cjs')
const { closeOnRequest, guard } = require('./webSockets.cjs')

exports.start = function start({ server, report }, options = {}) {
  const { mayConnect } = guard({ server, report })
  const sockets = new WebSocketServer({ server, path: '/graphql' })
  closeOnRequest(() => sockets.clients)
  useServer(
    { schema: makeSchema({ report }), onConnect: ({ connectionParams }) => mayConnect(connectionParams), ...options },
    sockets,
  )
}
