import {
  redact,
  redactError,
  ResultQueue,
  type Clock,
  type GraphLinksError,
  type Operation,
  type Result,
  type ResultError,
} from '@graphlinks/core'
import { createClient, GRAPHQL_TRANSPORT_WS_PROTOCOL, type Client, type SubscribePayload } from 'graphql-ws/client'
import { closeCode } from './closeCodes.ts'
import { SocketClosedError, SocketConnectError } from './errors.ts'
import type { Handshake } from './handshake.ts'
import { configureSocket, type Socket, type SocketClass } from './socket.ts'

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
}

const ackTimeout = 4504
const open = 1
// How long a server may take to answer a close before the socket is cut.
const closeTimeoutMs = 1_000

/**
 * One socket of one identity, from its handshake to its end. graphql-ws speaks the protocol; it would also reconnect by
 * itself (after a close with 1000 without any pause), so a connection lives for one socket, and when that is over
 * everything on it fails with a typed error.
 */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #onRetired: () => void
  readonly #client: Client
  readonly #subscriptions = new Set<Subscription>()
  #socket: Socket | undefined = undefined
  #acknowledged = false
  #retired = false
  #nextId = 0
  #cancelTimer: (() => void) | undefined = undefined

  constructor(handshake: Handshake, options: ConnectionOptions, onRetired: () => void) {
    this.#options = options
    this.#onRetired = onRetired
    this.#cancelTimer = options.clock.after(options.connectTimeoutMs, () => this.#fail(ackTimeout))
    this.#client = createClient({
      url: options.url,
      webSocketImpl: configureSocket(options.socketClass, {
        headers: handshake.headers,
        maxMessageBytes: options.maxMessageBytes,
        onSocket: (socket) => (this.#socket = socket),
      }),
      ...(handshake.payload ? { connectionParams: { ...handshake.payload } } : {}),
      // Not lazy: this class decides when the socket is opened and closed.
      lazy: false,
      retryAttempts: 0,
      onNonLazyError: ignore,
      // Unique per socket, which is all the protocol asks.
      generateID: () => String(++this.#nextId),
      on: {
        opened: (socket) => this.#checkProtocol((socket as Socket).protocol),
        connected: () => {
          this.#acknowledged = true
          this.#cancelTimer?.()
          this.#closeWhenIdle()
        },
        error: (error) => this.#fail(error),
        closed: (event) => this.#fail(event),
      },
    })
  }

  /** Starts an operation and gives its results. Closing the queue ends it on the server. */
  subscribe(operation: Operation, query: string): ResultQueue {
    const { operationName, variables, extensions, signal } = operation
    let unsubscribe = ignore
    const stop = (): void => {
      unsubscribe()
      over()
    }
    const queue = new ResultQueue({ limit: this.#options.maxQueuedResults, onClose: stop })
    const subscription: Subscription = { operation, queue }
    const onAbort = (): void => {
      queue.fail(signal.reason)
      stop()
    }
    const over = (): void => {
      signal.removeEventListener('abort', onAbort)
      if (this.#subscriptions.delete(subscription)) this.#closeWhenIdle()
    }
    signal.addEventListener('abort', onAbort)
    this.#subscriptions.add(subscription)
    if (this.#acknowledged) this.#cancelTimer?.()

    const payload: SubscribePayload = {
      query,
      ...(operationName === undefined ? {} : { operationName }),
      ...(variables === undefined ? {} : { variables: { ...variables } }),
      ...(extensions === undefined ? {} : { extensions: { ...extensions } }),
    }
    unsubscribe = this.#client.subscribe(payload, {
      next: (result) => {
        if (this.#subscriptions.has(subscription)) queue.push(result as Result)
      },
      // An array is the server's request error, which is data; anything else is the end of the socket, see #fail.
      error: (error) => {
        if (!Array.isArray(error) || !this.#subscriptions.has(subscription)) return
        queue.push({ errors: error as ResultError[] })
        queue.end()
        over()
      },
      complete: () => {
        if (!this.#subscriptions.has(subscription)) return
        queue.end()
        over()
      },
    })
    return queue
  }

  /** Closes the socket. What still runs on it fails. @returns when it is closed, or was cut because it would not. */
  async close(): Promise<void> {
    this.#fail({ code: 1000, reason: '' })
    await this.#closed
  }

  #closed: Promise<void> | undefined = undefined

  #closeWhenIdle(): void {
    if (this.#subscriptions.size > 0 || this.#retired || !this.#acknowledged) return
    this.#cancelTimer?.()
    this.#cancelTimer = this.#options.clock.after(this.#options.idleCloseMs, () => this.#retire(1000))
  }

  #checkProtocol(protocol: string): void {
    if (this.#retired) return this.#socket?.close(1000)
    if (protocol === GRAPHQL_TRANSPORT_WS_PROTOCOL) return
    const chosen = protocol === '' ? 'none' : `"${protocol}"`
    this.#fail(
      new Error(`the server chose the subprotocol ${chosen}, and the link speaks "${GRAPHQL_TRANSPORT_WS_PROTOCOL}"`),
      4406,
    )
  }

  /** The socket is over, for the reason that graphql-ws, the platform or this class gave. */
  #fail(cause: unknown, code = cause === ackTimeout ? ackTimeout : 1000): void {
    if (this.#retired) return
    const subscriptions = [...this.#subscriptions]
    this.#retire(code)
    for (const { operation, queue } of subscriptions) queue.fail(this.#explain(cause, operation))
  }

  #explain(cause: unknown, operation: Operation): GraphLinksError {
    const details = { link: 'wsLink', operationName: operation.operationName }
    const { url, connectTimeoutMs } = this.#options
    if (cause === ackTimeout) {
      const reason = `no connection_ack within ${connectTimeoutMs} ms (connectTimeoutMs)`
      return new SocketClosedError(`${origin(url)}: ${reason}`, { ...details, closeCode: ackTimeout, reason }, true)
    }
    if (isCloseEvent(cause)) {
      const { meaning, retryable } = closeCode(cause.code)
      const reason = redact(operation, cause.reason ?? '')
      return new SocketClosedError(
        `the socket was closed with ${cause.code} (${meaning})${reason && `: ${reason}`}`,
        { ...details, closeCode: cause.code, reason, wasClean: cause.wasClean === true },
        retryable,
      )
    }
    const error = redactError(operation, (cause as { error?: unknown } | undefined)?.error ?? cause)
    if (this.#acknowledged) {
      return new SocketClosedError('the socket broke; see cause', { ...details, closeCode: 1006, cause: error }, true)
    }
    const status = Number(/server response: (\d{3})/.exec(error.message)?.[1] ?? 0)
    const what = status
      ? `the handshake was answered with HTTP ${status}`
      : `no connection: ${error.message || 'the platform does not say why'}`
    return new SocketConnectError(
      `${origin(url)}: ${what}`,
      { ...details, cause: error },
      status === 0 ? !/subprotocol/.test(error.message) : status >= 500,
    )
  }

  #retire(code: number): void {
    this.#retired = true
    this.#cancelTimer?.()
    this.#subscriptions.clear()
    // Sets graphql-ws's flag that keeps it from reconnecting. It waits for a connection that may never come: not we.
    Promise.resolve(this.#client.dispose()).catch(ignore)
    this.#closed = this.#closeSocket(code)
    this.#onRetired()
  }

  async #closeSocket(code: number): Promise<void> {
    const socket = this.#socket
    if (!socket || socket.readyState > open + 1) return
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(closeTimeoutMs, () => {
        socket.terminate?.()
        resolve()
      })
      socket.addEventListener('close', () => {
        cancel()
        resolve()
      })
      if (socket.readyState === open) socket.close(code, '')
      else socket.close()
    })
  }
}

function isCloseEvent(value: unknown): value is { code: number; reason?: string; wasClean?: boolean } {
  return typeof (value as { code?: unknown } | null)?.code === 'number'
}

function origin(url: string): string {
  return new URL(url).origin
}

function ignore(): void {}
