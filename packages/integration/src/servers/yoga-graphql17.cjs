// GraphQL Yoga whose executor is that of graphql 17: incremental delivery in format (c).
require('./useGraphql.cjs')('graphql-17')
const { executeIncrementally } = require('./executeIncrementally.cjs')
const { start } = require('./yoga.cjs')

exports.start = (context) => start(context, [{ onExecute: ({ setExecuteFn }) => setExecuteFn(executeIncrementally) }])
