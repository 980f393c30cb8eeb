// Answers each query with its id and text of the size that its path asks for, in a process of its own: what the clients
// cost is measured without it. It says its port, and how many sockets it has at most, each time it is asked.
const { createServer } = require('node:http')

const texts = { 200: 'x'.repeat(150), 100_000: undefined }
// Many values rather than one long text, which every parser would only copy.
texts[100_000] = Array.from({ length: 1_000 }, (_, index) => ({ id: String(index), name: 'n'.repeat(70) }))

let sockets = 0
let most = 0
const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const { id } = JSON.parse(Buffer.concat(chunks)).variables
    const body = JSON.stringify({ data: { item: { id, content: texts[request.url.slice(1)] } } })
    response.writeHead(200, {
      'content-type': 'application/graphql-response+json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
    })
    response.end(body)
  })
})
server.on('connection', (socket) => {
  most = Math.max(most, ++sockets)
  socket.on('close', () => sockets--)
})
server.keepAliveTimeout = 60_000
server.listen({ port: 0, host: '127.0.0.1', backlog: 65_535 }, () => process.send({ port: server.address().port }))
process.on('message', () => {
  process.send({ most })
  most = sockets
})
