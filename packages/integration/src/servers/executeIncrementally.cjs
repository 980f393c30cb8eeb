// The executor of graphql 17 for servers that expect one result or an iterable of all.
const { experimentalExecuteIncrementally } = require('graphql')

exports.executeIncrementally = async function executeIncrementally(args) {
  const result = await experimentalExecuteIncrementally(args)
  if (!result.initialResult) return result
  const { initialResult, subsequentResults } = result
  return (async function* results() {
    yield initialResult
    yield* subsequentResults
  })()
}
