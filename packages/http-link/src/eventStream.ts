import { single, type Operation, type Result, type Results } from '@graphlinks/core'
import { withCredential, withExtensions } from '@graphlinks/core/deferred'
import type { Attempt } from './attempt.ts'
import { headersWithoutJson } from './csrf.ts'
import { explainFailure } from './failure.ts'
import type { Settings } from './options.ts'
import type { WireResponse } from './response.ts'
import type { failureOf, OpenResponse, readWhole, send } from './send.ts'
import { createSharedEventDecoder, defaultIdleTimeoutMs } from './streams.ts'
import { StreamSubscription } from './streamSubscription.ts'
import type { WireRequest } from './transport.ts'

/** Handed over, because what is imported here by value would be a chunk of its own in everybody's bundle. */
export interface EventStreamParts {
  readonly Attempt: typeof Attempt
  readonly requestOf: (operation: Operation, settings: Settings) => WireRequest | Promise<WireRequest>
  readonly resultOf: (
    operation: Operation,
    response: OpenResponse,
    attempt: Attempt,
    settings: Settings,
  ) => Result | Promise<Result>
  readonly send: typeof send
  readonly readWhole: typeof readWhole
  readonly failureOf: typeof failureOf
}

/** What a subscription fails with when its stream is no more. */
type Loss = (subscription: StreamSubscription) => unknown

/** What each request wants. The reference server compares it as text, and knows no lists. */
const accepted = { PUT: 'text/plain', GET: 'text/event-stream', POST: 'application/json', DELETE: '*/*' }

/** How long a stream that nobody uses is kept for the next subscription. */
const idleStreamMs = 1_000

/**
 * One event stream of single-connection mode. It is reserved and opened with the fields of the first operation, then
 * used by all of the same identity.
 */
export class EventStream {
  readonly #settings: Settings
  readonly #parts: EventStreamParts
  readonly #onClose: () => void
  readonly #subscriptions = new Map<string, StreamSubscription>()
  /** Those of the stream's own requests: they end with the stream, not with an operation. */
  readonly #attempts = new Set<Attempt>()
  /** `undefined` where none was given; the stream is closed then. */
  readonly #token: Promise<string | undefined>
  #response: OpenResponse | undefined
  #count = 0
  #isClosed = false
  #cancelIdleTimer: (() => void) | undefined

  constructor(operation: Operation, settings: Settings, parts: EventStreamParts, onClose: () => void) {
    this.#settings = settings
    this.#parts = parts
    this.#onClose = onClose
    this.#token = this.#reserve(operation)
  }

  /**
   * Sends an operation. Its results come by the stream; where the server refuses it, they are the answer.
   *
   * @returns `undefined` when the server has lost the stream; `isLast`: it throws then.
   */
  async subscribe(operation: Operation, attempt: Attempt, isLast: boolean): Promise<Results | undefined> {
    const id = String(++this.#count)
    const subscription = new StreamSubscription(operation, attempt, this.#settings)
    // Before it is sent, because the first result may come before the answer.
    this.#subscriptions.set(id, subscription)
    this.#cancelIdleTimer?.()
    attempt.onAbort(() => {
      subscription.end({ error: attempt.reason as unknown })
      this.#cancel(id)
    })
    const token = await attempt.until(this.#token)
    const response = await this.#send(withExtensions(operation, { operationId: id }), attempt, 'POST', token)
    if (response.status === 202) {
      await this.#read(operation, response, attempt)
      // From here on, time is the stream's.
      attempt.limit(Infinity, '', '')
      attempt.leave()
      return subscription.results(() => this.#cancel(id))
    }
    this.#forget(id)
    if (response.status !== 404 || isLast)
      return single(await this.#parts.resultOf(operation, response, attempt, this.#settings))
    await this.#read(operation, response, attempt)
    this.#interrupt('the server lost the event stream')
    return undefined
  }

  close(): void {
    this.#interrupt('the event stream was closed')
  }

  #reserve(operation: Operation): Promise<string | undefined> {
    return this.#serve(async (attempt) => {
      attempt.limit(this.#settings.timeoutMs, 'timeoutMs', 'no event stream was reserved')
      const whole = await this.#read(operation, await this.#send(operation, attempt, 'PUT'), attempt)
      const token = whole.text?.trim()
      if (whole.status !== 201 || !token) return this.#lose((each) => explainFailure(each.operation, whole, 'foreign'))
      void this.#open(operation, token)
      return token
    })
  }

  /** Reads the stream to its end. Operations are sent meanwhile: until it is open, results wait on the server. */
  #open(operation: Operation, token: string): Promise<void> {
    const { idleTimeoutMs = defaultIdleTimeoutMs, maxResponseBytes } = this.#settings
    return this.#serve(async (attempt) => {
      const limitSilence = (): void => attempt.limit(idleTimeoutMs, 'idleTimeoutMs', 'nothing came by the event stream')
      limitSilence()
      const response = await this.#send(operation, attempt, 'GET', token)
      if (response.status !== 200 || response.mediaType !== 'text/event-stream') {
        const whole = await this.#read(operation, response, attempt)
        return this.#lose((each) => explainFailure(each.operation, whole, 'foreign'))
      }
      this.#response = response
      const decoder = createSharedEventDecoder(maxResponseBytes)
      for await (const chunk of response.body) {
        limitSilence()
        for (const event of decoder.push(chunk)) this.#take(event)
        if (decoder.isComplete) break
      }
      attempt.check()
      decoder.end()
      this.#interrupt('the server ended the event stream')
    })
  }

