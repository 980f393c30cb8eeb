// graphql-ws with persisted documents, which it leaves to applications: ids of some, and automatic persisted queries.
// https://the-guild.dev/graphql/ws/recipes#ws-server-and-client-persisted-queries
const { createHash } = require('node:crypto')
const { GraphQLError, parse } = require('graphql')
const { makeSchema } = require('./schema.cjs')
const { start } = require('./ws-graphql-ws.cjs')

const hashOf = (text) => createHash('sha256').update(text).digest('hex')
const published = ['{ hello }', 'subscription Count { count(to: 3) }', 'mutation { addCity(name: "Oslo") { name } }']
const texts = new Map(published.map((text) => [`sha256:${hashOf(text)}`, text]))

exports.start = (context) => {
  const schema = makeSchema(context)
  return start(context, {
    onSubscribe(_, __, { query, documentId, operationName, variables, extensions }) {
      const hash = extensions?.persistedQuery?.sha256Hash
      if (hash && query && hashOf(query) !== hash) return [new GraphQLError('PersistedQueryMismatch')]
      if (hash && query) texts.set(hash, query)
      const text = query || texts.get(documentId ?? hash)
      if (!text) {
        const code = documentId ? 'PERSISTED_DOCUMENT_NOT_FOUND' : 'PERSISTED_QUERY_NOT_FOUND'
        return [new GraphQLError('PersistedQueryNotFound', { extensions: { code } })]
      }
      return { schema, document: parse(text), operationName, variableValues: variables }
    },
  })
}
