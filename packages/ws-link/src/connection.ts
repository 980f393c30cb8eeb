import {
  credentialSources,
  leaseOf,
  onWake,
  renewCredentials,
  type Clock,
  type CredentialLease,
  type CredentialSource,
  type Operation,
} from '@graphlinks/core'
import type { ConnectionEvent } from './connectionEvents.ts'
import { transition, type Circumstances, type Effect, type Event, type State } from './connectionState.ts'
import * as failures from './failures.ts'
import { createHandshake, type Handshake, type HandshakeOptions } from './handshake.ts'
import type { Run } from './run.ts'
import { SocketAttempt, type SocketOptions } from './socketAttempt.ts'

/** What every connection of a link has in common. */
export interface ConnectionOptions extends HandshakeOptions, SocketOptions {
  readonly clock: Clock
  readonly connectTimeoutMs: number
  readonly connectAttempts: number
  readonly reconnectAttempts: number
  readonly retryDelayMs: number
  readonly maxRetryDelayMs: number
  readonly healthyMs: number
  readonly idleCloseMs: number
  readonly random: () => number
}

/** What a connection needs of the pool that it is in. */
export interface ConnectionHost {
  emit(event: ConnectionEvent): void
  /** The operation has another identity than before: it goes on elsewhere. */
  move(run: Run, operation: Operation, handshake: Handshake, state: State): void
  /** The connection takes no more operations. */
  retire(connection: Connection): void
}

// A socket may live for days.
const rememberedOperations = 1_000
// How often to look at clocks that may have stood still, or were set.
const longestTickMs = 60_000
const shortestTickMs = 1_000
// How long to wait for a socket that has not sent yet what it was given.
const congestionMs = 10

/** What the operations of one identity share, over as many sockets as it takes. */
export class Connection {
  readonly number: number
  readonly #options: ConnectionOptions
  readonly #host: ConnectionHost
  #state: State
  #handshake: Handshake
  readonly #runs = new Set<Run>()
  /** Those that are on no socket. */
  readonly #waiting = new Set<Run>()
  /** Those on the present socket, in the order in which they were sent. */
  readonly #byId = new Map<string, Run>()
  #attempt: SocketAttempt | undefined
  #wasConnected = false
  #lastId = 0
  /** Of the last operations that ran here: a server may speak of one in the error of another. */
  readonly #variables: unknown[] = []
  #failure: failures.Failure = failures.disposed
  readonly #events: Event[] = []
  /** Read when the machine asks for them. */
  readonly #circumstances: Circumstances
  /** The end of a socket, a pause or an idle time: what the status waits for. */
  #cancelTimer: () => void = ignore
  /** All that belongs to one socket. */
  #socketReleases: (() => void)[] = []
  readonly #releases: (() => void)[]

  constructor(number: number, handshake: Handshake, options: ConnectionOptions, host: ConnectionHost, state: State) {
    this.number = number
    this.#handshake = handshake
    this.#options = options
    this.#host = host
    this.#state = { ...state, status: 'new', isStale: false }
    const [isUsed, isBusy] = [() => this.#runs.size > 0, () => this.#isBusy]
    this.#circumstances = {
      ...options,
      get random() {
        return options.random()
      },
      get isUsed() {
        return isUsed()
      },
      get isBusy() {
        return isBusy()
      },
    }
    this.#releases = onWake(() => this.#dispatch({ type: 'wake' }))
  }

  get key(): string {
    return this.#handshake.key
  }

  get isIdle(): boolean {
    return this.#runs.size === 0
  }

  /** When the last socket is gone. */
  get closed(): Promise<void> {
    return this.#attempt?.closed ?? Promise.resolve()
  }

