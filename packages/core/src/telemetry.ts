/**
 * For authors of links that log, measure or trace: what records say of operations, without a secret. An entry of its own,
 * so that browsers load it when there is something to record.
 */
import type { Operation } from './operation.ts'
import { redact } from './redact.ts'
import type { Secret } from './secret.ts'

/**
 * The name of an operation as it may be printed: at most 100 characters, without what moves a cursor or turns the
 * direction of writing; `undefined` for an anonymous one.
 *
 * @example
 * ```ts
 * import type { Link } from '@graphlinks/core'
 * import { recordedName } from '@graphlinks/core/telemetry'
 *
 * export const trace: Link = (operation, next) => {
 *   console.log(operation.kind, recordedName(operation))
 *   return next(operation)
 * }
 * ```
 */
export function recordedName({ operationName }: Operation): string | undefined {
  return operationName?.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '').slice(0, 100)
}

/**
 * A code that came from outside, such as `extensions.code` of a server, if it is made like one (`NOT_FOUND`,
 * `invalid-jwt`, `42P01`) and is neither a credential nor a variable of the operation; anything else is `OTHER`.
 *
 * @example
 * ```ts
 * import { mapResults, type Link } from '@graphlinks/core'
 * import { recordedCode } from '@graphlinks/core/telemetry'
 *
 * export const codes: Link = (operation, next) =>
 *   mapResults(next(operation), (result) => {
 *     for (const { extensions } of result.errors ?? []) console.log(recordedCode(operation, extensions?.['code']))
 *     return result
 *   })
 * ```
 */
export function recordedCode(operation: Operation, code: unknown): string {
  const text = typeof code === 'string' || typeof code === 'number' ? String(code) : ''
  const isCode = text.length <= 64 && /^([A-Z][A-Z\d_]*|[A-Za-z]+([-_.][A-Za-z]+)*|\d[A-Z\d]{0,4})$/.test(text)
  return isCode && redact(operation, text) === text ? text : 'OTHER'
}

/** What a record says of an error. It has no place for words. */
export interface RecordedError {
  /** Its code, such as `HTTP_STATUS` or `ECONNRESET`, or else its name, as {@link recordedCode} has it. */
  readonly errorCode: string
  /** The HTTP status that it came with. */
  readonly status?: number
  /** The code that a WebSocket was closed with. */
  readonly closeCode?: number
}

/**
 * What may be recorded of whatever an operation failed with.
 *
 * @example
 * ```ts
 * import { onSettled, type Link } from '@graphlinks/core'
 * import { recordedError } from '@graphlinks/core/telemetry'
 *
 * export const failures: Link = (operation, next) =>
 *   onSettled(next(operation), (end) => {
 *     if (end.status === 'failed') console.log(recordedError(operation, end.error))
 *   })
 * ```
 */
export function recordedError(operation: Operation, error: unknown): RecordedError {
  const { code, name, status, closeCode } = Object(error) as Partial<Record<string, unknown>>
  return {
    errorCode: recordedCode(operation, typeof code === 'string' ? code : name),
    ...(typeof status === 'number' && { status }),
    ...(typeof closeCode === 'number' && { closeCode }),
  }
}

/**
 * Makes a function that hashes identities: 48 bits of an HMAC-SHA-256, as hexadecimal digits, with a key that nobody has
 * and that never leaves the platform's cryptography. Who reads the records knows which operations were the same user's,
 * and can neither try out tokens nor compare them with records of another such function.
 *
 * @returns a function that gives `undefined` for operations without credentials, and where there is no WebCrypto, as on
 * pages without https.
 *
 * @example
 * ```ts
 * import { identityOf, type Link } from '@graphlinks/core'
 * import { identityHash } from '@graphlinks/core/telemetry'
 *
 * const hash = identityHash()
 * export const audit: Link = async (operation, next) => {
 *   console.log(operation.operationName, await hash(identityOf(operation)))
 *   return next(operation)
 * }
 * ```
 */
export function identityHash(): (identity: Secret) => Promise<string | undefined> {
  let key: Promise<CryptoKey> | undefined
  // The last one only, and no table: it would keep credentials longer than those who have them.
  let last: { readonly identity: string; readonly hash: Promise<string | undefined> } | undefined

  const hash = async (identity: string): Promise<string> => {
    const { subtle } = crypto
    key ??= subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']) as Promise<CryptoKey>
    const bytes = await subtle.sign('HMAC', await key, new TextEncoder().encode(identity))
    return Array.from(new Uint8Array(bytes, 0, 6), (byte) => byte.toString(16).padStart(2, '0')).join('')
  }
  return async (secret) => {
    const identity = secret.reveal()
    // No credentials.
    if (identity === '[]') return undefined
    if (last?.identity !== identity) {
      const before = last?.hash
      const own = hash(identity).catch(() => undefined)
      // In the order of the questions, or records would change places: what signs has several threads.
      last = { identity, hash: before ? before.then(() => own) : own }
    }
    return last.hash
  }
}
