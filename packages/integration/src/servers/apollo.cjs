// Apollo Server with what it has: batches, automatic persisted queries, CSRF prevention. Incremental delivery with a
// graphql that has it.
const { ApolloServer } = require('@apollo/server')
const { ApolloServerPluginLandingPageDisabled } = require('@apollo/server/plugin/disabled')
const { expressMiddleware } = require('@as-integrations/express5')
const express = require('express')
const { makeSchema } = require('./schema.cjs')

exports.start = async function start({ server, report }, options) {
  const apollo = new ApolloServer({
    schema: makeSchema({ report }),
    allowBatchedHttpRequests: true,
    includeStacktraceInErrorResponses: false,
    plugins: [ApolloServerPluginLandingPageDisabled()],
    ...options,
  })
  await apollo.start()
  server.on('request', express().use('/graphql', express.json(), expressMiddleware(apollo)))
}
