import { checkHeaders, data, headersOf, query, variables, type Contestant } from './contestant.ts'

interface Operation {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
}

/** What a program without any framework does: one object with its headers, one async iterator, one consumer. */
export function floor(count: number): Contestant {
  const headers = literals[count]
  if (!headers) throw new Error(`write down the headers of ${count}`)
  return {
    name: 'floor: written by hand',
    run: () => consume({ query, variables, headers: headers('1') }, count),
  }
}

/** The same with values that have to be waited for. */
export function floorAsync(count: number): Contestant {
  const sources = headersOf(count).map(([name, value]) => [name, async () => value] as const)
  return {
    name: 'floor: written by hand',
    async run() {
      const headers: Record<string, string> = {}
      for (const [name, read] of sources) headers[name] = await read()
      return consume({ query, variables, headers }, count)
    },
  }
}

async function consume(operation: Operation, count: number): Promise<unknown> {
  let last: unknown
  for await (const result of send(operation, count)) last = result
  return (last as { readonly data: unknown }).data
}

async function* send({ headers }: Operation, count: number): AsyncGenerator<{ readonly data: unknown }> {
  checkHeaders(headers, count)
  yield { data }
}

/** As they are in a program: literals. */
const literals: Readonly<Record<number, (suffix: string) => Operation['headers']>> = {
  0: () => ({}),
  1: (suffix) => ({ 'x-header-1': `value-${suffix}` }),
  6: (suffix) => ({
    'x-header-1': `value-${suffix}`,
    'x-header-2': 'value-2',
    'x-header-3': 'value-3',
    'x-header-4': 'value-4',
    'x-header-5': 'value-5',
    'x-header-6': 'value-6',
  }),
  12: (suffix) => ({
    'x-header-1': `value-${suffix}`,
    'x-header-2': 'value-2',
    'x-header-3': 'value-3',
    'x-header-4': 'value-4',
    'x-header-5': 'value-5',
    'x-header-6': 'value-6',
    'x-header-7': 'value-7',
    'x-header-8': 'value-8',
    'x-header-9': 'value-9',
    'x-header-10': 'value-10',
    'x-header-11': 'value-11',
    'x-header-12': 'value-12',
  }),
}
