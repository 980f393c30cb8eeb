export { retryLink } from './retryLink.ts'
export type { AttemptReport, GiveUpEvent, RetryEvent, RetryLinkOptions, RetryQuestion } from './options.ts'
