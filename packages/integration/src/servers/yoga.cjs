// GraphQL Yoga with all that it has: incremental delivery in format (b), subscriptions over SSE in both modes, uploads,
// batches, automatic and other persisted documents, CSRF prevention.
const { createHash } = require('node:crypto')
const { useAPQ } = require('@graphql-yoga/plugin-apq')
const { useCSRFPrevention } = require('@graphql-yoga/plugin-csrf-prevention')
const { useDeferStream } = require('@graphql-yoga/plugin-defer-stream')
const { useGraphQLSSE } = require('@graphql-yoga/plugin-graphql-sse')
const { usePersistedOperations } = require('@graphql-yoga/plugin-persisted-operations')
const { createYoga } = require('graphql-yoga')
const { makeSchema } = require('./schema.cjs')

const stored = '{ hello }'
const storedId = `sha256:${createHash('sha256').update(stored).digest('hex')}`

exports.start = function start({ server, report }, plugins = []) {
  const yoga = createYoga({
    schema: makeSchema({ report, hasDirectives: false }),
    logging: false,
    maskedErrors: false,
    batching: true,
    extraParamNames: ['documentId'],
    plugins: [
      useDeferStream(),
      useCSRFPrevention(),
      useGraphQLSSE(),
      useAPQ(),
      usePersistedOperations({
        allowArbitraryOperations: true,
        // Of a GET, Yoga leaves out what it does not know.
        extractPersistedOperationId: ({ documentId }, { url }) =>
          documentId ?? new URL(url).searchParams.get('documentId'),
        getPersistedOperation: (id) => (id === storedId ? stored : null),
      }),
      ...plugins,
    ],
  })
  server.on('request', yoga)
}
