import { OptionsError, ownOptions, systemClock, type Clock, type Tokens } from '@graphlinks/core'
import type { DeviceSignIn } from './deviceCode.ts'
import { checkOptions, type OAuthOptions } from './options.ts'

/** What somebody needs in order to sign in on another device (RFC 8628 section 3.2). */
export interface DeviceCode {
  /** To be typed in at `verificationUri`. */
  readonly userCode: string
  readonly verificationUri: string
  /** The same with the code in it, for a QR code, where the server has one. */
  readonly verificationUriComplete: string | undefined
  /** How long the code is good for, in seconds. */
  readonly expiresInSeconds: number
}

/** Options of {@link oauthDeviceCode} beside those of the other grants. */
export interface OAuthDeviceSettings {
  /** Where codes come from. Default: the `device_authorization_endpoint` in the metadata of `issuer`. */
  readonly deviceEndpoint?: string | URL | undefined
  /** Shows the code. What it throws ends the sign-in. */
  readonly onCode: (code: DeviceCode) => void | Promise<void>
  /** Default: the platform's. */
  readonly clock?: Clock | undefined
}

/**
 * Signs somebody in on a device without a browser or a keyboard: a television, a command line (RFC 8628). Gives a function
 * that shows a code, and waits until they have typed it in elsewhere. Needs the package `oauth4webapi`.
 *
 * @throws {@link OptionsError} when an option is no good, {@link InsecureTransportError} when an address is not https.
 * The function rejects with an {@link OAuthError}, whose `error` is `access_denied` or `expired_token` where nobody signed
 * in, with `MissingPackageError`, what `onCode` threw, or the reason of its signal.
 *
 * @example
 * ```ts
 * import { createTokenSource } from '@graphlinks/core'
 * import { oauthDeviceCode, oauthRefresh } from '@graphlinks/oauth'
 *
 * const server = { issuer: 'https://id.example.com', clientId: 'tv' }
 * export const session = createTokenSource({ refresh: oauthRefresh(server) })
 * const signIn = oauthDeviceCode({
 *   ...server,
 *   scope: 'openid offline_access',
 *   onCode: ({ userCode, verificationUri }) => console.log(`Type in ${userCode} at ${verificationUri}`),
 * })
 * export const start = async (): Promise<void> => session.set(await signIn())
 * ```
 */
export function oauthDeviceCode(
  options: OAuthOptions & OAuthDeviceSettings,
): (request?: { readonly signal?: AbortSignal | undefined }) => Promise<Tokens> {
  const link = 'oauthDeviceCode'
  const { onCode, clock = systemClock } = ownOptions(options)
  if (typeof onCode !== 'function') throw new OptionsError('onCode is a function that shows the code', { link })
  const checked = checkOptions(link, options, true)
  let start: DeviceSignIn | undefined
  return async ({ signal = new AbortController().signal } = {}) => {
    const { deviceSignInOf } = await import('./deviceCode.ts')
    start ??= deviceSignInOf(link, checked, { onCode, clock })
    return start(signal)
  }
}
