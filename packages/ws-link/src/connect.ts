import { contextKey, emptyContext, type CallOptions, type Client, type ContextKey } from '@graphlinks/core'

/**
 * In the context of a subscription: all that it is for is the connection. Nothing is sent for it, and it is complete when
 * the server has acknowledged the connection. See {@link connect}.
 *
 * @example
 * ```ts
 * import { split, type TerminalLink } from '@graphlinks/core'
 * import { connectOnly } from '@graphlinks/ws-link'
 *
 * // Where not every subscription goes over the socket.
 * export const route = (sockets: TerminalLink, http: TerminalLink): TerminalLink =>
 *   split((operation) => operation.context.get(connectOnly) === true || operation.operationName === 'Live', sockets, http)
 * ```
 */
export const connectOnly: ContextKey<boolean> = /* @__PURE__ */ contextKey('connectOnly')

/**
 * Opens the connection before there is an operation, as a first one would: with the credentials of the client's links,
 * with as many attempts, and with the same events. It is then kept for `idleCloseMs`, for the operation that is to come.
 * The client's chain must take subscriptions to a `wsLink`.
 *
 * @returns when the server has acknowledged the connection.
 * @throws what a first operation would fail with.
 *
 * @example
 * ```ts
 * import { bearerLink, chain, createClient } from '@graphlinks/core'
 * import { connect, wsLink } from '@graphlinks/ws-link'
 *
 * const socket = wsLink({ url: 'wss://api.example.com/graphql', idleCloseMs: 60_000 })
 * const client = createClient({ link: chain(bearerLink('secret-token'), socket) })
 * await connect(client)
 * await client.dispose()
 * ```
 */
export async function connect(client: Client, options: CallOptions = {}): Promise<void> {
  const context = (options.context ?? emptyContext).with(connectOnly, true)
  const results = client.subscribe('subscription Connect { __typename }', null, { ...options, context })
  for await (const _ of results);
}
