// Grafserv, the server of PostGraphile: incremental delivery in format (a), and subscriptions in multipart/mixed without
// an envelope. It is not in our package tree, since it needs Node 22 and brings a hundred packages along:
//
//   npm install --prefix /tmp/grafserv grafserv@1.0.2 grafast@1.1.3 graphql@16.15.0
//   GRAFSERV=/tmp/grafserv node packages/integration/src/servers/record.mjs
const { createRequire } = require('node:module')

const requireThere = createRequire(`${process.env.GRAFSERV}/package.json`)
require('./useGraphql.cjs')(`${process.env.GRAFSERV}/node_modules/graphql`)
const { lambda } = requireThere('grafast')
const { grafserv } = requireThere('grafserv/node')
const { makeSchema } = require('./schema.cjs')

async function* awaited(list) {
  for (const item of list) yield item
}

/** Only what a plan gives is streamed. */
const planOf =
  ({ resolve }) =>
  ($parent, args) =>
    lambda([$parent, args.getRaw()], ([parent, values]) => awaited(resolve(parent, values)))

exports.start = async function start({ server, report }) {
  const schema = makeSchema({ report, hasDirectives: true })
  const { numbers, people } = schema.getQueryType().getFields()
  const { friends } = schema.getType('Person').getFields()
  for (const field of [numbers, people, friends])
    Object.assign(field, { resolve: undefined, extensions: { grafast: { plan: planOf(field) } } })
  const preset = { grafserv: { graphqlPath: '/graphql', maskError: (error) => error } }
  await grafserv({ preset, schema }).addTo(server)
}
