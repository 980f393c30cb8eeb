// Starts one of the servers of this folder: node serve.mjs <name>. A process of its own, since these packages read the
// process's graphql, some end the process when they fail, and some have ES modules only. Started by realServers.ts, which
// gets `{ url }` and then what the server sees, and by record.mjs.
import { once } from 'node:events'
import { createServer } from 'node:http'

const report = (message) => process.connected && process.send(message)

/** Tells of every request, and of those whose client goes before it has the answer. */
function watch(server) {
  return server.on('request', ({ method, url, headers }, response) => {
    report({ what: 'request', method, url, headers })
    response.on('close', () => {
      if (!response.writableFinished) report({ what: 'aborted', method, url, headers })
    })
  })
}

// Messages keep their order: whoever gets this has had all before it.
process.on('message', (message) => message === 'tell' && report('told'))
// Whoever started it is gone.
process.on('disconnect', () => process.exit())
const { start } = await import(`./${process.argv[2]}.cjs`)
const server = watch(createServer())
const connections = new Set()
server.on('connection', (socket) => {
  connections.add(socket)
  socket.on('close', () => connections.delete(socket))
})
await start({ server, report })
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()
report({ url: `http://127.0.0.1:${port}/graphql` })

// A server that is away for a while, and comes back where it was.
process.on('message', ({ restart }) => {
  if (restart === 'stop') {
    server.close(() => report({ what: 'stopped' }))
    for (const socket of connections) socket.destroy()
  }
  if (restart === 'start') server.listen(port, '127.0.0.1', () => report({ what: 'started' }))
})
