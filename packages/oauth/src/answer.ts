import { redact, redactError } from '@graphlinks/core/redact'
import { OAuthError } from './errors.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** An answer with the status 200 whose body is a JSON object. */
export interface Answer {
  readonly json: JsonObject
  readonly headers: Headers
}

/** @throws {@link OAuthError} where a server refuses, or something else answers in its place. */
export async function answerOf(
  link: string,
  who: string,
  response: Response,
  secrets: ReadonlySet<string>,
): Promise<Answer> {
  const { status, headers } = response
  let text: string
  try {
    text = await response.text()
  } catch (error) {
    throw brokenOff(link, secrets, error)
  }
  const json = parse(text)
  // GitHub refuses with the status 200.
  if (status === 200 && json && typeof json['error'] !== 'string') return { json, headers }
  // RFC 6749 section 5.2. Overloaded is overloaded, whatever the body says, and a 5xx says nothing about the request.
  const isRefusal = status === 200 || (status >= 400 && status < 500 && status !== 408 && status !== 429)
  const error = isRefusal ? textOf(json?.['error']) : undefined
  const description = error && textOf(json?.['error_description'])
  const said = [error, description].flatMap((part) => (part ? [redact(secrets, part)] : []))
  const what = said.length > 0 ? ` ${said.join(': ')}` : json ? '' : ' with a body that is no JSON object'
  throw new OAuthError(`${who} answered ${status}${what}`, {
    link,
    error: said[0],
    status,
    retryAfter: headers.get('retry-after'),
  })
}

/** No answer came, or not all of it: the server may have done what it was asked all the same. */
export function brokenOff(link: string, secrets: ReadonlySet<string>, error: unknown): OAuthError {
  const cause = redactError(secrets, error) as Error & { code?: string }
  // What token sources know a lost answer by. Browsers say no more than that it is a TypeError.
  if (cause.name === 'TypeError') cause.code ??= 'NETWORK'
  return new OAuthError('no answer came, or not the whole of it; see cause', { link, cause })
}

/** Whose an id_token is. It came from the server itself, over TLS (OpenID Connect Core 1.0 section 3.1.3.7, number 6). */
export function subjectOf(idToken: unknown): string | undefined {
  try {
    const payload = (idToken as string).split('.')[1] as string
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
    return textOf(parse(new TextDecoder().decode(bytes))?.['sub'])
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The error of `JSON.parse` quotes the text, so it is of no use. */
function parse(text: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as JsonObject) : undefined
  } catch {
    return undefined
  }
}
