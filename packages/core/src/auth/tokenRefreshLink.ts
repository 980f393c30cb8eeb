import { withField } from '../copies.ts'
import { CredentialError, OptionsError } from '../errors.ts'
import type { Field } from '../field.ts'
import { inDevelopment } from '../inDevelopment.ts'
import type { Link } from '../link.ts'
import { isOverridden, type Operation } from '../operation.ts'
import { ownOptions } from '../ownOptions.ts'
import { bearerFields, type BearerFieldOptions } from './bearerField.ts'
import { createTokenSource } from './createTokenSource.ts'
import { checkOptions, type CredentialOptions } from './provider.ts'
import { isTokenRefused, type AttemptOutcome } from './rejection.ts'
import { sendRenewed } from './sendRenewed.ts'
import type { SessionTokenSource } from './sessionTokenSource.ts'
import type { Ticket } from './sessionState.ts'
import type { TokenSource, TokenSourceOptions } from './tokenSource.ts'

/** Options of {@link tokenRefreshLink} beside its source. */
export interface TokenRefreshLinkOptions extends BearerFieldOptions, Pick<CredentialOptions, 'origins' | 'onMissing'> {
  /**
   * Whether what came back means that the token was refused. What it throws counts as no.
   * Default: {@link isTokenRefused}.
   */
  readonly isRefused?: ((outcome: AttemptOutcome, operation: Operation) => boolean) | undefined
}

/**
 * Sends the access token of a session with every operation (RFC 6750 section 2.1) and renews it: before it expires, and
 * when a server refuses it. Operations that need a new token wait for one refresh, and are then sent; one that was
 * refused is sent again, at most once, and never if that could run a mutation twice.
 *
 * An `authorization` header of the request or the call wins: nothing is then attached, renewed or sent again.
 *
 * @param source - a {@link TokenSource}, which other links may share, or the options of one that is this link's own.
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with an
 * {@link AuthExpiredError}, {@link AuthRefreshError}, {@link AuthQueueFullError}, {@link IdentityChangedError} or
 * `CredentialError`.
 *
 * @example
 * ```ts
 * import { chain, tokenRefreshLink } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = chain(
 *   tokenRefreshLink({ fetchToken: async () => ({ accessToken: 'secret-token', expiresInSeconds: 3_600 }) }),
 *   httpLink({ url: 'https://api.example.com/graphql' }),
 * )
 * ```
 */
export function tokenRefreshLink(
  source: TokenSource | TokenSourceOptions,
  options: TokenRefreshLinkOptions = {},
): Link {
  const link = 'tokenRefreshLink'
  const own = ownOptions(options)
  const { origins, onMissing } = checkOptions(link, own)
  const { isRefused = isTokenRefused } = own
  if (typeof isRefused !== 'function') {
    throw new OptionsError(inDevelopment(() => 'isRefused is a function of the outcome') ?? 'isRefused', { link })
  }
  const { header, toField } = bearerFields(link, own, origins)
  const isOwn = !(source as Partial<SessionTokenSource> | undefined)?.admit
  const session = (isOwn ? createTokenSource(source as TokenSourceOptions) : source) as SessionTokenSource
  // What was sent last, and what it became.
  let sent: Ticket['stored']
  let field: Field | undefined

  const withToken = (operation: Operation, { stored }: Ticket): Operation => {
    if (stored !== sent) {
      field = stored && toField(stored.accessToken, operation.operationName, stored.session)
      sent = stored
    }
    if (field) return withField(operation, field)
    if (onMissing === 'omit') return operation
    throw new CredentialError('nobody is signed in (onMissing: "error")', {
      link,
      operationName: operation.operationName,
    })
  }
  const named: Link = function tokenRefreshLink(operation, next) {
    if (isOverridden(operation, header) || session.refresher?.isRefreshCall(operation)) return next(operation)
    return sendRenewed(operation, next, { session, attach: withToken, isRefused })
  }
  return Object.assign(named, {
    stage: 'credential' as const,
    // A source that others may use is not this link's to dispose.
    dispose: isOwn ? () => session.dispose() : undefined,
  })
}
