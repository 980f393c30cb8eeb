// Hono's server, which takes a content type by the letter.
const { graphqlServer } = require('@hono/graphql-server')
const { getRequestListener } = require('@hono/node-server')
const { Hono } = require('hono')
const { makeSchema } = require('./schema.cjs')

exports.start = function start({ server, report }) {
  const app = new Hono().use('/graphql', graphqlServer({ schema: makeSchema({ report }) }))
  server.on('request', getRequestListener(app.fetch))
}
