import type { Operation } from '@graphlinks/core'
import { redact } from '@graphlinks/core/redact'

/** The name of an operation as it may be printed: without what moves a cursor or turns the direction of writing. */
export function nameOf({ operationName }: Operation): string | undefined {
  return operationName?.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '').slice(0, 100)
}

/** A code, if it is made like one, such as NOT_FOUND, invalid-jwt or 42P01, and is no secret; `OTHER` else. */
export function codeOf(code: unknown, operation: Operation): string {
  const text = typeof code === 'string' || typeof code === 'number' ? String(code) : ''
  const isCode = text.length <= 64 && /^([A-Z][A-Z\d_]*|[A-Za-z]+([-_.][A-Za-z]+)*|\d[A-Z\d]{0,4})$/.test(text)
  return isCode && redact(operation, text) === text ? text : 'OTHER'
}
