import { createTRPCUntypedClient, type TRPCLink } from '@trpc/client'
import type { AnyRouter } from '@trpc/server'
import { observable } from '@trpc/server/observable'
import { checkHeaders, data, headersOf, variables, type Contestant } from './contestant.ts'

/** tRPC with links as its documentation writes them: each an observable around the next. */
export function trpc(count: number): Contestant {
  const links = headersOf(count).map(
    ([name, value]): TRPCLink<AnyRouter> =>
      () =>
      ({ op, next }) =>
        observable((observer) => {
          const headers = { ...headersIn(op.context), [name]: value }
          return next({ ...op, context: { ...op.context, headers } }).subscribe(observer)
        }),
  )
  const memory: TRPCLink<AnyRouter> =
    () =>
    ({ op }) =>
      observable((observer) => {
        checkHeaders(headersIn(op.context), count)
        observer.next({ result: { type: 'data', data } })
        observer.complete()
      })
  const client = createTRPCUntypedClient({ links: [...links, memory] })
  return { name: `tRPC, ${count} links`, run: () => client.query('me', variables) }
}

function headersIn(context: Readonly<Record<string, unknown>>): Record<string, string> {
  return (context['headers'] ?? {}) as Record<string, string>
}
