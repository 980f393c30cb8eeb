// Apollo Server with incremental delivery in format (b).
require('./useGraphql.cjs')('graphql-17-alpha.2')
const { experimentalExecuteIncrementally } = require('graphql')
const { start } = require('./apollo.cjs')

exports.start = (context) =>
  start(context, { legacyExperimentalExecuteIncrementally: experimentalExecuteIncrementally })
