import type { Clock, ResultError } from '@graphlinks/core'
import type { CloseCode } from './closeCodes.ts'
import * as failures from './failures.ts'
import type { FullHandshake } from './handshake.ts'
import type { Protocol, ProtocolOperation, ProtocolSession } from './protocol.ts'
import { closeSocket, type MessageEventLike, type Socket, type UpgradeResponse } from './socket.ts'

/** What every socket of a link has in common. */
export interface SocketOptions {
  readonly endpoint: URL
  readonly protocol: Protocol
  readonly connectTimeoutMs: number
  readonly pingMs: number
  readonly pongTimeoutMs: number
  readonly maxMessageBytes: number
  readonly maxBufferedBytes: number
  readonly closeCodes: Readonly<Record<number, CloseCode>>
  readonly clock: Clock
}

/** Hears of one socket, until it is lost or closed. */
export interface SocketListener {
  opened(): void
  acknowledged(payload: unknown): void
  readonly ping: () => void
  /** Hears of each message, where somebody wants to know. */
  readonly message: ((direction: 'in' | 'out', text: string) => void) | undefined
  readonly next: (id: string, payload: object) => void
  readonly error: (id: string, errors: readonly ResultError[]) => void
  readonly complete: (id: string) => void
  /** The socket is being closed. @param gone - resolves when it is. */
  closing(gone: Promise<void>): void
  /** The socket is of no use any more. Nothing follows. */
  lost(failure: failures.SocketFailure): void
  /** What must not be seen in what is said of this socket. */
  peer(): failures.Peer
}

/** One socket, from its handshake to its end: the platform's events, and silence, become words about a connection. */
export class SocketAttempt {
  /** Whether it was closed, or lost. */
  isOver = false
  readonly #options: SocketOptions
  readonly #listener: SocketListener
  readonly #socket: Socket
  readonly #session: ProtocolSession
  readonly #decoder = new TextDecoder()
  #acknowledged = false
  /** Whether there was any message since the timer was armed; `undefined`: none since the server was asked. */
  #heard: boolean | undefined = false
  readonly #releases: (() => void)[] = []
  #cancelTimer: () => void

  /** @throws what the WebSocket class throws. */
  constructor(
    { url, subprotocols, payload, upgradeHeaders, answered, socketClass }: FullHandshake,
    options: SocketOptions,
    listener: SocketListener,
  ) {
    const { protocol, clock, connectTimeoutMs, maxMessageBytes } = options
    const { ping, next, error, complete } = listener
    this.#options = options
    this.#listener = listener
    const socket = new socketClass(url, subprotocols.length === 1 ? (subprotocols[0] as string) : [...subprotocols], {
      headers: upgradeHeaders,
      maxPayload: maxMessageBytes,
    })
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    // `ws` throws errors that nobody listens to, also after the end.
    socket.addEventListener('error', ignore)
    // `ws` reports a wrong subprotocol as an error that does not name it.
    socket.on?.('upgrade', (response) => {
      this.#checkProtocol(response.headers['sec-websocket-protocol'] as string | undefined)
      answered?.(response).catch((error: unknown) => this.#fail({ error }))
    })
    if (answered) socket.on?.('unexpected-response', (_, response) => void this.#refuse(response, answered))
    this.#cancelTimer = clock.after(connectTimeoutMs, () =>
      this.#giveUp(`no connection_ack within ${connectTimeoutMs} ms (connectTimeoutMs)`, failures.sentCodes.noAck),
    )
    this.#session = protocol.start({
      endpoint: options.endpoint,
      send: (message) => {
        if (socket.readyState !== socketOpen) return
        socket.send(message)
        listener.message?.('out', message)
      },
      payload,
      listener: {
        acknowledged: (payload) => {
          if (this.#acknowledged || this.isOver) return
          this.#acknowledged = true
          this.#cancelTimer()
          if (this.#session.ping) this.#listen()
          listener.acknowledged(payload)
        },
        ping,
        next,
        error,
        complete,
        expectLife: (withinMs) => this.#expectLife(withinMs),
        refused: (payload, mayPass) => this.#lose(failures.refused(payload, listener.peer(), mayPass)),
        malformed: (error) => this.#malformed(error),
      },
    })
    socket.onopen = () => this.#open()
    socket.onmessage = (event) => this.#receive(event)
    socket.onerror = (event) => this.#fail(event)
    socket.onclose = (event) => this.#lose(failures.closed(event, listener.peer(), options.closeCodes))
  }

  /** Whether what was sent is still on its way, so that more should wait. */
  get isCongested(): boolean {
    return (this.#socket.bufferedAmount ?? 0) > this.#options.maxBufferedBytes
  }

  /** Calls these at its end: timers and listeners that belong to it. */
  hold(...releases: readonly (() => void)[]): void {
    this.#releases.push(...releases)
  }

  subscribe(id: string, operation: ProtocolOperation): void {
    this.#session.subscribe(id, operation)
  }

  unsubscribe(id: string): void {
    if (!this.isOver) this.#session.unsubscribe(id)
  }

  /** Asks the server at once whether it lives: after a sleep, a socket may look open and be dead. */
  probe(): void {
    // A question without an answer goes on: those who ask again and again would wait for ever.
    if (this.#acknowledged && !this.isOver && this.#session.ping && this.#heard !== undefined) this.#ask()
  }

  /** Closes the socket, whatever its state. The listener hears nothing any more. */
  close(code: number = failures.sentCodes.normal): void {
    if (this.isOver) return
    this.isOver = true
    this.#cancelTimer()
    for (const release of this.#releases.splice(0)) release()
    this.#session.ended()
    const socket = this.#socket
    // A WebSocket class may not mind that it was closed while it was connecting, and open.
    socket.onopen = () => socket.close(code, '')
    socket.onmessage = socket.onerror = socket.onclose = null
    this.#listener.closing(closeSocket(socket, code, this.#options.clock))
  }

  /** @param isOurs - whether it is the link that closes the socket, and says why. */
  #lose(failure: failures.SocketFailure, isOurs = false): void {
    if (this.isOver) return
    this.close(isOurs ? failure.code : undefined)
    this.#listener.lost(failure)
  }

  #open(): void {
    this.#checkProtocol(this.#socket.protocol)
    if (this.isOver) return
    this.#listener.opened()
    this.#session.opened()
  }

  #receive({ data }: MessageEventLike): void {
    if (this.isOver) return
    this.#heard = true
    const { maxMessageBytes } = this.#options
    if (sizeOf(data) > maxMessageBytes) return this.#lose(failures.tooLarge(maxMessageBytes))
    let text: string
    try {
      text = typeof data === 'string' ? data : this.#decoder.decode(data as ArrayBuffer)
    } catch {
      // A Blob has to be waited for, and what comes after it would overtake it.
      return this.#malformed(new Error('the WebSocket class ignores binaryType'))
    }
    this.#listener.message?.('in', text)
    this.#session.received(text)
  }

  #malformed(error: Error): void {
    this.#lose(failures.badMessage(error, this.#listener.peer()), true)
  }

