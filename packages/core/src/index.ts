// For applications
export { createClient, GraphQLResultError } from './client.ts'
export type {
  CallArguments,
  CallOptions,
  Client,
  ClientOptions,
  IterateMethod,
  QueryMethod,
  RequestMethod,
} from './client.ts'
export { createRequest } from './request.ts'
export type { Request, RequestInit } from './request.ts'
export { chain, compose, split } from './link.ts'
export type { Link, LinkTraits, Next, Stage, TerminalLink } from './link.ts'
export { headerLink } from './auth/headerLink.ts'
export type { HeaderLinkOptions } from './auth/headerLink.ts'
export { bearerLink } from './auth/bearerLink.ts'
export type { BearerLinkOptions } from './auth/bearerLink.ts'
export { basicAuthLink } from './auth/basicAuthLink.ts'
export type { BasicAuthLinkOptions } from './auth/basicAuthLink.ts'
export { apiKeyLink } from './auth/apiKeyLink.ts'
export type { ApiKeyLinkOptions } from './auth/apiKeyLink.ts'
export { tokenRefreshLink } from './auth/tokenRefreshLink.ts'
export type { TokenRefreshLinkOptions } from './auth/tokenRefreshLink.ts'
export { cookieLink } from './auth/cookieLink.ts'
export type { CookieLinkOptions } from './auth/cookieLink.ts'
export type { LoginRequest } from './auth/cookieLogin.ts'
export type { CookieJar } from './auth/cookieJar.ts'
export type { Csrf, CsrfCookie, CsrfMeta, CsrfToken } from './auth/csrf.ts'
export { createTokenSource } from './auth/createTokenSource.ts'
export type {
  RefreshOptions,
  SessionEvent,
  SessionListener,
  SessionState,
  TokenSource,
  TokenSourceBaseOptions,
  TokenSourceOptions,
} from './auth/tokenSource.ts'
export type { RefreshRequest } from './auth/renewal.ts'
export type { RefreshReason } from './auth/sessionMachine.ts'
export type { Tokens } from './auth/tokens.ts'
export { replay } from './auth/rejection.ts'
export {
  AuthExpiredError,
  AuthQueueFullError,
  AuthRefreshError,
  IdentityChangedError,
  RefreshRejectedError,
} from './auth/sessionErrors.ts'
export type { CredentialOptions, Provided } from './auth/provider.ts'
export type { AnyDocument, Document, OperationKind, TypedDocument } from './document.ts'
export type {
  HttpMetadata,
  IncrementalPart,
  IncrementalProgress,
  ReplayRefusal,
  ResponseHeaders,
  Result,
  ResultError,
  Results,
  Resumption,
} from './results.ts'
export type { HeadersInput } from './headers.ts'
export {
  CredentialError,
  DisposedError,
  DocumentError,
  GraphLinksError,
  HeaderError,
  InsecureTransportError,
  LinkError,
  OptionsError,
  QueueOverflowError,
  TimeoutError,
  WiringError,
} from './errors.ts'
export type { ErrorDetails } from './errors.ts'

// For authors of links
export { detached, withContext, withCredential, withExtensions, withHeader, withVariables } from './copies.ts'
export { createOperation, isOverridden } from './operation.ts'
export { admission, executionOf } from './operationExecution.ts'
export type { JsonObject, Operation, OperationInit } from './operation.ts'
export type { OperationExecution } from './operationExecution.ts'
export { renewableLink } from './credentialSource.ts'
export { withExchange, withSigner } from './exchange.ts'
export type { Exchange, IncomingResponse, OutgoingRequest, RequestChange } from './exchange.ts'
export { ClockSkew } from './clockSkew.ts'
export type { ClockSkewOptions } from './clockSkew.ts'
export { signerLink } from './auth/signerLink.ts'
export type { Signer, SignerLinkOptions } from './auth/signerLink.ts'
export type { CredentialInit, FieldOptions } from './field.ts'
export { Context, contextKey, emptyContext } from './context.ts'
export type { ContextKey } from './context.ts'
export { urgent } from './urgent.ts'
export { documentTransfer } from './documentTransfer.ts'
export type { DocumentTransfer } from './documentTransfer.ts'
export { execute, lastResult } from './execute.ts'
export { failed, flatten, single } from './results.ts'
export { mapResults, onSettled } from './stream.ts'
export type { Outcome } from './stream.ts'
export { ResultQueue } from './resultQueue.ts'
export type { ResultQueueOptions } from './resultQueue.ts'
export { GraphQLDocument, parseDocument, scanOperations } from './document.ts'
export type { OperationSignature } from './document.ts'
export { Secret } from './secret.ts'
export { systemClock } from './clock.ts'
export type { Clock } from './clock.ts'

export { memoryTokenStore } from './auth/tokenStore.ts'
export type { RefreshLock, StoredTokens, TokenStore } from './auth/tokenStore.ts'
export type { SessionChannel, SessionMessage } from './auth/tokenSource.ts'
export { isTokenRefused } from './auth/rejection.ts'
export { isOneShot } from './auth/isOneShot.ts'
export { mayRepeat } from './auth/mayRepeat.ts'
export { isTransient } from './isTransient.ts'
export { whileRunning } from './whileRunning.ts'
export { retryAfterMs } from './retryAfterMs.ts'
export type { AttemptOutcome } from './auth/rejection.ts'
export type { BearerFieldOptions } from './auth/bearerField.ts'

// For authors of terminal links
export { fingerprintOf, identityOf, renderFields } from './credentials.ts'
export { exchangesOf } from './exchange.ts'
export type { Destination, RenderedFields } from './credentials.ts'
export { credentialSources, renewCredentials } from './credentialSource.ts'
export type { CredentialSource } from './credentialSource.ts'
export { leaseOf } from './credentialLease.ts'
export type { CredentialLease } from './credentialLease.ts'
export { onWake } from './wakeEvents.ts'
export { checkOrigin, isLoopback, originOf, parseUrl } from './origin.ts'
export { checkHeaderName, checkHeaderValue, headerEntries, inBrowser } from './headers.ts'
export type { HeaderEntry } from './headers.ts'
export { inDevelopment } from './inDevelopment.ts'
export { ownOptions } from './ownOptions.ts'
