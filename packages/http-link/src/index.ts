export { httpLink } from './httpLink.ts'
export type { EndpointOptions, FetchOptions, HttpLinkBaseOptions, HttpLinkOptions } from './httpLink.ts'
export type { Fetch } from './send.ts'
export {
  EmptyResponseError,
  HttpError,
  MalformedResponseError,
  NetworkError,
  RedirectBlockedError,
  ResponseError,
  ResponseTooLargeError,
  SubscriptionNotSupportedError,
} from './errors.ts'
export type { HttpErrorDetails, ResponseDetails } from './errors.ts'
