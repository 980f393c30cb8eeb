export { hedgeLink } from './hedgeLink.ts'
export type { HedgeLinkOptions } from './hedgeLink.ts'
