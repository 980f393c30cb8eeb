export { concurrencyLink } from './concurrencyLink.ts'
export type { ConcurrencyLinkOptions } from './concurrencyLink.ts'
export { QueueFullError } from './queueFullError.ts'