  /** An event is a result or the end of the operation that it names; of one that is over, it means nothing. */
  #take(event: unknown): void {
    const { id, ...rest } = Object(event) as { readonly id?: unknown }
    const subscription = this.#subscriptions.get(String(id))
    subscription?.take(rest, this.#response as OpenResponse, () => this.#forget(String(id)))
  }

  /** Nobody wants the results of an operation any more. The server is told, whether it listens or not. */
  #cancel(id: string): void {
    const subscription = this.#subscriptions.get(id)
    if (!subscription) return
    this.#forget(id)
    void this.#delete(subscription.operation, id)
  }

  async #delete(operation: Operation, id: string): Promise<void> {
    const token = await this.#token
    if (this.#isClosed) return
    const deletion = this.#withAttempt(async (attempt) => {
      attempt.limit(this.#settings.timeoutMs, 'timeoutMs', 'no response')
      await this.#read(operation, await this.#send(operation, attempt, 'DELETE', token, id), attempt)
    })
    // Results that come all the same are dropped, so that nobody has to know.
    await deletion.catch(() => {})
  }

  #forget(id: string): void {
    if (!this.#subscriptions.delete(id) || this.#subscriptions.size > 0) return
    this.#cancelIdleTimer = this.#settings.clock.after(idleStreamMs, () => this.close())
  }

  /** The stream is no more: all its subscriptions fail, and its requests end. */
  #lose(loss: Loss): undefined {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onClose()
    this.#cancelIdleTimer?.()
    const subscriptions = [...this.#subscriptions.values()]
    this.#subscriptions.clear()
    for (const subscription of subscriptions) subscription.attempt.abort(loss(subscription))
    for (const attempt of this.#attempts) attempt.abort(undefined)
  }

  /** The stream is over before its time. */
  #interrupt(message: string): void {
    this.#lose((subscription) => subscription.interrupted(message, this.#response))
  }

  /** Does a part of the stream's own work. What it throws is the end of the stream. */
  async #serve<Value>(run: (attempt: Attempt) => Promise<Value>): Promise<Value | undefined> {
    try {
      return await this.#withAttempt(run)
    } catch (error) {
      return this.#lose((each) =>
        this.#response ? each.failure(error, this.#response) : this.#parts.failureOf(error, each.operation),
      )
    }
  }

  async #withAttempt<Value>(run: (attempt: Attempt) => Promise<Value>): Promise<Value> {
    const attempt = new this.#parts.Attempt(undefined, this.#settings.clock, () => {})
    this.#attempts.add(attempt)
    try {
      return await run(attempt)
    } catch (error) {
      throw attempt.aborted ? attempt.reason : error
    } finally {
      this.#attempts.delete(attempt)
      attempt.abort(undefined)
    }
  }

  /**
   * Sends a request with the fields of an operation. The token is a credential: whoever has it can listen.
   *
   * @param id - of the operation that a DELETE is about.
   */
  async #send(
    operation: Operation,
    attempt: Attempt,
    method: keyof typeof accepted,
    token?: string,
    id?: string,
  ): Promise<OpenResponse> {
    const { requestOf, send } = this.#parts
    const held = token && { name: 'x-graphql-event-stream-token', value: token, link: 'httpLink' }
    const request = await requestOf(held ? withCredential(operation, held) : operation, this.#settings)
    const headers = new Map(request.headers).set('accept', accepted[method])
    if (method === 'POST') return send(operation, { ...request, headers }, attempt, this.#settings)
    const url = new URL(request.url)
    if (id) url.searchParams.set('operationId', id)
    const bare = { url, method, headers: headersWithoutJson(headers, this.#settings.csrf) }
    return send(operation, bare, attempt, this.#settings)
  }

  async #read(operation: Operation, response: OpenResponse, attempt: Attempt): Promise<WireResponse> {
    return this.#parts.readWhole(operation, response, attempt, this.#settings)
  }
}
