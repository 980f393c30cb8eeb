import { DisposedError, GraphLinksError, LinkError, type Operation } from '@graphlinks/core'
import { partsOf, redact, redactError, secretsOf, valuesOf } from '@graphlinks/core/redact'
import { closeCodeOf, type CloseCode } from './closeCodes.ts'
import type { Loss } from './connectionState.ts'
import { detailsOf } from './details.ts'
import type { FullHandshake } from './handshake.ts'
import { SocketClosedError, SocketConnectError } from './index.ts'
import type { Runs } from './runs.ts'

/** How far an operation had come when it failed. */
export interface Progress {
  readonly attempts: number
  /** Whether the server may have run it: it was sent, and its result did not come. */
  readonly mayHaveRun: boolean
}

/** Why a connection is over, in the words of one operation that was running on it. */
export type Failure = (operation: Operation, progress?: Progress) => GraphLinksError

/** Why a socket is of no use any more, and what is to be done about it. */
export interface SocketFailure extends Loss {
  readonly describe: Failure
}

/** What is known of a socket when it fails. */
export interface Peer {
  readonly url: string
  /** All that was sent on the socket and is nobody's business: a server may echo it in any operation's error. */
  readonly secrets: ReadonlySet<string>
}

/** What must not be said of a socket: payloads and parameters may hold secrets, and operations share its end. */
export function peerOf({ url, payload, parameters }: FullHandshake, runs: Runs): Peer {
  const sent = [...valuesOf([payload, parameters])].flatMap((value) => [value, ...partsOf(value)])
  const secrets = new Set(sent)
  for (const { operation } of runs) for (const secret of secretsOf(operation)) secrets.add(secret)
  for (const value of valuesOf(runs.variables)) secrets.add(value)
  return { url, secrets }
}

/** A close event: the platform's, or that of `ws`. */
export interface CloseEventLike {
  readonly code: number
  readonly reason?: string
  readonly wasClean?: boolean
}

/** The close codes that the link sends. Never with a reason: what went wrong here is not the server's business. */
export const sentCodes = {
  normal: 1000,
  badResponse: 4004,
  wrongProtocol: 4406,
  terminated: 4499,
  noAck: 4504,
} as const

/** The server, or the platform, closed the socket. */
export function closed(
  { code, reason = '', wasClean }: CloseEventLike,
  { secrets }: Peer,
  overrides?: Readonly<Record<number, CloseCode>>,
): SocketFailure {
  const { meaning, action, limit } = closeCodeOf(code, overrides)
  const shown = redact(secrets, reason)
  const message = `the socket was closed with ${code} (${meaning})${shown && `: ${shown}`}`
  return closedWith(message, { action, limit, code }, { reason: shown, wasClean: wasClean === true })
}

/** The server sent something that the protocol does not have. Another socket may be luckier; a third is not. */
export function badMessage(error: Error, { secrets }: Peer): SocketFailure {
  const shown = redact(secrets, error.message)
  const message = `the server sent a message that is not of the protocol: ${shown}`
  return closedWith(message, { action: 'retry', limit: 1, code: sentCodes.badResponse }, { reason: shown })
}

/**
 * The server refused the credentials in a message, as some do before they close the socket without any code; or what it
 * refused may be taken another time.
 */
export function refused(payload: unknown, { secrets }: Peer, mayPass?: boolean): SocketFailure {
  const { message } = Object(payload) as { readonly message?: unknown }
  const shown = redact(secrets, typeof message === 'string' ? message : '')
  return closedWith(
    `the server refused the connection${shown && `: ${shown}`}`,
    mayPass ? { action: 'retry', code: 1013 } : { action: 'refresh', code: 4403 },
    { reason: shown },
  )
}

/** The server does not say in time what it has to, or nothing any more. */
export function silent(url: string, reason: string, code: number): SocketFailure {
  return closedWith(`${originOf(url)}: ${reason}`, { action: 'retry', code }, { reason })
}

