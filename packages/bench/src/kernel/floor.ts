import { checkHeaders, data, query, variables, type Contestant } from './contestant.ts'

interface Operation {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
}

/** What a program without any framework does: one object with six headers, one async iterator, one consumer. */
export const floor: Contestant = {
  name: 'floor: written by hand',
  async run() {
    let last: unknown
    for await (const result of send(build('1'))) last = result
    return (last as { readonly data: unknown }).data
  },
}

function build(suffix: string): Operation {
  const headers = {
    'x-header-1': `value-${suffix}`,
    'x-header-2': 'value-2',
    'x-header-3': 'value-3',
    'x-header-4': 'value-4',
    'x-header-5': 'value-5',
    'x-header-6': 'value-6',
  }
  return { query, variables, headers }
}

async function* send({ headers }: Operation): AsyncGenerator<{ readonly data: unknown }> {
  checkHeaders(headers, 6)
  yield { data }
}
