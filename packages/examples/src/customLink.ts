// Links of your own are functions: one that changes the operation, and one that looks at how long its results took.
import { chain, createClient, withHeader, type Link } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import type { DemoServer } from './server.ts'

export async function customLink({ url }: DemoServer): Promise<unknown> {
  const log: string[] = []

  const tenant: Link = (operation, next) => next(withHeader(operation, 'x-tenant', 'acme'))
  const timing: Link = async function* timing(operation, next) {
    const start = performance.now()
    try {
      yield* next(operation)
    } finally {
      log.push(`${operation.operationName} took ${Math.ceil(performance.now() - start)} ms`)
    }
  }

  const client = createClient({ link: chain(timing, tenant, httpLink({ url })) })
  return { data: await client.request('query Tenant { tenant }'), log }
}
