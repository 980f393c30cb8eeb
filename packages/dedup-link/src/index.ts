export { dedupLink, sharing } from './dedupLink.ts'
export type { DedupLinkOptions } from './dedupLink.ts'
