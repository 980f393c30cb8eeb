import { executionOf, replay, ResultQueue, type Operation, type Result, type ResultError } from '@graphlinks/core'
import type { Assembler } from './assembler.ts'
import type { Failure, Progress } from './failures.ts'
import { connectOnly } from './index.ts'

/** What {@link Run} is made of. */
export interface RunInit {
  readonly operation: Operation
  readonly query: string
  /** How much there is to send, in characters, about. */
  readonly size: number
  /** Where payloads may be parts of results. A new one for each time that the operation is started. */
  readonly createAssembler: (() => Assembler) | undefined
  readonly maxQueuedResults: number
  readonly overflow: 'error' | 'drop-oldest'
}

/** One operation on a connection, from its first socket to its last. */
export class Run {
  /** With the credentials that it was last prepared with. */
  operation: Operation
  readonly query: string
  readonly size: number
  readonly queue: ResultQueue
  /** On the present socket; `undefined` while it is on none. */
  id: string | undefined = undefined
  /** On how many sockets it was started. */
  starts = 0
  /** When it was started last, by the clock that never goes back. */
  startedAt = 0
  /** Whether anything ever came back. */
  hasAnswer = false
  /** When it lost its socket, by the clock that never goes back. */
  lostAt: number | undefined = undefined
  /** Called once, when the consumer leaves, the operation is aborted, or it fails here. */
  onStop: () => void = () => {}
  readonly #createAssembler: (() => Assembler) | undefined
  #assembler: Assembler | undefined = undefined
  /** How long it was on no socket since the last result, all in all. */
  #gapMs: number | undefined = undefined
  /** Whether nothing is to come but the word that it is complete. */
  #hasAll = false
  #isOver = false
  readonly #leaveAbort: () => void

  constructor({ operation, query, size, createAssembler, maxQueuedResults, overflow }: RunInit) {
    this.operation = operation
    this.query = query
    this.size = size
    this.#createAssembler = createAssembler
    this.queue = new ResultQueue({ limit: maxQueuedResults, overflow, onClose: () => this.#stop() })
    this.#leaveAbort = onAbort(operation, (reason) => {
      this.queue.fail(reason)
      this.#stop()
    })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get isSubscription(): boolean {
    return this.operation.kind === 'subscription'
  }

  /** Whether the connection is all that it is for. */
  get isConnectOnly(): boolean {
    return this.operation.context.get(connectOnly) === true
  }

  /** Whether it may be started on another socket after it lost this one. */
  get isRepeatable(): boolean {
    const policy = this.operation.context.get(replay)
    if (this.starts === 0) return true
    if (this.#hasAll || policy === 'never') return false
    if (policy === 'always') return true
    return this.isSubscription || (this.operation.kind === 'query' && !this.hasAnswer)
  }

  /** It is being started on a socket. @returns how long it had none, where it had one before. */
  start(id: string, now: number): number | undefined {
    this.id = id
    this.startedAt = now
    this.starts++
    this.#assembler = this.#createAssembler?.()
    if (this.lostAt === undefined) return undefined
    const gapMs = now - this.lostAt
    this.lostAt = undefined
    this.#gapMs = (this.#gapMs ?? 0) + gapMs
    return gapMs
  }

  /** It is on no socket any more. */
  lose(now: number): void {
    if (this.id !== undefined) this.lostAt ??= now
    this.id = undefined
  }

  next(payload: object): void {
    this.hasAnswer = true
    try {
      const result = this.#assembler?.add(payload) ?? (payload as Result)
      this.#hasAll = !this.isSubscription && !result.hasNext
      this.queue.push(this.#gapMs === undefined || !this.isSubscription ? result : this.#resumed(result))
    } catch (error) {
      this.queue.fail(error)
      this.#stop()
    }
  }

  /** The server refused the operation, which is data. */
  error(errors: readonly ResultError[]): void {
    this.queue.push({ errors })
    this.#release()
    this.queue.end()
  }

  complete(): void {
    this.#release()
    try {
      this.#assembler?.end()
      this.queue.end()
    } catch (error) {
      this.queue.fail(error)
    }
  }

  /** It ends here, and nobody needs to be told. With its result it is well, whatever becomes of the socket. */
  fail(failure: Failure, progress?: Progress): void {
    this.#release()
    if (this.#hasAll) this.queue.end()
    else this.queue.fail(failure(this.operation, progress))
  }

  /** The first result after a gap says that there was one. */
  #resumed(result: Result): Result {
    const gapMs = this.#gapMs as number
    this.#gapMs = undefined
    return { ...result, resumed: { gapMs } }
  }

  #stop(): void {
    if (this.#isOver) return
    this.#release()
    this.onStop()
  }

  #release(): void {
    this.#isOver = true
    this.#leaveAbort()
  }
}

/** Calls back when the operation is aborted. An execution needs no signal for that, which would cost more than the rest. */
function onAbort(operation: Operation, callback: (reason: unknown) => void): () => void {
  const execution = executionOf(operation)
  if (execution) return execution.onAbort(() => callback(execution.reason))
  const { signal } = operation
  const listener = (): void => callback(signal.reason)
  signal.addEventListener('abort', listener)
  return () => signal.removeEventListener('abort', listener)
}

/** @throws the reason, when the operation was aborted. */
export function throwIfAborted(operation: Operation): void {
  const execution = executionOf(operation)
  if (!execution) operation.signal.throwIfAborted()
  else if (execution.aborted) throw execution.reason
}
