import { readCaptures } from './captures.ts'
import type { FuzzTarget } from './target.ts'
import { savedJar, setCookie } from './targets/cookies.ts'
import { document } from './targets/document.ts'
import { mediaType, retryAfter, tokens } from './targets/fields.ts'
import { headers } from './targets/headers.ts'
import { incrementalTarget } from './targets/incremental.ts'
import { redaction } from './targets/redaction.ts'
import { responseTarget } from './targets/response.ts'
import { streamTargets } from './targets/streams.ts'
import { webSocketTargets } from './targets/webSocket.ts'

/** Every parser of what comes from outside. @param from - the folder of this file, wherever it was bundled to. */
export function fuzzTargets(from: string): readonly FuzzTarget[] {
  const captures = readCaptures(from)
  return [
    document,
    headers,
    setCookie,
    savedJar,
    ...streamTargets(captures),
    incrementalTarget(captures),
    ...webSocketTargets,
    mediaType,
    retryAfter,
    tokens,
    redaction,
    responseTarget(captures),
  ]
}
