import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { firstValueFrom, of, Subject } from 'rxjs'
import { checkHeaders, data, headersOf, query, variables, type Contestant, type InFlight } from './contestant.ts'

const document = gql(query)

/** Apollo Link alone, without the cache of the client: links as its documentation writes them. */
export function apollo(count: number): Contestant {
  return alone('Apollo Link, SetContextLink', setContextLinks(count), memory(count))
}

/** The same with promises of the headers. */
export function apolloAsync(count: number): Contestant {
  const links = headersOf(count).map(
    ([name, value]) => new SetContextLink(async (previous) => ({ headers: { ...headersIn(previous), [name]: value } })),
  )
  return alone('Apollo Link, SetContextLink', links, memory(count))
}

/** The same with the cheapest link that Apollo has: synchronous, without an observable of its own. */
export function apolloPlain(count: number): Contestant {
  return alone('Apollo Link, plain links', plainLinks(count), memory(count))
}

/** Through the client, without its cache. */
export function apolloClient(count: number): Contestant {
  const client = clientOf(ApolloLink.from([...setContextLinks(count), memory(count)]))
  return {
    name: 'Apollo Client, SetContextLink',
    run: async () => (await client.query({ query: document, variables, fetchPolicy: 'no-cache' })).data,
  }
}

/** Queries that wait for an answer until they are stopped. */
export function apolloInFlight(count: number): InFlight {
  const answer = new Subject<ApolloLink.Result>()
  const { run } = alone('', setContextLinks(count), new ApolloLink(() => answer))
  return { start: run, stop: async () => answer.complete() }
}

function alone(name: string, links: readonly ApolloLink[], terminal: ApolloLink): Contestant {
  const link = ApolloLink.from([...links, terminal])
  const client = clientOf(link)
  return {
    name,
    run: async () => (await firstValueFrom(ApolloLink.execute(link, { query: document, variables }, { client }))).data,
  }
}

function clientOf(link: ApolloLink): ApolloClient {
  return new ApolloClient({ link, cache: new InMemoryCache() })
}

function setContextLinks(count: number): ApolloLink[] {
  return headersOf(count).map(
    ([name, value]) => new SetContextLink((previous) => ({ headers: { ...headersIn(previous), [name]: value } })),
  )
}

function plainLinks(count: number): ApolloLink[] {
  return headersOf(count).map(
    ([name, value]) =>
      new ApolloLink((operation, forward) => {
        operation.setContext((previous) => ({ headers: { ...headersIn(previous), [name]: value } }))
        return forward(operation)
      }),
  )
}

function memory(count: number): ApolloLink {
  return new ApolloLink((operation) => {
    checkHeaders(headersIn(operation.getContext()), count)
    return of({ data })
  })
}

function headersIn(context: Readonly<Record<string, unknown>>): Record<string, string> {
  return (context['headers'] ?? {}) as Record<string, string>
}
