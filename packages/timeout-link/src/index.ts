export { timeoutLink } from './timeoutLink.ts'
export type { Limit, TimeoutLinkOptions } from './timeoutLink.ts'
