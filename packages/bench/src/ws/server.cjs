// Pushes events as fast as its sockets take them, over graphql-transport-ws. In a process of its own, and with as little
// work for each event as there can be, so that what is measured is the client.
const { WebSocketServer } = require('ws')

const highWaterMark = 1_048_576

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
server.on('connection', (socket) => {
  let ids = []
  socket.on('message', (data) => {
    const { type, id, payload } = JSON.parse(Buffer.from(data).toString())
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}')
    if (type !== 'subscribe') return
    const { subscriptions, events } = payload.variables
    // A question: answered when everything before it was sent.
    if (subscriptions === undefined) {
      socket.send(JSON.stringify({ id, type: 'next', payload: { data: { asked: true } } }))
      socket.send(JSON.stringify({ id, type: 'complete' }))
    } else if (ids.push(id) === subscriptions) {
      push(socket, ids, events)
      ids = []
    }
  })
})
server.on('listening', () => process.send({ port: server.address().port }))
process.on('disconnect', () => process.exit())

function push(socket, ids, events) {
  let sent = 0
  const go = () => {
    for (; sent < events && socket.bufferedAmount < highWaterMark; sent++) {
      const id = ids[sent % ids.length]
      socket.send(`{"id":"${id}","type":"next","payload":{"data":{"event":{"n":${sent},"text":"something happened"}}}}`)
    }
    if (sent < events) setImmediate(go)
    else for (const id of ids) socket.send(`{"id":"${id}","type":"complete"}`)
  }
  go()
}
