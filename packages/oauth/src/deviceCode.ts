import type { Clock, Tokens } from '@graphlinks/core'
import { valuesOf } from '@graphlinks/core/redact'
import type { AuthorizationServer } from 'oauth4webapi'
import { answerOf } from './answer.ts'
import { authenticate } from './clientAuth.ts'
import { OAuthError } from './errors.ts'
import type { OAuthDeviceSettings } from './oauthDeviceCode.ts'
import type { CheckedOptions } from './options.ts'
import { attempt, checkEndpoint, conform, requestOptions, serverOf, type Call } from './server.ts'
import { requestTokens } from './tokenEndpoint.ts'

export type DeviceSignIn = (signal: AbortSignal) => Promise<Tokens>

interface Device {
  readonly clock: Clock
  readonly onCode: OAuthDeviceSettings['onCode']
}

const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
// RFC 8628 sections 3.2 and 3.5.
const defaultIntervalMs = 5_000
const slowDownMs = 5_000

/** Asks for a code, shows it, and asks for tokens until there are some (RFC 8628 section 3). */
export function deviceSignInOf(link: string, options: CheckedOptions, { clock, onCode }: Device): DeviceSignIn {
  const locate = serverOf(link, options)
  return async (signal) => {
    const [code, shown, ask] = await attempt(link, options, signal, async (call) => {
      const server = await locate(call)
      const device = await requestCode(call, server)
      const parameters = new URLSearchParams(options.parameters)
      parameters.delete('scope')
      parameters.set('device_code', device.device_code)
      const shown = {
        userCode: device.user_code,
        verificationUri: device.verification_uri,
        verificationUriComplete: device.verification_uri_complete,
        expiresInSeconds: device.expires_in,
      }
      const ask = () =>
        attempt(link, options, signal, (again) => {
          again.secrets.add(device.device_code)
          return requestTokens(again, server, grantType, parameters)
        })
      return [device, shown, ask] as const
    })
    const deadline = clock.now() + code.expires_in * 1_000
    await unlessAborted(signal, onCode(shown))
    for (let intervalMs = (code.interval ?? 0) * 1_000 || defaultIntervalMs; ;) {
      await pause(clock, Math.min(intervalMs, deadline - clock.now()), signal)
      if (clock.now() >= deadline) {
        throw new OAuthError('nobody typed in the code while it was good', { link, error: 'expired_token' })
      }
      try {
        return await ask()
      } catch (error) {
        if (!OAuthError.is(error)) throw error
        if (error.error === 'slow_down') intervalMs += slowDownMs
        else if (error.error !== undefined && error.error !== 'authorization_pending') throw error
        // Nothing came, or not from the server: less and less often, and not before the time that it names.
        else if (error.error === undefined)
          intervalMs = Math.max(intervalMs * 2, (Number(error.retryAfter) || 0) * 1_000)
      }
    }
  }
}

async function requestCode(call: Call, server: AuthorizationServer) {
  const { link, library, secrets, options } = call
  checkEndpoint(call, server, 'device_authorization_endpoint')
  const client = { client_id: options.clientId }
  const auth = await authenticate(link, library, options.clientAuth, secrets)
  const request = requestOptions(call)
  const response = await library.deviceAuthorizationRequest(server, client, auth, options.parameters, request)
  const { json } = await answerOf(link, 'the device authorization endpoint', response, secrets)
  for (const value of valuesOf(json)) secrets.add(value)
  return conform(call, json, (whole) => library.processDeviceAuthorizationResponse(server, client, whole))
}

/** What is shown may stay for as long as nobody closes it. */
function unlessAborted(signal: AbortSignal, shown: void | Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', leave, { once: true })
    void Promise.resolve(shown)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', leave))
  })
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      cancel()
      reject(signal.reason as Error)
    }
    const cancel = clock.after(delayMs, () => {
      signal.removeEventListener('abort', leave)
      resolve()
    })
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
}
