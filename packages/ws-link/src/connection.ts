import { documentTransfer, type Operation } from '@graphlinks/core'
import { onWake } from '@graphlinks/core/deferred'
import { prepareHandshake, refuseCredentials, watchCredentials } from './connectionCredentials.ts'
import type { ConnectionEvent } from './connectionEvents.ts'
import {
  transition,
  type Circumstances,
  type Effect,
  type Event,
  type RetryOptions,
  type State,
} from './connectionState.ts'
import * as failures from './failures.ts'
import type { FullHandshake, Handshake, HandshakeOptions } from './handshake.ts'
import type { Run } from './run.ts'
import { Runs } from './runs.ts'
import { SocketAttempt, type SocketOptions } from './socketAttempt.ts'

/** What every connection of a link has in common. */
export interface ConnectionOptions extends HandshakeOptions, SocketOptions, RetryOptions {
  readonly healthyMs: number
  readonly idleCloseMs: number
  readonly random: () => number
}

/** What a connection needs of the pool that it is in. */
export interface ConnectionHost {
  emit(event: ConnectionEvent): void
  /** Tells of a message, where somebody wants to know. */
  readonly message: ((connection: number, direction: 'in' | 'out', text: string) => void) | undefined
  /** The operation has another identity than before: it goes on elsewhere. */
  move(run: Run, handshake: Handshake, state: State): void
  /** A socket is being closed, until `gone` resolves. */
  closing(gone: Promise<void>): void
  /** The connection takes no more operations. */
  retire(connection: Connection): void
}

// How long to wait for a socket that has not sent yet what it was given.
const congestionMs = 10

/** What the operations of one identity share, over as many sockets as it takes. */
export class Connection {
  readonly number: number
  readonly key: string
  readonly #options: ConnectionOptions
  readonly #host: ConnectionHost
  #state: State
  #first: Handshake | undefined
  #handshake!: FullHandshake
  readonly #runs = new Runs()
  #attempt: SocketAttempt | undefined
  #wasConnected = false
  #failure: failures.Failure = failures.disposed
  readonly #events: Event[] = []
  /** Read when the machine asks for them. */
  readonly #circumstances: Circumstances
  /** The end of a pause or an idle time, or what keeps operations waiting: what the status waits for. */
  #cancelTimer: () => void = ignore
  readonly #releases: (() => void)[]

