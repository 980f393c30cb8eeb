import type { GraphLinksError, Operation } from '@graphlinks/core'
import { Connection, type ConnectionOptions } from './connection.ts'
import {
  describeMessage,
  type ConnectionEvent,
  type ConnectionListener,
  type SocketMessage,
} from './connectionEvents.ts'
import { initialState, type State } from './connectionState.ts'
import { detailsOf } from './details.ts'
import { SocketLimitError } from './index.ts'
import { disposed } from './failures.ts'
import type { Handshake } from './handshake.ts'
import type { Run } from './run.ts'

/** What a pool needs to know beside what its connections do. */
export interface PoolOptions extends ConnectionOptions {
  readonly maxSockets: number
  readonly onEvent: ConnectionListener | undefined
  readonly onMessage: ((message: SocketMessage) => void) | undefined
}

/** The connections of a link: one for each identity, and never one for two. */
export class ConnectionPool {
  readonly #options: PoolOptions
  readonly #connections = new Map<string, Connection>()
  /** Sockets that are not gone yet. */
  readonly #closing = new Set<Promise<void>>()
  #lastNumber = 0

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Runs an operation on the connection of its identity. @throws {@link SocketLimitError} */
  run(run: Run, handshake: Handshake, state: State = initialState): void {
    const { key } = handshake
    let connection = this.#connections.get(key)
    if (!connection) {
      this.#makeRoom(run.operation)
      connection = new Connection(++this.#lastNumber, handshake, this.#options, this.#host, state)
      this.#connections.set(key, connection)
    }
    connection.join(run)
  }

  /** Closes all connections. @returns when their sockets are gone. */
  async dispose(): Promise<void> {
    for (const connection of this.#connections.values()) connection.end(disposed)
    await Promise.all(this.#closing)
  }

  #makeRoom(operation: Operation): void {
    const { maxSockets } = this.#options
    if (this.#connections.size < maxSockets) return
    const idle = [...this.#connections.values()].find((connection) => connection.isIdle)
    if (idle) return idle.end(disposed)
    throw new SocketLimitError(
      `${maxSockets} identities have a socket each already (maxSockets), and all are in use`,
      detailsOf(operation),
    )
  }

  get #host() {
    const { onEvent, onMessage } = this.#options
    return {
      emit: (event: ConnectionEvent) => tell(onEvent, event),
      message:
        onMessage &&
        ((connection: number, direction: 'in' | 'out', text: string) =>
          tell(onMessage, { connection, direction, ...describeMessage(text) })),
      move: (run: Run, handshake: Handshake, state: State) => {
        try {
          this.run(run, handshake, state)
        } catch (error) {
          run.fail(() => error as GraphLinksError)
        }
      },
      closing: (gone: Promise<void>) => {
        this.#closing.add(gone)
        void gone.then(() => this.#closing.delete(gone))
      },
      retire: (connection: Connection) => {
        if (this.#connections.get(connection.key) === connection) this.#connections.delete(connection.key)
      },
    }
  }
}

/** A listener must not keep a connection from going on. */
function tell<Event>(listener: ((event: Event) => void) | undefined, event: Event): void {
  try {
    listener?.(event)
  } catch {}
}
