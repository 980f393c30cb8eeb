import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { Settings } from './app.ts'

/** A server for one application, which must do what its kind promises, or it gets no name. */
export interface Server {
  readonly settings: Settings
  /** How often the tokens were renewed. */
  readonly renewals: () => number
}

/** Starts one, which runs as long as its process. With a session that has expired, it is also out of order at first. */
export async function startServer({ isExpired }: { readonly isExpired: boolean }): Promise<Server> {
  let renewals = 0
  let requests = 0
  const good = isExpired ? 'access-1' : 'access-0'
  const server = createServer(async (request, response) => {
    await bodyOf(request)
    const isGood = request.headers.authorization === `Bearer ${good}`
    if (isExpired && ++requests === 1) {
      // As a proxy says it.
      response.writeHead(503, { 'content-type': 'text/html' }).end('<h1>Service Unavailable</h1>')
      return
    }
    response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isGood ? { data: { viewer: { name: 'Ada' } } } : refused))
  })
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' })
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const { type, id, payload } = JSON.parse(data.toString()) as {
        readonly type: string
        readonly id?: string
        readonly payload?: object
      }
      if (type === 'connection_init') {
        if (JSON.stringify(payload).includes(`Bearer ${good}`)) socket.send('{"type":"connection_ack"}')
        else socket.close(4403, 'Forbidden')
      } else if (type === 'subscribe') {
        socket.send(JSON.stringify({ id, type: 'next', payload: { data: { event: 'hello' } } }))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    settings: {
      url: `http://127.0.0.1:${port}/graphql`,
      wsUrl: `ws://127.0.0.1:${port}/graphql`,
      session: { accessToken: 'access-0', refreshToken: 'refresh-0' },
      async renew(refreshToken) {
        renewals++
        if (refreshToken !== 'refresh-0') throw new Error(`${refreshToken} is no good`)
        return { accessToken: 'access-1', refreshToken: 'refresh-1' }
      },
    },
    renewals: () => renewals,
  }
}

const refused = { errors: [{ message: 'who are you?' }] }

async function bodyOf(request: IncomingMessage): Promise<void> {
  request.resume()
  await once(request, 'end')
}
