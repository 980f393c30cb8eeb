// The reference implementation of GraphQL over Server-Sent Events, in both modes: with a token it is a single
// connection. A source that throws ends its process.
const { createHandler } = require('graphql-sse/lib/use/http')
const { makeSchema } = require('./schema.cjs')

exports.start = function start({ server, report }) {
  server.on('request', createHandler({ schema: makeSchema({ report }) }))
}
