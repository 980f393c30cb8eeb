/** One way to run a query. Its terminal must see every header, so that nobody saves work by being lazy. */
export interface Contestant {
  readonly name: string
  /** Runs one query and gives its data. */
  readonly run: () => Promise<unknown>
}

/** Makes a contestant with so many links, each of which sets a header. */
export type Pipeline = (count: number) => Contestant

/** Queries that are sent and not answered. */
export interface InFlight {
  readonly start: () => Promise<unknown>
  readonly stop: () => Promise<void>
}

/** The query that every contestant runs. */
export const query = 'query Me($id: ID!) { me(id: $id) { name } }'

/** Its variables. */
export const variables = { id: '1' }

/** What every terminal answers. */
export const data = { me: { name: 'Ada' } }

/** Names and values of `count` headers. */
export function headersOf(count: number): [name: string, value: string][] {
  return Array.from({ length: count }, (_, index) => [`x-header-${index + 1}`, `value-${index + 1}`])
}

/** Called by every terminal with what it would send; a contestant that loses a header fails the run. */
export function checkHeaders(headers: Readonly<Record<string, string>>, count: number): void {
  let seen = 0
  for (const name in headers) if (headers[name] !== undefined) seen++
  checkCount(seen, count)
}

/** The same for headers in another shape than an object. */
export function checkCount(seen: number, count: number): void {
  if (seen !== count) throw new Error(`${seen} headers arrived, not ${count}`)
}
