/** For batchLink: several operations as one request of an httpLink. An entry of its own, since few need it. */
export { batchSender } from './batchSender.ts'
export type { BatchMember, BatchOutcome, BatchRequest, BatchSender } from './batchSender.ts'
export { BatchError } from './batchError.ts'
export type { BatchErrorDetails } from './batchError.ts'
