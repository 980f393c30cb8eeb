import { DisposedError, LinkError, type GraphLinksError, type Operation } from '@graphlinks/core'
import { partsOf, redact, redactError, secretsOf, valuesOf } from '@graphlinks/core/redact'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws/client'
import { closeCode } from './closeCodes.ts'
import { SocketClosedError, SocketConnectError } from './errors.ts'

/** Why a connection is over, in the words of one operation that was running on it. */
export type Failure = (operation: Operation) => GraphLinksError

/** What is known of a connection when it fails. */
export interface Peer {
  readonly url: string
  /** All that was sent on the connection and is nobody's business: a server may echo it in any operation's error. */
  readonly secrets: ReadonlySet<string>
}

/**
 * @param payload - of `connection_init`: a function of the application may put secrets there.
 * @param running - the operations on the connection, which share its end.
 * @param variables - of operations that ran on it before.
 */
export function peerOf(
  url: string,
  payload: unknown,
  running: readonly Operation[],
  variables: readonly unknown[] = [],
): Peer {
  const sent = [...valuesOf(payload)].flatMap((value) => [value, ...partsOf(value)])
  const secrets = new Set(sent)
  for (const operation of running) for (const secret of secretsOf(operation)) secrets.add(secret)
  for (const value of valuesOf(variables)) secrets.add(value)
  return { url, secrets }
}

/** A close event: the platform's, or that of `ws`. */
export interface CloseEventLike {
  readonly code: number
  readonly reason?: string
  readonly wasClean?: boolean
}

/** The close codes that this link sends. */
export const closeCodes = { normal: 1000, badResponse: 4004, wrongProtocol: 4406, noAck: 4504 } as const

/** The server, or the platform, closed the socket. */
export function closed({ code, reason = '', wasClean }: CloseEventLike, { secrets }: Peer): Failure {
  const { meaning, retryable } = closeCode(code)
  const shown = redact(secrets, reason)
  return (operation) =>
    new SocketClosedError(
      `the socket was closed with ${code} (${meaning})${shown && `: ${shown}`}`,
      { ...detailsOf(operation), closeCode: code, reason: shown, wasClean: wasClean === true },
      retryable,
    )
}

/** The server sent something that graphql-transport-ws does not allow. */
export function badMessage(error: Error, peer: Peer): Failure {
  return closed({ code: closeCodes.badResponse, reason: error.message }, peer)
}

/** The server did not acknowledge the connection in time. */
export function notAcknowledged(url: string, timeoutMs: number): Failure {
  const reason = `no connection_ack within ${timeoutMs} ms (connectTimeoutMs)`
  return (operation) =>
    new SocketClosedError(
      `${originOf(url)}: ${reason}`,
      { ...detailsOf(operation), closeCode: closeCodes.noAck, reason },
      true, // a server that is starting, or busy
    )
}

/** The server speaks another subprotocol, or none. */
export function wrongProtocol({ url, secrets }: Peer, chosen: string | undefined): Failure {
  const named = chosen ? `the subprotocol "${redact(secrets, chosen, 40)}"` : 'no subprotocol'
  return (operation) =>
    new SocketConnectError(
      `${originOf(url)}: the server chose ${named}, and the link speaks "${GRAPHQL_TRANSPORT_WS_PROTOCOL}"`,
      detailsOf(operation),
      false, // it will choose the same again
    )
}

/** The platform reported an error of a socket that was in use. */
export function broken(event: unknown, { secrets }: Peer, maxMessageBytes: number): Failure {
  const cause = redactError(secrets, errorOf(event))
  // How `ws` says it.
  if ((cause as { code?: unknown }).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
    return tooLarge(maxMessageBytes, cause)
  return (operation) =>
    new SocketClosedError('the socket broke; see cause', { ...detailsOf(operation), closeCode: 1006, cause }, true)
}

/** The server sent a message that is larger than the link takes. */
export function tooLarge(maxMessageBytes: number, cause?: Error): Failure {
  return (operation) =>
    new SocketClosedError(
      `the server sent a message of more than ${maxMessageBytes} bytes (maxMessageBytes)`,
      { ...detailsOf(operation), closeCode: 1009, ...(cause && { cause }) },
      false, // the message would be as large again
    )
}

/** There is no socket: the server is away, or refuses the handshake. */
export function notConnected(event: unknown, { url, secrets }: Peer): Failure {
  const error = errorOf(event)
  const cause = redactError(secrets, error)
  // How `ws` says it; browsers keep the status to themselves.
  const status = Number(/server response: (\d{3})/.exec(String((error as { message?: unknown }).message))?.[1] ?? 0)
  return (operation) =>
    new SocketConnectError(
      status
        ? `${originOf(url)}: the handshake was answered with HTTP ${status}`
        : `${originOf(url)}: no connection: ${cause.message || 'the platform does not say why'}`,
      { ...detailsOf(operation), cause },
      status === 0 || status === 429 || status >= 500, // any other status is a refusal
    )
}

/** The link was disposed. */
export const disposed: Failure = (operation) =>
  new DisposedError('the link was disposed while the operation was running', detailsOf(operation))

/** One operation could not be put into a message; its neighbours on the socket are well. */
export function unsendable(error: unknown): Failure {
  return (operation) =>
    new LinkError('the operation cannot be written as JSON; see cause', {
      ...detailsOf(operation),
      cause: redactError(operation, error),
    })
}

function detailsOf({ operationName }: Operation) {
  return { link: 'wsLink', operationName }
}

/** The error of an error event; in browsers it has none, and the event itself says nothing. */
function errorOf(event: unknown): unknown {
  const { error, message } = (event ?? {}) as { error?: unknown; message?: unknown }
  return error ?? new Error(typeof message === 'string' ? message : '')
}

function originOf(url: string): string {
  return new URL(url).origin
}
