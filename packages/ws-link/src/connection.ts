import { ResultQueue, type Clock, type Operation, type Result, type ResultError } from '@graphlinks/core'
import { createClient, GRAPHQL_TRANSPORT_WS_PROTOCOL, type Client, type SubscribePayload } from 'graphql-ws/client'
import type { Assembler } from './assembler.ts'
import * as failures from './failures.ts'
import type { Handshake } from './handshake.ts'
import { closeSocket, lendSocket, type Socket, type SocketClass } from './socket.ts'

// A socket may live for days.
const rememberedOperations = 1_000

/** What every connection of a link has in common. */
export interface ConnectionOptions {
  readonly url: string
  readonly socketClass: SocketClass
  readonly connectTimeoutMs: number
  readonly idleCloseMs: number
  readonly maxQueuedResults: number
  readonly maxMessageBytes: number
  readonly clock: Clock
}

/** An operation that runs on the connection. */
interface Subscription {
  readonly operation: Operation
  readonly queue: ResultQueue
  readonly assembler: Assembler | undefined
  readonly onAbort: () => void
}

/**
 * One socket of one identity, from its handshake to its end. graphql-ws speaks the protocol; it would also reconnect by
 * itself (after a close with 1000 without any pause), so a connection lives for one socket, and when that is over
 * everything on it fails with a typed error.
 */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #payload: Handshake['payload']
  readonly #onRetired: (closed: Promise<void>) => void
  readonly #socket: Socket
  readonly #client: Client
  // By the id of their messages.
  readonly #subscriptions = new Map<string, Subscription>()
  // Of the last operations that ran here: a server may speak of one in the error of another.
  readonly #variables: unknown[] = []
  #lastId = 0
  #acknowledged = false
  #retired = false
  readonly #cancelConnectTimer: () => void
  #cancelIdleTimer: () => void = ignore

  /**
   * Opens the socket.
   *
   * @param onRetired - called once, when the connection takes no more operations. `closed` is when its socket is gone.
   * @throws what the WebSocket class throws.
   */
  constructor(handshake: Handshake, options: ConnectionOptions, onRetired: (closed: Promise<void>) => void) {
    const { url, socketClass, clock, connectTimeoutMs, maxMessageBytes } = options
    this.#options = options
    this.#payload = handshake.payload
    this.#onRetired = onRetired
    this.#socket = new socketClass(url, GRAPHQL_TRANSPORT_WS_PROTOCOL, {
      headers: handshake.headers ?? {},
      maxPayload: maxMessageBytes,
      followRedirects: false,
    })
    // `ws` throws errors that nobody listens to; graphql-ws takes its listener away when it is done.
    this.#socket.addEventListener('error', ignore)
    // `ws` reports a wrong subprotocol as an error that does not name it.
    this.#socket.on?.('upgrade', ({ headers }) => this.#checkProtocol(headers['sec-websocket-protocol']))
    this.#cancelConnectTimer = clock.after(connectTimeoutMs, () =>
      this.#fail(failures.notAcknowledged(url, connectTimeoutMs), failures.closeCodes.noAck),
    )
    this.#client = createClient({
      url,
      webSocketImpl: lendSocket(this.#socket, maxMessageBytes, () => this.#fail(failures.tooLarge(maxMessageBytes))),
      ...(handshake.payload ? { connectionParams: { ...handshake.payload } } : {}),
      // Not lazy: this class decides when the socket is opened and closed.
      lazy: false,
      retryAttempts: 0,
      onNonLazyError: ignore,
      generateID: () => String(this.#lastId),
      on: {
        opened: () => this.#onOpen(),
        connected: () => {
          this.#acknowledged = true
          this.#cancelConnectTimer()
        },
        // graphql-ws tells the sink of `complete` some turns later, and of messages that come after it before that.
        message: (message) => {
          if (message.type === 'complete') this.#complete(message.id)
        },
        error: (error) => this.#onError(error),
        closed: (event) => {
          if (!this.#retired) this.#fail(failures.closed(event as failures.CloseEventLike, this.#peer()))
        },
      },
    })
  }

  /**
   * Starts an operation and gives its results. Closing the queue ends it on the server.
   *
   * @param assembler - where payloads may be parts of results.
   */
  subscribe(operation: Operation, query: string, assembler?: Assembler): ResultQueue {
    const { operationName, variables, extensions, signal } = operation
    // Unique per socket, which is all the protocol asks.
    const id = String(++this.#lastId)
    let unsubscribe = ignore
    const stop = (): void => {
      if (this.#end(id)) unsubscribe()
    }
    const queue = new ResultQueue({ limit: this.#options.maxQueuedResults, onClose: stop })
    const onAbort = (): void => {
      queue.fail(signal.reason)
      stop()
    }
    signal.addEventListener('abort', onAbort)
    this.#subscriptions.set(id, { operation, queue, assembler, onAbort })
    this.#cancelIdleTimer()
    // Whatever happened since the link looked: nothing is sent, and the idle socket goes.
    if (signal.aborted) {
      onAbort()
      return queue
    }
    if (variables !== undefined) this.#variables.push(variables)
    if (this.#variables.length > rememberedOperations) this.#variables.shift()

    const payload: SubscribePayload = {
      query,
      ...(operationName === undefined ? {} : { operationName }),
      ...(variables === undefined ? {} : { variables: { ...variables } }),
      ...(extensions === undefined ? {} : { extensions: { ...extensions } }),
    }
    unsubscribe = this.#client.subscribe(payload, {
      next: (payload) => {
        if (!this.#subscriptions.has(id)) return
        try {
          queue.push(assembler ? assembler.add(Object(payload) as object) : (payload as Result))
        } catch (error) {
          queue.fail(error)
          stop()
        }
      },
      // An array is the server's request error, which is data. Anything else is the end of the socket, see #fail.
      error: (error) => {
        if (!Array.isArray(error)) return
        this.#subscriptions.get(id)?.queue.push({ errors: error as ResultError[] })
        this.#end(id)?.queue.end()
      },
      complete: ignore,
    })
    return queue
  }

  /** Closes the socket. What still runs on it fails. */
  close(): void {
    this.#fail(failures.disposed)
  }

  #complete(id: string): void {
    const subscription = this.#end(id)
    try {
      subscription?.assembler?.end()
      subscription?.queue.end()
    } catch (error) {
      subscription?.queue.fail(error)
    }
  }

  #peer(): failures.Peer {
    const running = [...this.#subscriptions.values()].map(({ operation }) => operation)
    return failures.peerOf(this.#options.url, this.#payload, running, this.#variables)
  }

  /** Forgets an operation that is over. @returns it, unless it was forgotten before. */
  #end(id: string): Subscription | undefined {
    const subscription = this.#subscriptions.get(id)
    if (!subscription) return undefined
    this.#subscriptions.delete(id)
    subscription.operation.signal.removeEventListener('abort', subscription.onAbort)
    if (this.#subscriptions.size === 0 && !this.#retired) {
      const { clock, idleCloseMs } = this.#options
      this.#cancelIdleTimer = clock.after(idleCloseMs, () => this.#retire(failures.closeCodes.normal))
    }
    return subscription
  }

  #onOpen(): void {
    // Only where a WebSocket class does not mind that it was closed while it was connecting.
    if (this.#retired) this.#socket.close(failures.closeCodes.normal, '')
    else this.#checkProtocol(this.#socket.protocol)
  }

  #checkProtocol(chosen: string | undefined): void {
    if (chosen === GRAPHQL_TRANSPORT_WS_PROTOCOL) return
    this.#fail(failures.wrongProtocol(this.#peer(), chosen), failures.closeCodes.wrongProtocol)
  }

  /** An error is graphql-ws's word about a message; an event is the platform's about the socket. */
  #onError(error: unknown): void {
    if (this.#retired) return
    if (typeof (error as { type?: unknown } | null)?.type !== 'string') {
      return this.#fail(failures.badMessage(error as Error, this.#peer()), failures.closeCodes.badResponse)
    }
    const { maxMessageBytes } = this.#options
    this.#fail(
      this.#acknowledged
        ? failures.broken(error, this.#peer(), maxMessageBytes)
        : failures.notConnected(error, this.#peer()),
    )
  }

  #fail(failure: failures.Failure, code: number = failures.closeCodes.normal): void {
    if (this.#retired) return
    const ids = [...this.#subscriptions.keys()]
    this.#retire(code)
    for (const id of ids) {
      const subscription = this.#end(id)
      subscription?.queue.fail(failure(subscription.operation))
    }
  }

  #retire(code: number): void {
    this.#retired = true
    this.#cancelConnectTimer()
    this.#cancelIdleTimer()
    // Keeps graphql-ws from reconnecting. It also waits for a connection that may never come: not we.
    Promise.resolve(this.#client.dispose()).catch(ignore)
    this.#onRetired(closeSocket(this.#socket, code, this.#options.clock))
  }
}

function ignore(): void {}
