// Mercurius, which takes the protocol less strictly, and refuses connections in the words of the older one.
const fastify = require('fastify')
const mercurius = require('mercurius')
const { makeSchema } = require('./schema.cjs')
const { closeOnRequest, guard } = require('./webSockets.cjs')

exports.start = async function start({ server, report }) {
  const { mayConnect } = guard({ server, report })
  const app = fastify({
    serverFactory: (handle) => server.on('request', handle),
    forceCloseConnections: true,
  })
  app.register(mercurius, {
    schema: makeSchema({ report }),
    subscription: {
      fullWsTransport: true,
      onConnect: ({ payload }) => mayConnect(payload),
    },
  })
  await app.ready()
  // It keeps its sockets to itself, so the frame is written past it (RFC 6455 section 5.5.1).
  const connections = new Set()
  server.on('upgrade', (_, connection) => connections.add({ close: (code) => connection.write(closeFrame(code)) }))
  closeOnRequest(() => connections)
}

const closeFrame = (code) => Buffer.from([0x88, 2, code >> 8, code & 0xff])
