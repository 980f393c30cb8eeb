// subscriptions-transport-ws, which nobody maintains: the legacy protocol `graphql-ws`, and no other.
const { execute, subscribe } = require('graphql')
const { SubscriptionServer } = require('subscriptions-transport-ws')
const { makeSchema } = require('./schema.cjs')
const { closeOnRequest, guard } = require('./webSockets.cjs')

exports.start = function start({ server, report }) {
  const { mayConnect } = guard({ server, report })
  const { server: sockets } = SubscriptionServer.create(
    {
      schema: makeSchema({ report }),
      execute,
      subscribe,
      keepAlive: 50,
      onConnect: (payload) => {
        if (!mayConnect(payload)) throw new Error('Forbidden')
      },
    },
    { server, path: '/graphql' },
  )
  closeOnRequest(() => sockets.clients)
}
