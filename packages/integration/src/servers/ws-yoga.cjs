// GraphQL Yoga with WebSockets as its documentation does it: graphql-ws has the protocol, and what Yoga and its plugins do
// around an operation is done for those of sockets too.
// https://the-guild.dev/graphql/yoga-server/docs/features/subscriptions#graphql-over-websocket-protocol-via-graphql-ws
const { useServer } = require('graphql-ws/use/ws')
const { createYoga } = require('graphql-yoga')
const { WebSocketServer } = require('ws')
const { makeSchema } = require('./schema.cjs')
const { watchSockets } = require('./webSockets.cjs')

exports.start = function start({ server, report }) {
  const sockets = watchSockets(report)
  const yoga = createYoga({
    schema: makeSchema({ report }),
    logging: false,
    maskedErrors: false,
    context: ({ extra }) => extra && { socketNumber: sockets.numberOf(extra.socket), viewer: extra.viewer },
  })
  server.on('request', yoga)
  const socketServer = new WebSocketServer({ server, path: yoga.graphqlEndpoint })
  socketServer.on('connection', sockets.watch)
  useServer(
    {
      execute: (args) => args.rootValue.execute(args),
      subscribe: (args) => args.rootValue.subscribe(args),
      onConnect: ({ connectionParams, extra }) => (extra.viewer = sockets.viewerIn(connectionParams)) !== undefined,
      async onSubscribe(context, _id, params) {
        const { extra } = context
        const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
          ...context,
          req: extra.request,
          socket: extra.socket,
          params,
        })
        const args = {
          schema,
          operationName: params.operationName,
          document: parse(params.query),
          variableValues: params.variables,
          contextValue: await contextFactory(),
          rootValue: { execute, subscribe },
        }
        const errors = validate(args.schema, args.document)
        return errors.length > 0 ? errors : args
      },
    },
    socketServer,
  )
  return sockets.commands
}
