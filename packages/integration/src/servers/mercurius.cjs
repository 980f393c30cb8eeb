// Mercurius with uploads, batches and automatic persisted queries, in its own dialect of errors.
const fastify = require('fastify')
const mercurius = require('mercurius')
const { makeSchema } = require('./schema.cjs')

exports.start = async function start({ server, report }) {
  const app = fastify({
    serverFactory: (handle) => server.on('request', handle),
    forceCloseConnections: true,
  })
  app.register(require('mercurius-upload'))
  app.register(mercurius, {
    schema: makeSchema({ report }),
    allowBatchedQueries: true,
    persistedQueryProvider: mercurius.persistedQueryDefaults.automatic(),
  })
  await app.ready()
}
