import { createTRPCUntypedClient, type TRPCLink } from '@trpc/client'
import type { AnyRouter } from '@trpc/server'
import { observable, type Unsubscribable } from '@trpc/server/observable'
import { checkHeaders, data, headersOf, variables, type Contestant, type InFlight } from './contestant.ts'

/** tRPC with links as its documentation writes them: each an observable around the next. */
export function trpc(count: number): Contestant {
  return { name: 'tRPC links', run: clientOf(links(count), answering(count)) }
}

/** The same with links that wait for their header before they go on. */
export function trpcAsync(count: number): Contestant {
  const waiting = headersOf(count).map(([name, value]): TRPCLink<AnyRouter> => {
    const read = async (): Promise<string> => value
    return () =>
      ({ op, next }) =>
        observable((observer) => {
          let running: Unsubscribable | undefined
          const goOn = async (): Promise<void> => {
            const headers = { ...headersIn(op.context), [name]: await read() }
            running = next({ ...op, context: { ...op.context, headers } }).subscribe(observer)
          }
          goOn().catch(observer.error)
          return () => running?.unsubscribe()
        })
  })
  return { name: 'tRPC links', run: clientOf(waiting, answering(count)) }
}

/** Queries that wait for an answer until they are stopped. */
export function trpcInFlight(count: number): InFlight {
  const complete = new Set<() => void>()
  const never: TRPCLink<AnyRouter> = () => () =>
    observable((observer) => {
      complete.add(() => observer.complete())
    })
  return {
    start: clientOf(links(count), never),
    stop: async () => {
      for (const end of complete) end()
    },
  }
}

function clientOf(before: readonly TRPCLink<AnyRouter>[], terminal: TRPCLink<AnyRouter>): () => Promise<unknown> {
  const client = createTRPCUntypedClient({ links: [...before, terminal] })
  return () => client.query('me', variables)
}

function links(count: number): TRPCLink<AnyRouter>[] {
  return headersOf(count).map(
    ([name, value]) =>
      () =>
      ({ op, next }) =>
        observable((observer) => {
          const headers = { ...headersIn(op.context), [name]: value }
          return next({ ...op, context: { ...op.context, headers } }).subscribe(observer)
        }),
  )
}

function answering(count: number): TRPCLink<AnyRouter> {
  return () =>
    ({ op }) =>
      observable((observer) => {
        checkHeaders(headersIn(op.context), count)
        observer.next({ result: { type: 'data', data } })
        observer.complete()
      })
}

function headersIn(context: Readonly<Record<string, unknown>>): Record<string, string> {
  return (context['headers'] ?? {}) as Record<string, string>
}
