/** Sources of credentials for Node and runtimes like it. */
import { readFile } from 'node:fs/promises'
import { systemClock, type Clock } from './clock.ts'
import { OptionsError } from './errors.ts'

/** Options of {@link fileToken}. */
export interface FileTokenOptions {
  /** How old what was read may be before the file is read again, in milliseconds. Default: 60,000 (Kubernetes). */
  readonly maxAgeMs?: number | undefined
  /** Time for `maxAgeMs`. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/**
 * A token that lives in a file and is replaced there, such as a mounted service account token. White space around it is
 * cut off. Calls at the same time share one read; a read that fails is not remembered.
 *
 * @throws {@link OptionsError} when `maxAgeMs` is no number of milliseconds.
 *
 * @example
 * ```ts
 * import { bearerLink } from '@graphlinks/core'
 * import { fileToken } from '@graphlinks/core/node'
 *
 * export const auth = bearerLink(fileToken('/var/run/secrets/kubernetes.io/serviceaccount/token'))
 * ```
 */
export function fileToken(
  path: string | URL,
  { maxAgeMs = 60_000, clock = systemClock }: FileTokenOptions = {},
): () => Promise<string> {
  if (!(maxAgeMs >= 0))
    throw new OptionsError(`maxAgeMs is a number of milliseconds, not ${maxAgeMs}`, { link: 'fileToken' })
  let held: { readonly readAt: number; readonly token: Promise<string> } | undefined
  return () => {
    const now = clock.now()
    if (held && now - held.readAt <= maxAgeMs) return held.token
    const token = readFile(path, 'utf8').then((text) => text.trim())
    const reading = { readAt: now, token }
    held = reading
    token.catch(() => {
      if (held === reading) held = undefined
    })
    return token
  }
}
