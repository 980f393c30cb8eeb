// The same with graphql 17: incremental delivery in format (c), one `next` message for each payload.
require('./useGraphql.cjs')('graphql-17')
const { executeIncrementally } = require('./executeIncrementally.cjs')
const { start } = require('./ws-graphql-ws.cjs')

exports.start = (context) => start(context, { execute: executeIncrementally })
