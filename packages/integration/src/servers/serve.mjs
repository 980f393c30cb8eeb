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
process.on('message', () => report('told'))
// Whoever started it is gone.
process.on('disconnect', () => process.exit())
const { start } = await import(`./${process.argv[2]}.cjs`)
const server = watch(createServer())
await start({ server, report })
server.listen(0, '127.0.0.1')
await once(server, 'listening')
report({ url: `http://127.0.0.1:${server.address().port}/graphql` })