  /** Runs an operation here from now on. */
  join(run: Run): void {
    if (run.isOver) return this.#runs.size === 0 ? this.#dispatch({ type: 'emptied' }) : undefined
    this.#runs.add(run)
    this.#waiting.add(run)
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

  get #isBusy(): boolean {
    for (const run of this.#byId.values()) if (!run.isSubscription) return true
    return false
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'open':
        return this.#open()
      case 'subscribe':
        return this.#subscribe()
      case 'unsubscribe':
        return this.#unsubscribe()
      case 'blame':
        return this.#fail(this.#culprit as Run)
      case 'refresh':
        return void this.#refresh(effect.again)
      case 'wait':
        this.#emit({ type: 'retrying', delayMs: effect.delayMs, attempt: this.#state.attempts + 1 })
        return this.#after(effect.delayMs, { type: 'elapsed' })
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
    this.#watchCredentials()
    const peer = (): failures.Peer => {
      const { url, payload, parameters } = this.#handshake
      return failures.peerOf(
        url,
        [payload, parameters],
        [...this.#runs].map(({ operation }) => operation),
        this.#variables,
      )
    }
    try {
      this.#attempt = new SocketAttempt(this.#handshake, this.#options, {
        peer,
        opened: () => this.#emit({ type: 'opened' }),
        ping: () => this.#emit({ type: 'ping' }),
        acknowledged: (payload) => this.#acknowledge(payload),
        next: (id, payload) => this.#next(id, payload),
        error: (id, errors) => this.#leave(id)?.error(errors),
        complete: (id) => this.#leave(id)?.complete(),
        lost: (failure) => this.#lose(failure),
      })
    } catch (error) {
      // Classes refuse a port, or plain ws in a page of https: they would again.
      this.#lose({ ...failures.notConnected({ error }, peer()), action: 'fail' })
    }
  }

