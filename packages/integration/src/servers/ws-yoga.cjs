// GraphQL Yoga with graphql-ws, as its documentation puts them together.
const { useServer } = require('graphql-ws/use/ws')
const { createYoga } = require('graphql-yoga')
const { WebSocketServer } = require('ws')
const { makeSchema } = require('./schema.cjs')
const { closeOnRequest, guard } = require('./webSockets.cjs')

exports.start = function start({ server, report }) {
  const { mayConnect } = guard({ server, report })
  const yoga = createYoga({ schema: makeSchema({ report }), logging: false, maskedErrors: false })
  server.on('request', yoga)
  const sockets = new WebSocketServer({ server, path: yoga.graphqlEndpoint })
  closeOnRequest(() => sockets.clients)
  useServer(
    {
      execute: (args) => args.rootValue.execute(args),
      subscribe: (args) => args.rootValue.subscribe(args),
      onConnect: ({ connectionParams }) => mayConnect(connectionParams),
      async onSubscribe({ extra }, _, params) {
        const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
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
    sockets,
  )
}
