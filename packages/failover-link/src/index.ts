export { failoverLink } from './failoverLink.ts'
export type { FailoverEvent, FailoverLinkOptions } from './failoverLink.ts'
export { isUnavailable } from './unavailable.ts'