  #acknowledge(payload: unknown): void {
    this.#emit({ type: 'connected', isRetry: this.#wasConnected, payload })
    this.#wasConnected = true
    this.#socketReleases.push(
      this.#options.clock.after(this.#options.healthyMs, () => this.#dispatch({ type: 'healthy' })),
    )
    this.#dispatch({ type: 'acknowledged' })
  }

  #next(id: string, payload: object): void {
    const run = this.#byId.get(id)
    if (!run) return
    if (!this.#state.wasUseful) this.#dispatch({ type: 'useful' })
    run.next(payload)
  }

  #lose(failure: failures.SocketFailure): void {
    this.#failure = failure.describe
    this.#emit({ type: 'closed', code: failure.code, error: failure.describe(anyOperation) })
    this.#releaseSocket()
    this.#dispatch({ type: 'lost', loss: failure, hasCulprit: this.#culprit !== undefined })
  }

  #close(): void {
    if (!this.#attempt || this.#attempt.closed) return
    this.#attempt.close()
    this.#emit({ type: 'closed', code: failures.sentCodes.normal })
    this.#releaseSocket()
  }

  #releaseSocket(): void {
    this.#cancelTimer()
    for (const release of this.#socketReleases.splice(0)) release()
  }

  /** Starts what is not on the socket, as fast as the socket takes it. */
  #subscribe(): void {
    const attempt = this.#attempt as SocketAttempt
    // What graphql-ws was given is not in `bufferedAmount` before it had a turn.
    let given = 0
    for (const run of this.#waiting) {
      if (attempt.isCongested || given > this.#options.maxBufferedBytes) {
        this.#socketReleases.push(this.#options.clock.after(congestionMs, () => this.#dispatch({ type: 'join' })))
        return
      }
      given += run.query.length
      this.#start(run, attempt)
    }
  }

  #start(run: Run, attempt: SocketAttempt): void {
    const { operation, query } = run
    const { operationName, variables, extensions } = operation
    const id = String(++this.#lastId)
    const gapMs = run.start(id, this.#options.clock.now())
    this.#byId.set(id, run)
    this.#waiting.delete(run)
    if (variables !== undefined) this.#variables.push(variables)
    if (this.#variables.length > rememberedOperations) this.#variables.shift()
    attempt.subscribe(id, { query, operationName, variables, extensions, headers: this.#handshake.headers })
    if (gapMs === undefined) this.#emit({ type: 'subscribed', operationName, id })
    else this.#emit({ type: 'resubscribed', operationName, id, gapMs })
  }

  /** Takes everything off the socket. What must not be started again fails with what the socket did. */
  #unsubscribe(): void {
    const now = this.#options.clock.now()
    for (const run of this.#byId.values()) {
      if (!run.isRepeatable) {
        this.#fail(run)
        continue
      }
      run.lose(now)
      this.#waiting.add(run)
    }
    this.#byId.clear()
  }

  /** The operation that was sent last, if it was sent but now, and never had an answer. */
  get #culprit(): Run | undefined {
    const last = [...this.#byId.values()].filter((run) => !run.hasAnswer).at(-1)
    return last?.starts === 1 ? last : undefined
  }

  async #refresh(again: boolean): Promise<void> {
    const outcomes = await Promise.all(
      // What cannot say is asked again, once.
      this.#sources.map(async (source) => {
        const lease = leaseOf(source)
        return lease ? lease.refused(again) : 'renewable'
      }),
    )
    const outcome = outcomes.find((found) => found === 'replaced') ?? outcomes.find(Boolean)
    this.#dispatch({ type: 'refreshed', outcome })
  }

  /** Makes the credentials and the payload of the next socket: of each operation, as identities may part. */
  async #prepare(): Promise<void> {
    let delay: { readonly retryAfterMs: number; readonly error: unknown } | undefined
    let handshake: Handshake | undefined
    const prepare = async (run: Run): Promise<void> => {
      try {
        const operation = await renewCredentials(run.operation)
        const made = await createHandshake(operation, this.#options)
        if (!this.#runs.has(run)) return
        if (made.key !== this.key) return this.#move(run, operation, made)
        run.operation = operation
        handshake ??= made
      } catch (error) {
        const { retryAfterMs } = Object(error) as { readonly retryAfterMs?: number }
        if (retryAfterMs === undefined) this.#fail(run, () => error as never)
        else delay = { retryAfterMs, error }
      }
    }
    await Promise.all([...this.#runs].map(prepare))
    if (handshake && !delay) {
      this.#handshake = handshake
      this.#dispatch({ type: 'prepared' })
    } else if (delay) {
      this.#failure = failures.unprepared(delay.error)
      this.#dispatch({ type: 'unprepared', retryAfterMs: delay.retryAfterMs })
    } else if (this.#runs.size > 0) {
      // Those that came meanwhile.
      await this.#prepare()
    }
  }

  #move(run: Run, operation: Operation, handshake: Handshake): void {
    this.#remove(run)
    this.#host.move(run, operation, handshake, this.#state)
    if (this.#runs.size === 0) this.#dispatch({ type: 'emptied' })
  }

  get #sources(): readonly CredentialSource[] {
    return [...new Set([...this.#runs].flatMap((run) => credentialSources(run.operation)))]
  }

  /** Learns when there are better credentials than those of this socket, or that they must not be used any more. */
  #watchCredentials(): void {
    const [lead] = this.#runs
    const sources = lead ? credentialSources(lead.operation) : []
    for (const lease of sources.map(leaseOf)) {
      if (!lease) continue
      const leave = lease.subscribe((change) => {
        if (change === 'renewed') this.#dispatch({ type: 'stale' })
        else this.end(failures.sessionOver)
      })
      this.#socketReleases.push(leave, this.#checkInTime(lease))
    }
  }

  #checkInTime(lease: CredentialLease): () => void {
    let cancel: () => void
    const arm = (): void => {
      const dueMs = Math.min(Math.max(lease.dueMs ?? longestTickMs, shortestTickMs), longestTickMs)
      cancel = this.#options.clock.after(dueMs, () => {
        lease.check()
        arm()
      })
    }
    arm()
    return () => cancel()
  }

  /** The consumer left, or the operation was aborted. */
  #stop(run: Run): void {
    const { id } = run
    this.#remove(run)
    if (id !== undefined) this.#attempt?.unsubscribe(id)
    this.#settle()
  }

  /** The server is done with an operation. @returns it, unless it was over before. */
  #leave(id: string): Run | undefined {
    const run = this.#byId.get(id)
    if (!run) return undefined
    this.#remove(run)
    this.#settle()
    return run
  }

  #fail(run: Run, failure: failures.Failure = this.#failure): void {
    const mayHaveRun = run.id !== undefined && run.operation.kind === 'mutation' && !run.hasAnswer
    this.#remove(run)
    run.fail(failure, { attempts: this.#state.attempts, mayHaveRun })
    this.#settle()
  }

  #remove(run: Run): void {
    this.#runs.delete(run)
    this.#waiting.delete(run)
    if (run.id !== undefined) this.#byId.delete(run.id)
  }

  #settle(): void {
    if (this.#runs.size === 0) this.#dispatch({ type: 'emptied' })
    else if (this.#state.isStale) this.#dispatch({ type: 'left' })
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
