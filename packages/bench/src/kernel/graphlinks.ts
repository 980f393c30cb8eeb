import {
  chain,
  createClient,
  createOperation,
  createTokenSource,
  headerLink,
  lastResult,
  parseDocument,
  renderFields,
  single,
  tokenRefreshLink,
  type Link,
  type TerminalLink,
} from '@graphlinks/core'
import { checkCount, data, headersOf, query, variables, type Contestant, type InFlight } from './contestant.ts'

/** A chain alone, as Apollo Link is measured alone: operation, links, cancellation, one result. */
export function graphlinks(count: number): Contestant {
  return alone('graphlinks, headerLink', headerLinks(count))
}

/** The same with links that answer a promise of their headers. */
export function graphlinksAsync(count: number): Contestant {
  const links = headersOf(count).map(([name, value]) => headerLink(async () => ({ [name]: value })))
  return alone('graphlinks, headerLink', links)
}

/** The same through a client, which has the document cache and keeps track of what is running. */
export function graphlinksClient(count: number): Contestant {
  const client = createClient({ link: chain(...headerLinks(count), memory(count)) })
  return {
    name: 'graphlinks client, headerLink',
    run: async () => (await client.query(query, variables)).data,
  }
}

/** The same with a session: its link looks at each result. */
export function graphlinksSession(count: number): Contestant {
  const source = createTokenSource({
    initial: { accessToken: 'access-0' },
    refresh: async () => ({ accessToken: 'access-1' }),
  })
  const client = createClient({
    link: chain(tokenRefreshLink(source), ...headerLinks(count), memory(count + 1)),
  })
  return {
    name: 'graphlinks client, headerLink and tokenRefreshLink',
    run: async () => (await client.query(query, variables)).data,
  }
}

/** Queries that wait for an answer until they are stopped. */
export function graphlinksInFlight(count: number): InFlight {
  const never: TerminalLink = () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) })
  const client = createClient({ link: chain(...headerLinks(count), never) })
  return { start: () => client.query(query, variables), stop: () => client.dispose() }
}

function alone(name: string, links: readonly Link[]): Contestant {
  const link = chain(...links, memory(links.length))
  const document = parseDocument(query)
  return { name, run: async () => (await lastResult(link, createOperation({ document, variables }))).data }
}

function headerLinks(count: number): Link[] {
  return headersOf(count).map(([name, value]) => headerLink({ [name]: value }))
}

const endpoint = new URL('https://api.example.com/graphql')

/** Opens the headers as every terminal link does, and answers. */
function memory(count: number): TerminalLink {
  return function memory(operation) {
    checkCount(renderFields(operation, { endpoint, link: 'memory' }).headers.size, count)
    return single({ data })
  }
}
