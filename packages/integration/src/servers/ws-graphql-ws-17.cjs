// The reference implementation of graphql-transport-ws with graphql 17: results come in parts.
require('./useGraphql.cjs')('graphql-17')
const { experimentalExecuteIncrementally } = require('graphql')
const { start } = require('./ws-graphql-ws.cjs')

/** graphql-ws expects one result or an iterable of all. */
async function execute(args) {
  const result = await experimentalExecuteIncrementally(args)
  if (!result.initialResult) return result
  const { initialResult, subsequentResults } = result
  return (async function* results() {
    yield initialResult
    yield* subsequentResults
  })()
}

exports.start = (context) => start(context, { execute })
