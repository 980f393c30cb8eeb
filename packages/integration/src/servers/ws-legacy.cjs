// subscriptions-transport-ws, which nobody maintains: the legacy protocol `graphql-ws`, and no other.
const { execute, subscribe } = require('graphql')
const { SubscriptionServer } = require('subscriptions-transport-ws')
const { makeSchema } = require('./schema.cjs')
const { watchSockets } = require('./webSockets.cjs')

exports.start = function start({ server, report }) {
  const sockets = watchSockets(report)
  const { server: socketServer } = SubscriptionServer.create(
    {
      schema: makeSchema({ report }),
      execute,
      subscribe,
      keepAlive: 50,
      onConnect(payload, socket) {
        const viewer = sockets.viewerIn(payload)
        if (viewer === undefined) throw new Error('Forbidden')
        return { socketNumber: sockets.numberOf(socket), viewer }
      },
    },
    { server, path: '/graphql' },
  )
  // Its own listener is there first, and ours still hears of all that it hears of.
  socketServer.on('connection', sockets.watch)
  return sockets.commands
}
