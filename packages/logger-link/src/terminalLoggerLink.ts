import { ownOptions } from '@graphlinks/core'
import { loggerLink as plainLoggerLink, type LoggerLink } from './loggerLink.ts'
import type { LoggerLinkOptions } from './options.ts'
import { prettyLine } from './prettyLine.ts'
import { inTerminal } from './terminal.ts'

/** As {@link plainLoggerLink}, and what is to print to a terminal, prints lines for people. */
export function loggerLink(options: LoggerLinkOptions = {}): LoggerLink {
  const { logger, format, ...own } = ownOptions(options)
  // So that it is there when the first operation ends: the process may end with it.
  import('@graphlinks/core/telemetry').catch(() => {})
  const isForPeople = logger === undefined && inTerminal().isTerminal
  return plainLoggerLink({ ...own, logger, format: format === undefined && isForPeople ? prettyLine : format })
}
