export { httpLink } from './httpLink.ts'
export type { HttpTerminalLink } from './httpLink.ts'
export type { EndpointOptions, HttpLinkBaseOptions, HttpLinkOptions } from './options.ts'
export type { CsrfHeader } from './csrf.ts'
export type { Fetch, FetchOptions } from './fetchTransport.ts'
export type { Transport } from './transport.ts'
export {
  EmptyResponseError,
  HttpError,
  MalformedResponseError,
  RedirectBlockedError,
  ResponseError,
  ResponseTooLargeError,
  StreamInterruptedError,
  SubscriptionNotSupportedError,
} from './errors.ts'
export { NetworkError } from './networkError.ts'
export type { HttpErrorDetails, ResponseDetails } from './errors.ts'