  #checkProtocol(chosen: string | undefined): void {
    const { subprotocol } = this.#options.protocol
    if (chosen === subprotocol) return
    this.#lose(failures.wrongProtocol(this.#listener.peer(), chosen, subprotocol), true)
  }

  /** The handshake was answered, and not by a socket. Cookies may be what is to come of it, so they are kept first. */
  async #refuse(response: UpgradeResponse, answered: NonNullable<FullHandshake['answered']>): Promise<void> {
    try {
      const atOnce = await answered(response)
      this.#fail({ message: `Unexpected server response: ${response.statusCode}` }, atOnce)
    } catch (error) {
      this.#fail({ error })
    }
  }

  #fail(event: unknown, atOnce?: boolean): void {
    const peer = this.#listener.peer()
    this.#lose(
      this.#acknowledged
        ? failures.broken(event, peer, this.#options.maxMessageBytes)
        : failures.notConnected(event, peer, atOnce),
    )
  }

  /** As long as messages come, the server lives; after a while without any, it is asked. */
  #listen(): void {
    this.#watch(
      this.#options.pingMs,
      () => this.#listen(),
      () => this.#ask(),
    )
  }

  #ask(): void {
    this.#session.ping?.()
    this.#watch(this.#options.pongTimeoutMs, () => this.#listen())
    this.#heard = undefined
  }

  /** The protocol says how long the server may be silent. */
  #expectLife(withinMs: number): void {
    if (this.#session.ping || this.isOver) return
    this.#watch(withinMs, () => this.#expectLife(withinMs))
  }

  /** Any message counts as life. It costs no look at the clock. */
  #watch(
    forMs: number,
    onLife: () => void,
    onSilence: () => void = () => this.#giveUp('the server gives no sign of life', failures.sentCodes.terminated),
  ): void {
    this.#cancelTimer()
    this.#heard = false
    this.#cancelTimer = this.#options.clock.after(forMs, () => (this.#heard ? onLife() : onSilence()))
  }

  #giveUp(reason: string, code: number): void {
    this.#lose(failures.silent(this.#listener.peer().url, reason, code), true)
  }
}

const socketOpen = 1

/** Of a text, its characters: no more than its bytes, and counted already. */
function sizeOf(data: unknown): number {
  if (typeof data === 'string') return data.length
  const { byteLength, size } = Object(data) as { byteLength?: number; size?: number }
  return byteLength ?? size ?? 0
}

function ignore(): void {}
