// Starts one of the servers of this folder: node serve.mjs <name>. A process of its own, since these packages read the
// process's graphql, some end the process when they fail, and some have ES modules only. Started by realServers.ts, which
// gets `{ url }` and then what the server sees, and by record.mjs.
import { once } from 'node:events'
import { createServer } from 'node:http'

const report = (message) => process.connected && process.send(message)

/** Tells of every request, and of those whose client goes before all of it is there, or before it has the answer. */
function watch(server) {
  return server.on('request', (request, response) => {
    const { method, url, headers } = request
    report({ what: 'request', method, url, headers })
    response.on('close', () => {
      if (!response.writableFinished || !request.complete) report({ what: 'aborted', method, url, headers })
    })
  })
}

const server = watch(createServer())
const connections = new Set()
server.on('connection', (connection) => {
  connections.add(connection)
  connection.on('close', () => connections.delete(connection))
})

/** Listens on a free port, or on the one it had before. */
async function listen(port = 0) {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

/** As when the machine is gone: connections are cut, and nobody listens. */
async function stop() {
  for (const connection of connections) connection.destroy()
  await new Promise((resolve) => server.close(resolve))
}

const commands = { stop, listen: () => listen(port) }
let obeyed = Promise.resolve()

async function obey(command) {
  for (const [name, value] of Object.entries(command)) await commands[name]?.(value, command)
  // Messages keep their order: whoever gets this has had all before it.
  report('told')
}
process.on('message', (command) => (obeyed = obeyed.then(() => obey(command))))
// Whoever started it is gone.
process.on('disconnect', () => process.exit())

// Only now, since the server's module may choose another graphql.
const { start } = await import(`./${process.argv[2]}.cjs`)
Object.assign(commands, await start({ server, report }))
const port = await listen()
report({ url: `http://127.0.0.1:${port}/graphql` })
