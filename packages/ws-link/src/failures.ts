import { DisposedError, LinkError, type GraphLinksError, type Operation } from '@graphlinks/core'
import { redact, redactError } from '@graphlinks/core/redact'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws/client'
import { closeCode } from './closeCodes.ts'
import { SocketClosedError, SocketConnectError } from './errors.ts'

/** Why a connection is over, in the words of one operation that was running on it. */
export type Failure = (operation: Operation) => GraphLinksError

/** What is known of a connection when it fails. */
export interface Peer {
  readonly url: string
  /** What was sent in the `connection_init` payload: a server may echo it. */
  readonly payload: unknown
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
export function closed({ code, reason = '', wasClean }: CloseEventLike, peer: Peer): Failure {
  const { meaning, retryable } = closeCode(code)
  return (operation) => {
    const shown = redactFor(peer, operation, reason)
    return new SocketClosedError(
      `the socket was closed with ${code} (${meaning})${shown && `: ${shown}`}`,
      { ...detailsOf(operation), closeCode: code, reason: shown, wasClean: wasClean === true },
      retryable,
    )
  }
}

/** The server sent something that graphql-transport-ws does not allow. */
export function badMessage(error: Error, peer: Peer): Failure {
  return closed({ code: closeCodes.badResponse, reason: error.message }, peer)
}

/** The server did not acknowledge the connection in time. */
export function notAcknowledged({ url }: Peer, timeoutMs: number): Failure {
  const reason = `no connection_ack within ${timeoutMs} ms (connectTimeoutMs)`
  return (operation) =>
    new SocketClosedError(
      `${originOf(url)}: ${reason}`,
      { ...detailsOf(operation), closeCode: closeCodes.noAck, reason },
      true, // a server that is starting, or busy
    )
}

/** The server speaks another subprotocol, or none. */
export function wrongProtocol({ url }: Peer, chosen: string | undefined): Failure {
  return (operation) =>
    new SocketConnectError(
      `${originOf(url)}: the server chose ${chosen ? `the subprotocol "${redact(operation, chosen, 40)}"` : 'no subprotocol'}, and the link speaks "${GRAPHQL_TRANSPORT_WS_PROTOCOL}"`,
      detailsOf(operation),
      false, // it will choose the same again
    )
}

/** The platform reported an error of a socket that was in use. */
export function broken(event: unknown, { maxMessageBytes }: { readonly maxMessageBytes: number }): Failure {
  return (operation) => {
    const cause = redactError(operation, errorOf(event))
    const tooBig = (cause as { code?: unknown }).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
    return new SocketClosedError(
      tooBig
        ? `the server sent a message of more than ${maxMessageBytes} bytes (maxMessageBytes)`
        : 'the socket broke; see cause',
      { ...detailsOf(operation), closeCode: tooBig ? 1009 : 1006, cause },
      !tooBig, // the message would be as large again
    )
  }
}

/** There is no socket: the server is away, or refuses the handshake. */
export function notConnected(event: unknown, { url }: Peer): Failure {
  return (operation) => {
    const cause = redactError(operation, errorOf(event))
    // How `ws` says it; browsers keep the status to themselves.
    const status = Number(/server response: (\d{3})/.exec(cause.message)?.[1] ?? 0)
    return new SocketConnectError(
      status
        ? `${originOf(url)}: the handshake was answered with HTTP ${status}`
        : `${originOf(url)}: no connection: ${cause.message || 'the platform does not say why'}`,
      { ...detailsOf(operation), cause },
      status === 0 || status === 429 || status >= 500, // any other status is a refusal
    )
  }
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

/** As `redact`, and free of the payload too: a function of the application may put secrets there. */
function redactFor({ payload }: Peer, operation: Operation, text: string): string {
  const values = new Set<string>()
  JSON.stringify(payload, (_, value: unknown) => {
    if (typeof value === 'string') [value, ...value.split(/[ =]/)].forEach((word) => values.add(word))
    return value
  })
  // Short ones are words, such as a language or a version.
  const secrets = [...values].filter((value) => value.length > 5).sort((a, b) => b.length - a.length)
  const clean = secrets.reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text)
  return redact(operation, clean)
}

function originOf(url: string): string {
  return new URL(url).origin
}
