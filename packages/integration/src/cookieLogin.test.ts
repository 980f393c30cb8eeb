import { memoryCookieJar, type UserCookieJar } from '@graphlinks/cookie-jar'
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'

const verifier = 'v'.repeat(43)
const callback = 'https://app.example.com/callback'

const authorization = new URLSearchParams({
  client_id: 'web',
  redirect_uri: callback,
  response_type: 'code',
  scope: 'openid',
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
})

/** Follows redirects until one leads to the application. */
async function codeFrom(jar: UserCookieJar, response: Response): Promise<string> {
  const location = new URL(response.headers.get('location') ?? '', response.url)
  if (location.href.startsWith(callback)) return location.searchParams.get('code') ?? ''
  return codeFrom(jar, await jar.fetch(location, { redirect: 'manual' }))
}

test('AUTH-32 oidc-provider: a sign-in over many redirects, and a session that needs none after it', async () => {
  const child = fork(join(__dirname, 'cookieProvider.mjs'), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
  })
  const closed = once(child, 'close')
  try {
    const [issuer] = (await once(child, 'message')) as [string]
    const jar = memoryCookieJar()
    const ask = (init?: RequestInit): Promise<Response> => jar.fetch(`${issuer}/auth?${authorization}`, init)
    const submit = (page: Response, form: Record<string, string>, init?: RequestInit): Promise<Response> =>
      jar.fetch(page.url, { method: 'POST', body: new URLSearchParams(form), ...init })

    const login = await ask()
    expect([login.status, login.url]).toEqual([200, expect.stringContaining('/interaction/')])
    const consent = await submit(login, { prompt: 'login', login: 'ada', password: 'secret' })
    expect([consent.status, consent.url === login.url]).toEqual([200, false])
    const code = await codeFrom(jar, await submit(consent, { prompt: 'consent' }, { redirect: 'manual' }))
    const tokens = await fetch(`${issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: 'web',
        redirect_uri: callback,
        code,
        code_verifier: verifier,
      }),
    })
    expect(await tokens.json()).toMatchObject({ token_type: 'Bearer' })

    // The session is in the jar, and in what was saved of it: no page is shown again.
    expect(await codeFrom(jar, await ask({ redirect: 'manual' }))).not.toBe('')
    const restored = memoryCookieJar({ from: await jar.export() })
    const again = await restored.fetch(`${issuer}/auth?${authorization}`, { redirect: 'manual' })
    expect(await codeFrom(restored, again)).not.toBe('')
    expect((await memoryCookieJar().fetch(`${issuer}/auth?${authorization}`)).url).toContain('/interaction/')
  } finally {
    child.kill()
    await closed
  }
}, 30_000)
