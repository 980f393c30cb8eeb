/** oidc-provider in a process of its own, for tests. */
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import type { UserCookieJar } from '@graphlinks/cookie-jar'

/** What an authorization server saw since it was started. */
export interface OidcEvents {
  /** Refresh tokens that were used and replaced. */
  readonly consumed: number
  /** Families of tokens that were revoked, because one of them was used twice. */
  readonly revoked: number
  readonly succeeded: number
  readonly errors: readonly string[]
}

export interface OidcServer {
  readonly issuer: string
  readonly tokenEndpoint: string
  /** Takes the access tokens of the same server, and answers `{ me }` to whatever is asked. */
  readonly graphqlUrl: string
  /** Signs somebody in; with a thumbprint, bound to that key (DPoP). @returns a refresh token. */
  readonly signIn: (accountId: string, thumbprint?: string) => Promise<string>
  /** The code flow of somebody with a browser that keeps its cookies in this jar. @returns the code. */
  readonly codeFlow: (jar: Pick<UserCookieJar, 'fetch'>, accountId: string) => Promise<string>
  /** What happens when somebody types in the code of a device. */
  readonly approve: (userCode: string, accountId: string) => Promise<void>
  /** Whether a refresh token could still be used. */
  readonly isAlive: (refreshToken: string) => Promise<boolean>
  readonly revokeAccess: (accessToken: string) => Promise<void>
  /** From now on, the GraphQL endpoint wants another nonce in proofs (DPoP). */
  readonly changeNonce: () => Promise<void>
  readonly events: () => Promise<OidcEvents>
  readonly close: () => Promise<void>
}

/** @param seed - decides how long access tokens are good, from 300 to 3,600 s. */
export async function startOidcServer(seed: number): Promise<OidcServer> {
  const child = fork(join(__dirname, 'oidcProvider.mjs'), [String(seed)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const closed = once(child, 'close')
  const failed = closed.then(() => {
    throw new Error(`oidc-provider ended: ${stderr}`)
  })
  failed.catch(() => {})

  const waiting = new Map<number, (value: unknown) => void>()
  const started = new Promise<string>((resolve) => {
    child.on('message', ({ issuer, id, value }: { issuer?: string; id?: number; value?: unknown }) => {
      if (issuer !== undefined) return resolve(issuer)
      waiting.get(id as number)?.(value)
      waiting.delete(id as number)
    })
  })
  let count = 0
  const call = (command: string, rest: object = {}): Promise<unknown> => {
    const id = ++count
    const answer = new Promise((resolve) => waiting.set(id, resolve))
    child.send({ id, command, ...rest })
    return Promise.race([answer, failed])
  }
  const issuer = await Promise.race([started, failed])
  return {
    issuer,
    tokenEndpoint: `${issuer}/token`,
    graphqlUrl: `${issuer}/graphql`,
    signIn: (accountId, thumbprint) => call('signIn', { accountId, thumbprint }) as Promise<string>,
    async codeFlow(jar, accountId) {
      const parameters = new URLSearchParams({
        client_id: 'desktop-app',
        response_type: 'code',
        scope: 'openid',
        redirect_uri: `${issuer}/callback`,
        login_hint: accountId,
        code_challenge: createHash('sha256').update('a verifier of the client').digest('base64url'),
        code_challenge_method: 'S256',
      })
      const response = await jar.fetch(`${issuer}/auth?${String(parameters)}`)
      return response.text()
    },
    approve: (userCode, accountId) => call('approve', { userCode, accountId }) as Promise<void>,
    isAlive: (refreshToken) => call('isAlive', { refreshToken }) as Promise<boolean>,
    revokeAccess: (accessToken) => call('revokeAccess', { accessToken }) as Promise<void>,
    changeNonce: () => call('changeNonce') as Promise<void>,
    events: () => call('events') as Promise<OidcEvents>,
    close: async () => {
      child.kill()
      await closed
    },
  }
}
