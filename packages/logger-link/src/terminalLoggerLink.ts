import { ownOptions } from '@graphlinks/core'
import { loggerLink as plainLoggerLink, type LoggerLink } from './loggerLink.ts'
import type { LoggerLinkOptions } from './options.ts'
import { prettyLine } from './prettyLine.ts'
import { inTerminal } from './terminal.ts'

/**
 * What `loggerLink` is in Node: the same, but that a terminal is given lines for people where no `logger` and no `format` is.
 *
 * @throws `OptionsError` when an option is no good, when the link is built.
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { loggerLink } from '@graphlinks/logger-link'
 *
 * const log = loggerLink()
 * const terminal = httpLink({ url: 'https://api.example.com/graphql' })
 * export const link = chain(log, bearerLink('secret-token'), log.attempts, terminal)
 * ```
 */
export function loggerLink(options: LoggerLinkOptions = {}): LoggerLink {
  const { logger, format, ...own } = ownOptions(options)
  // So that it is there when the first operation ends: the process may end with it.
  import('@graphlinks/core/telemetry').catch(() => {})
  const isForPeople = logger === undefined && inTerminal().isTerminal
  return plainLoggerLink({ ...own, logger, format: format === undefined && isForPeople ? prettyLine : format })
}