  constructor(number: number, handshake: Handshake, options: ConnectionOptions, host: ConnectionHost, state: State) {
    this.number = number
    this.key = handshake.key
    this.#first = handshake
    this.#options = options
    this.#host = host
    this.#state = { ...state, status: 'new', stale: undefined }
    const runs = this.#runs
    this.#circumstances = {
      ...options,
      get random() {
        return options.random()
      },
      get isUsed() {
        return runs.size > 0
      },
      get isBusy() {
        return runs.isBusy
      },
    }
    this.#releases = onWake(() => this.#dispatch({ type: 'wake' }))
  }

  get isIdle(): boolean {
    return this.#runs.size === 0
  }

  /** Runs an operation here from now on. */
  join(run: Run): void {
    if (run.isOver) return this.#settle()
    this.#runs.add(run)
    run.onStop = () => this.#stop(run)
    // It may have been idle.
    if (this.#runs.size === 1) this.#cancelTimer()
    this.#dispatch({ type: 'join' })
  }

  /** Closes the connection. What still runs here fails. */
  end(failure: failures.Failure): void {
    this.#failure = failure
    this.#dispatch({ type: 'ended' })
  }

  #dispatch(event: Event): void {
    // An effect may be the cause of another event: one after the other.
    if (this.#events.push(event) > 1) return
    for (let next = this.#events[0]; next; this.#events.shift(), next = this.#events[0]) {
      const [state, effects] = transition(this.#state, next, this.#circumstances)
      this.#state = state
      for (const effect of effects) this.#perform(effect)
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'open':
        return this.#open()
      case 'subscribe':
        return this.#subscribe()
      case 'unsubscribe':
        // What must not be started again fails with what the socket did.
        for (const run of this.#runs.lose(this.#options.clock.now())) this.#fail(run)
        return
      case 'blame':
        return this.#fail(effect.culprit)
      case 'refresh':
        return void this.#refresh(effect.again)
      case 'wait':
        this.#emit({ type: 'retrying', delayMs: effect.delayMs, attempt: this.#state.attempts + 1 })
        return this.#after(effect.delayMs, { type: 'elapsed' })
      case 'hold':
        return this.#after(this.#options.connectTimeoutMs, { type: 'elapsed' })
      case 'prepare':
        this.#cancelTimer()
        return void this.#prepare()
      case 'probe':
        return this.#attempt?.probe()
      case 'idle':
        return this.#after(this.#options.idleCloseMs, { type: 'ended' })
      case 'fail':
        for (const run of this.#runs) this.#fail(run)
        return
      case 'close':
        return this.#close()
      case 'retire':
        this.#cancelTimer()
        for (const release of this.#releases) release()
        return this.#host.retire(this)
    }
  }

  #open(): void {
    this.#emit({ type: 'connecting', attempt: this.#state.attempts })
    const peer = (): failures.Peer => failures.peerOf(this.#handshake, this.#runs)
    try {
      this.#attempt = new SocketAttempt(this.#handshake, this.#options, {
        peer,
        opened: () => this.#emit({ type: 'opened' }),
        ping: () => this.#emit({ type: 'ping' }),
        message: this.#host.message?.bind(undefined, this.number),
        acknowledged: (payload) => this.#acknowledge(payload),
        next: (id, payload) => this.#next(id, payload),
        error: (id, errors) => this.#leave(id)?.error(errors),
        complete: (id) => this.#leave(id)?.complete(),
        closing: (gone) => this.#host.closing(gone),
        lost: (failure) => this.#lose(failure),
      })
    } catch (error) {
      // Classes refuse a port, or plain ws in a page of https: they would again.
      return this.#lose({ ...failures.notConnected({ error }, peer()), action: 'fail' })
    }
    const [lead] = this.#runs
    if (!lead) return
    const releases = watchCredentials(lead.operation, this.#options.clock, (change) => {
      if (change === 'renewed') this.#dispatch({ type: 'stale' })
      else this.end(failures.sessionOver)
    })
    this.#attempt.hold(...releases)
  }

  #acknowledge(payload: unknown): void {
    const { clock, healthyMs } = this.#options
    // Before the listener is told, who may have the socket closed.
    this.#attempt?.hold(clock.after(healthyMs, () => this.#dispatch({ type: 'healthy' })))
    this.#emit({ type: 'connected', isRetry: this.#wasConnected, payload })
    this.#wasConnected = true
    this.#dispatch({ type: 'acknowledged' })
  }

  #next(id: string, payload: object): void {
    const run = this.#runs.get(id)
    if (!run) return
    if (!this.#state.wasUseful) this.#dispatch({ type: 'useful' })
    run.next(payload)
  }

  #lose(failure: failures.SocketFailure): void {
    this.#failure = failure.describe
    this.#emit({ type: 'closed', code: failure.code, error: failure.describe(anyOperation) })
    this.#cancelTimer()
    const { clock, connectTimeoutMs } = this.#options
    // A server has read a document in the time that it has for a connection.
    this.#dispatch({ type: 'lost', loss: failure, culprit: this.#runs.culprit(clock.now() - connectTimeoutMs) })
  }

  #close(): void {
    if (!this.#attempt || this.#attempt.isOver) return
    this.#attempt.close()
    this.#emit({ type: 'closed', code: failures.sentCodes.normal })
    this.#cancelTimer()
  }

  /** Starts what is not on the socket, as fast as the socket takes it. */
  #subscribe(): void {
    const attempt = this.#attempt as SocketAttempt
    // What graphql-ws was given is not in `bufferedAmount` before it had a turn.
    let given = 0
    for (const run of this.#runs.waiting) {
      if (attempt.isCongested || given > this.#options.maxBufferedBytes) {
        return this.#after(congestionMs, { type: 'join' })
      }
      given += run.size
      this.#start(run, attempt)
    }
  }

  #start(run: Run, attempt: SocketAttempt): void {
    if (run.isConnectOnly) {
      run.complete()
      this.#runs.delete(run)
      return this.#settle()
    }
    const { operation, query } = run
    const { operationName, variables, extensions } = operation
    const { id, gapMs } = this.#runs.start(run, this.#options.clock.now())
    const documentId = operation.context.get(documentTransfer)?.id
    attempt.subscribe(id, { query, documentId, operationName, variables, extensions, headers: this.#handshake.headers })
    if (gapMs === undefined) this.#emit({ type: 'subscribed', operationName, id })
    else this.#emit({ type: 'resubscribed', operationName, id, gapMs })
  }

  async #refresh(again: boolean): Promise<void> {
    this.#dispatch({ type: 'refreshed', outcome: await refuseCredentials(this.#runs, again) })
  }

  async #prepare(): Promise<void> {
    const first = this.#first
    this.#first = undefined
    const prepared = await prepareHandshake(
      this.#runs,
      this.key,
      this.#options,
      first,
      (moved) => {
        const state = this.#state
        for (const { run } of moved) this.#runs.delete(run)
        // With nobody left, this connection makes room for theirs.
        this.#settle()
        for (const { run, handshake } of moved) this.#host.move(run, handshake, state)
      },
      (run, failure) => this.#fail(run, failure),
    )
    if (!prepared) return
    if ('retryAfterMs' in prepared) {
      this.#failure = () => prepared.error
      this.#dispatch({ type: 'unprepared', retryAfterMs: prepared.retryAfterMs })
    } else {
      this.#handshake = prepared
      this.#dispatch({ type: 'prepared' })
    }
  }

  /** The consumer left, or the operation was aborted. */
  #stop(run: Run): void {
    const { id } = run
    this.#runs.delete(run)
    if (id !== undefined) this.#attempt?.unsubscribe(id)
    this.#settle()
  }

  /** The server is done with an operation. @returns it, unless it was over before. */
  #leave(id: string): Run | undefined {
    const run = this.#runs.get(id)
    if (!run) return undefined
    this.#runs.delete(run)
    this.#settle()
    return run
  }

  #fail(run: Run, failure: failures.Failure = this.#failure): void {
    const mayHaveRun = run.id !== undefined && run.operation.kind === 'mutation'
    this.#runs.delete(run)
    run.fail(failure, { attempts: this.#state.attempts, mayHaveRun })
    this.#settle()
  }

  #settle(): void {
    if (this.#runs.size === 0) this.#dispatch({ type: 'emptied' })
    else if (this.#state.stale) this.#dispatch({ type: 'left' })
  }

  #after(delayMs: number, event: Event): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#options.clock.after(delayMs, () => this.#dispatch(event))
  }

  #emit(event: WithoutConnection<ConnectionEvent>): void {
    this.#host.emit({ ...event, connection: this.number })
  }
}

type WithoutConnection<Event> = Event extends unknown ? Omit<Event, 'connection'> : never

/** An event tells of a socket, and of no operation. */
const anyOperation = { operationName: undefined } as Operation

function ignore(): void {}
