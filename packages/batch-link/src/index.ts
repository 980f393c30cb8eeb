export { batching, batchLink } from './batchLink.ts'
export type { BatchLinkOptions } from './batchLink.ts'
export { BatchError } from '@graphlinks/http-link/batch'
