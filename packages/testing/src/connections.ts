import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** The connections of a scripted server. */
export class Connections {
  /** How many there are, were at most at one time, and were ever made. */
  readonly counts = { open: 0, most: 0, made: 0 }
  readonly #closings = new Map<Socket, Promise<void>>()

  add(socket: Socket): void {
    const { counts } = this
    counts.made++
    counts.most = Math.max(counts.most, ++counts.open)
    // One listener for all requests of a connection.
    const closed = new Promise<void>((resolve) =>
      socket.once('close', () => {
        counts.open--
        this.#closings.delete(socket)
        resolve()
      }),
    )
    this.#closings.set(socket, closed)
  }

  /** Resolves when a connection is closed, whoever did it. */
  closed(socket: Socket): Promise<void> {
    return this.#closings.get(socket) ?? Promise.resolve()
  }

  /** Breaks all off, with the server that has them. */
  async stop(server: Server): Promise<void> {
    const stopped = new Promise((resolve) => server.close(resolve))
    const closings = [...this.#closings.values()]
    // Not by a reset, which does nothing to a connection that is just ending.
    for (const socket of this.#closings.keys()) socket.destroy()
    await Promise.all([stopped, ...closings])
  }
}
