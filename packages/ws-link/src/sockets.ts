/**
 * All that a link does with sockets. Loaded with its first operation: most pages have content to show before they have
 * something to subscribe to.
 */
import {
  ownOptions,
  DocumentError,
  documentTransfer,
  inDevelopment,
  OptionsError,
  type Operation,
  type Result,
  type Results,
} from '@graphlinks/core'
import { redactError } from '@graphlinks/core/redact'
import type { Assembler } from './assembler.ts'
import { detailsOf } from './details.ts'
import { disposed, unsendable } from './failures.ts'
import { graphqlTransportWs } from './graphqlTransportWs.ts'
import { createHandshake } from './handshake.ts'
import type { Settings } from './options.ts'
import { ConnectionPool } from './pool.ts'
import type { Protocol } from './protocol.ts'
import { Run, throwIfAborted } from './run.ts'

/** The sockets of one link. */
export class Sockets {
  readonly #settings: Settings & { readonly protocol: Protocol }
  #pool: ConnectionPool | undefined

  constructor(settings: Settings) {
    this.#settings = { ...settings, protocol: settings.protocol ?? graphqlTransportWs }
  }

  /**
   * Makes everything ready for an operation, which is begun when its results are read.
   *
   * @param isDisposed - whether the link was disposed since the operation came.
   */
  async run(operation: Operation, isDisposed: () => boolean): Promise<Results> {
    const { protocol, parse, maxQueuedResults, overflow } = this.#settings
    checkKind(operation, protocol)
    const jsonSize = checkJson(operation)
    const { text: isSent, incremental = false } = operation.context.get(documentTransfer) ?? {}
    const [handshake, query] = await Promise.all([
      createHandshake(operation, this.#settings),
      isSent === false ? '' : operation.document.text(),
    ])
    if (query) checkDocument(query, operation, parse)
    const createAssembler = incremental || mayHaveParts(query) ? await assemblerOf(operation) : undefined
    const start = (): AsyncIterator<Result> => {
      // A generator in the chain may come back here after all: nothing is opened for what is over.
      throwIfAborted(operation)
      if (isDisposed()) throw disposed(operation)
      const run = new Run({
        operation,
        query,
        size: query.length + jsonSize,
        createAssembler,
        maxQueuedResults,
        overflow,
      })
      this.#pool ??= new ConnectionPool(this.#settings)
      this.#pool.run(run, handshake)
      return run.queue
    }
    return { [Symbol.asyncIterator]: start }
  }

  /** Closes all connections. @returns when their sockets are gone. */
  async dispose(): Promise<void> {
    await this.#pool?.dispose()
  }
}

function checkKind(operation: Operation, protocol: Protocol): void {
  const { name, kinds } = ownOptions(protocol)
  if (!kinds || kinds.includes(operation.kind)) return
  throw new OptionsError(
    inDevelopment(() => `${name} carries a ${kinds.join(' or a ')} only: send others elsewhere, with split`) ??
      'protocol',
    detailsOf(operation),
  )
}

/** @throws {@link DocumentError} when the document is malformed, by the word of the application's parser. */
function checkDocument(query: string, operation: Operation, parse: ((document: string) => unknown) | undefined): void {
  try {
    parse?.(query)
  } catch (cause) {
    throw new DocumentError('the document is malformed; see cause', {
      ...detailsOf(operation),
      cause: redactError(operation, cause),
    })
  }
}

/** Whether results may come in parts. A text or a comment that looks like it does no harm. */
function mayHaveParts(query: string): boolean {
  return /@[\s,\uFEFF]*(defer|stream)\b/.test(query)
}

/** Before the operation is sent: its messages can't wait. */
async function assemblerOf(operation: Operation): Promise<() => Assembler> {
  const { Assembler } = await import('./assembler.ts')
  return () => new Assembler(operation)
}

/**
 * Up front: graphql-ws leaves a rejected promise behind that nobody handles when it finds out for itself.
 *
 * @returns how long they are.
 */
function checkJson(operation: Operation): number {
  const { variables, extensions } = operation
  try {
    return variables || extensions ? JSON.stringify([variables, extensions]).length : 0
  } catch (error) {
    throw unsendable(error)(operation)
  }
}
