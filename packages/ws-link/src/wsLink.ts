import {
  DocumentError,
  inDevelopment,
  OptionsError,
  type Operation,
  type Result,
  type TerminalLink,
} from '@graphlinks/core'
import { redactError } from '@graphlinks/core/redact'
import type { Assembler } from './assembler.ts'
import { detailsOf } from './details.ts'
import { disposed, unsendable } from './failures.ts'
import { createHandshake } from './handshake.ts'
import { checkOptions, type WsLinkOptions } from './options.ts'
import { ConnectionPool } from './pool.ts'
import type { Protocol } from './protocol.ts'
import { Run } from './run.ts'
import { loadSocketClass } from './socket.ts'

/**
 * The terminal link of GraphQL over WebSocket (protocol graphql-transport-ws): queries, mutations and subscriptions.
 * Credentials of auth links travel in the `connection_init` payload. Operations of one identity share a socket, two
 * identities never do. With `@defer` and `@stream`, each result is all of the data so far.
 *
 * A socket that is lost is replaced, with credentials as they are then: subscriptions go on (the first result after the
 * gap says `resumed`), queries without a result are sent again, mutations that were sent fail, as they may have run.
 * Refused credentials are renewed once. A token that is about to expire is replaced, and the socket with it.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with a
 * {@link SocketClosedError}, {@link SocketConnectError}, {@link SocketLimitError}, `DocumentError`, `QueueOverflowError`,
 * `InsecureTransportError`, `TimeoutError` or `IncrementalDeliveryError`, with what an auth link fails with, or with the
 * reason of the caller's own signal.
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 *
 * @example
 * ```ts
 * import { bearerLink, chain, createClient } from '@graphlinks/core'
 * import { wsLink } from '@graphlinks/ws-link'
 *
 * const client = createClient({ link: chain(bearerLink('secret-token'), wsLink({ url: 'wss://api.example.com/graphql' })) })
 * for await (const { data } of client.subscribe('subscription { countdown(from: 3) }')) console.log(data)
 * await client.dispose()
 * ```
 */
export function wsLink(options: WsLinkOptions): TerminalLink {
  const { webSocket, parse, ...settings } = checkOptions(options)
  const { protocol, maxQueuedResults, overflow } = settings
  let pool: ConnectionPool | undefined
  let disposals = 0

  const named: TerminalLink = async function wsLink(operation) {
    checkKind(operation, protocol)
    checkJson(operation)
    const startedAfter = disposals
    const [handshake, socketClass, query] = await Promise.all([
      createHandshake(operation, settings),
      loadSocketClass(webSocket, settings.handshakeHeaders),
      operation.document.text(),
    ])
    checkDocument(query, operation, parse)
    const createAssembler = mayHaveParts(query) ? await assemblerOf(operation) : undefined
    const start = (): AsyncIterator<Result> => {
      // A generator in the chain may come back here after all: nothing is opened for what is over.
      operation.signal.throwIfAborted()
      if (disposals !== startedAfter) throw disposed(operation)
      const run = new Run({ operation, query, createAssembler, maxQueuedResults, overflow })
      pool ??= new ConnectionPool({ ...settings, socketClass })
      pool.run(run, handshake)
      return run.queue
    }
    return { [Symbol.asyncIterator]: start }
  }
  return Object.assign(named, {
    stage: 'terminal' as const,
    async dispose() {
      disposals++
      await pool?.dispose()
    },
  })
}

function checkKind(operation: Operation, { name, kinds }: Protocol): void {
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

/** Up front: graphql-ws leaves a rejected promise behind that nobody handles when it finds out for itself. */
function checkJson(operation: Operation): void {
  const { variables, extensions } = operation
  if (variables === undefined && extensions === undefined) return
  try {
    JSON.stringify([variables, extensions])
  } catch (error) {
    throw unsendable(error)(operation)
  }
}
