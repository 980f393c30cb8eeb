import type { TerminalLink } from '@graphlinks/core'
import { detailsOf } from './details.ts'
import { SocketConnectError } from './errors.ts'
import { checkOptions, type WsLinkOptions } from './options.ts'
import type { Sockets } from './sockets.ts'

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
  const settings = checkOptions(options)
  let loading: Promise<Sockets> | undefined
  let disposals = 0

  const load = (): Promise<Sockets> =>
    (loading ??= import('./sockets.ts').then(
      (module) => new module.Sockets(settings),
      (error: unknown) => {
        loading = undefined
        throw error
      },
    ))
  const named: TerminalLink = async function wsLink(operation) {
    const startedAfter = disposals
    const sockets = await load().catch((cause: unknown) => {
      const message = 'the code of the sockets could not be loaded; see cause'
      throw new SocketConnectError(message, { ...detailsOf(operation), attempts: 0, cause }, true)
    })
    return sockets.run(operation, () => disposals !== startedAfter)
  }
  return Object.assign(named, {
    stage: 'terminal' as const,
    async dispose() {
      disposals++
      // What could not be loaded has nothing to close.
      await (await loading?.catch(() => undefined))?.dispose()
    },
  })
}