/** The server speaks another subprotocol, or none. It will choose the same again. */
export function wrongProtocol({ url, secrets }: Peer, chosen: string | undefined, wanted: string): SocketFailure {
  const named = chosen ? `the subprotocol "${redact(secrets, chosen, 40)}"` : 'no subprotocol'
  const message = `${originOf(url)}: the server chose ${named}, and the link speaks "${wanted}"`
  return {
    action: 'fail',
    code: sentCodes.wrongProtocol,
    describe: (operation, progress) => new SocketConnectError(message, { ...detailsOf(operation), ...progress }, false),
  }
}

/** The platform reported an error of a socket that was in use. */
export function broken(event: unknown, { secrets }: Peer, maxMessageBytes: number): SocketFailure {
  const cause = redactError(secrets, errorOf(event))
  // How `ws` says it.
  if ((cause as { code?: unknown }).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
    return tooLarge(maxMessageBytes, cause)
  return closedWith('the socket broke; see cause', { action: 'retry', code: 1006 }, { cause })
}

/** The server sent a message that is larger than the link takes, and would be as large again. */
export function tooLarge(maxMessageBytes: number, cause?: Error): SocketFailure {
  const message = `the server sent a message of more than ${maxMessageBytes} bytes (maxMessageBytes)`
  return closedWith(message, { action: 'fail', code: 1009 }, cause && { cause })
}

/** There is no socket: the server is away, or refuses the handshake. */
export function notConnected(event: unknown, { url, secrets }: Peer, atOnce = false): SocketFailure {
  const error = errorOf(event)
  const cause = redactError(secrets, error)
  // How `ws` says it; browsers keep the status to themselves.
  const answer = /server response: (\d{3})/.exec(String((error as { message?: unknown }).message))?.[1]
  const status = answer === undefined ? undefined : Number(answer)
  const action = actionOn(status)
  const message =
    status === undefined
      ? `${originOf(url)}: no connection: ${cause.message || 'the platform does not say why'}`
      : `${originOf(url)}: the handshake was answered with HTTP ${status}`
  return {
    action,
    code: 1006,
    atOnce,
    describe: (operation, progress) =>
      new SocketConnectError(message, { ...detailsOf(operation), ...progress, status, cause }, action === 'retry'),
  }
}

function actionOn(status: number | undefined): 'retry' | 'refresh' | 'fail' {
  if (status === undefined || status === 408 || status === 429 || status >= 500) return 'retry'
  return status === 401 || status === 403 ? 'refresh' : 'fail'
}

/** What an operation fails with when a function that was called for it did: an error of ours as it is. */
export function blamed(error: unknown, message: string, operation: Operation, link = 'wsLink'): GraphLinksError {
  if (GraphLinksError.is(error)) return error
  return new LinkError(`${message}; see cause`, { ...detailsOf(operation), link, cause: error })
}

/** The link was disposed. */
export const disposed: Failure = (operation) =>
  new DisposedError('the link was disposed while the operation was running', detailsOf(operation))

/** The connection belongs to a session that is over. */
export const sessionOver: Failure = (operation) =>
  new SocketClosedError('somebody signed in or out, which closes the socket', detailsOf(operation), false)

/** One operation could not be put into a message; its neighbours on the socket are well. */
export function unsendable(error: unknown): Failure {
  return (operation) =>
    new LinkError('the operation cannot be written as JSON; see cause', {
      ...detailsOf(operation),
      cause: redactError(operation, error),
    })
}

function closedWith(
  message: string,
  loss: Loss,
  details?: { readonly reason?: string; readonly wasClean?: boolean; readonly cause?: unknown },
): SocketFailure {
  return {
    ...loss,
    describe: (operation, progress) =>
      new SocketClosedError(
        progress?.mayHaveRun ? `${message}; the server may have run the operation, so it is not sent again` : message,
        { ...detailsOf(operation), closeCode: loss.code, ...details, ...progress },
        // Not what was tried to the end here, and would come out the same.
        loss.action === 'retry' && (loss.limit ?? Infinity) > 1,
      ),
  }
}

/** The error of an error event; in browsers it has none, and the event itself says nothing. */
function errorOf(event: unknown): unknown {
  const { error, message } = (event ?? {}) as { error?: unknown; message?: unknown }
  return error ?? new Error(typeof message === 'string' ? message : '')
}

function originOf(url: string): string {
  return new URL(url).origin
}
