// A backend that calls a GraphQL API for its users: one client for all, each request with the token of its own user.
import { AsyncLocalStorage } from 'node:async_hooks'
import { bearerLink, chain, createClient } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import type { DemoServer } from './server.ts'

export async function perRequestIdentity({ url, adaToken, adminToken }: DemoServer): Promise<unknown> {
  const currentToken = new AsyncLocalStorage<string>()
  const bearer = bearerLink(() => currentToken.getStore(), { onMissing: 'error' })
  const client = createClient({ link: chain(bearer, httpLink({ url })) })

  const handleRequest = (token: string): Promise<unknown> =>
    currentToken.run(token, () => client.request('{ viewer { name } }'))

  return Promise.all([adaToken, adminToken, adaToken].map(handleRequest))
}
