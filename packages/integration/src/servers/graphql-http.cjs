// The reference implementation of GraphQL over HTTP.
const { createHandler } = require('graphql-http/lib/use/http')
const { makeSchema } = require('./schema.cjs')

exports.start = function start({ server, report }) {
  server.on('request', createHandler({ schema: makeSchema({ report }) }))
}
