import {
  documentTransfer,
  exchangesOf,
  renderFields,
  type Exchange,
  type Operation,
  type Result,
  type Results,
} from '@graphlinks/core'
import { exchangedHeaders } from '@graphlinks/core/exchange'

/** What a {@link memoryLink} answers: one result, several, an error to fail with, or any results. */
export type MemoryAnswer = Result | readonly Result[] | Error | Results

/** One operation as it arrived, with its headers opened as a terminal link would send them. */
export interface RecordedOperation {
  readonly operation: Operation
  /** Lower-case names. They hold the credentials: print them only in tests with made-up ones. */
  readonly headers: Readonly<Record<string, string>>
  /** How its results ended; `undefined` while they run. */
  readonly ended: 'completed' | 'failed' | 'closed' | undefined
}

/** A terminal link in memory, with what it was sent. */
export interface MemoryLink {
  (operation: Operation): Results
  readonly stage: 'terminal'
  /** Every operation whose results were iterated, in order. */
  readonly sent: readonly RecordedOperation[]
}

/** Options of {@link memoryLink}. */
export interface MemoryLinkOptions {
  /** Where it pretends to be, for credentials that are bound to origins. Default: `https://memory.test/graphql`. */
  readonly url?: string | undefined
}

/**
 * A terminal link that answers from memory and records what it was sent. It is cold: an operation counts as sent when
 * its results are iterated. It ends when the operation's signal aborts. Cookies and signatures are among the headers; no
 * answer is shown to who makes them.
 *
 * @param answer - what each operation gets. Default: `{ data: {} }`.
 *
 * @example
 * ```ts
 * import { bearerLink, chain, createClient } from '@graphlinks/core'
 * import { memoryLink } from '@graphlinks/testing'
 *
 * const memory = memoryLink({ data: { me: { name: 'Ada' } } })
 * const client = createClient({ link: chain(bearerLink('t'), memory) })
 * await client.query('{ me { name } }')
 * console.log(memory.sent[0]?.headers['authorization']) // Bearer t
 * ```
 */
export function memoryLink(
  answer: MemoryAnswer | ((operation: Operation) => MemoryAnswer | Promise<MemoryAnswer>) = { data: {} },
  { url = 'https://memory.test/graphql' }: MemoryLinkOptions = {},
): MemoryLink {
  const sent: { -readonly [Key in keyof RecordedOperation]: RecordedOperation[Key] }[] = []
  const endpoint = new URL(url)
  async function* run(operation: Operation): AsyncGenerator<Result> {
    const rendered = [...renderFields(operation, { endpoint, link: 'memoryLink' }).headers]
    const headers = new Map(rendered.filter((header): header is [string, string] => header[1] !== null))
    const exchanges = exchangesOf(operation)
    if (exchanges.length > 0) await change(headers, endpoint, operation, exchanges)
    const record: (typeof sent)[number] = { operation, headers: Object.fromEntries(headers), ended: undefined }
    sent.push(record)
    try {
      const answered = await untilAborted(operation, typeof answer === 'function' ? answer(operation) : answer)
      if (answered instanceof Error) throw answered
      if (Symbol.asyncIterator in answered) yield* read(operation, answered as Results)
      else if (Array.isArray(answered)) yield* answered as Result[]
      else yield answered as Result
      record.ended = 'completed'
    } catch (error) {
      record.ended = 'failed'
      throw error
    } finally {
      record.ended ??= 'closed'
    }
  }
  const named = function memoryLink(operation: Operation): Results {
    return { [Symbol.asyncIterator]: () => run(operation) }
  }
  return Object.assign(named, { stage: 'terminal' as const, sent })
}

/** As a terminal link lets cookies and signatures into a request. */
async function change(
  headers: Map<string, string>,
  url: URL,
  operation: Operation,
  exchanges: readonly Exchange[],
): Promise<void> {
  const { context, document, variables, operationName, extensions } = operation
  const { text: hasText, id: documentId } = context.get(documentTransfer) ?? {}
  const query = hasText === false ? undefined : await document.text()
  const body = JSON.stringify({ documentId, query, operationName, variables, extensions })
  for (const exchange of exchanges) {
    const changed = await exchange.request?.({ method: 'POST', url, headers, body }, operation)
    const destination = { endpoint: url, link: 'memoryLink' }
    for (const [name, value] of exchangedHeaders(operation, changed?.headers ?? {}, exchange.link, destination)) {
      if (value === null) headers.delete(name)
      else headers.set(name, value)
    }
  }
}

/** Results of a source that may be silent when the operation is cancelled, and knows nothing of that. */
async function* read(operation: Operation, results: Results): AsyncGenerator<Result> {
  const iterator = results[Symbol.asyncIterator]()
  let isOpen = true
  try {
    for (;;) {
      const step = await untilAborted(operation, iterator.next())
      isOpen = !step.done
      if (step.done) return
      yield step.value
    }
  } catch (error) {
    isOpen = operation.signal.aborted
    throw error
  } finally {
    // Not waited for: a generator closes when what it waits for is there.
    if (isOpen) void (async () => iterator.return?.())().catch(() => {})
  }
}

function untilAborted<Value>({ signal }: Operation, value: Value | Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    Promise.resolve(value)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
}
