// Apollo Server with incremental delivery in format (c).
require('./useGraphql.cjs')('graphql-17-alpha.9')
exports.start = require('./apollo.cjs').start
