// The reference implementation of GraphQL over Server-Sent Events, in both modes: with a token it is a single
// connection. A source that throws ends its process.
const { createHandler } = require('graphql-sse/lib/use/http')
const { makeSchema } = require('./schema.cjs')

exports.start = function start({ server, report }) {
  const handle = createHandler({ schema: makeSchema({ report }) })
  server.on('request', async (request, response) => {
    try {
      await handle(request, response)
    } catch (error) {
      // It takes for a failure that a client went while it wrote, which would end the subscriptions of all others as well.
      if (!/^(ECONNRESET|EPIPE|ERR_STREAM_DESTROYED)$/.test(error.code)) throw error
    }
  })
}
