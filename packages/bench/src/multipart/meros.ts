import { meros as read } from 'meros/browser'
import type { Contestant } from './contestant.ts'

/** For a fetch response, as its README writes it. */
export const meros: Contestant = {
  name: 'meros',
  isQuadratic: true,
  async read(response) {
    const parts = await read<object>(response)
    let payloads = 0
    if (Symbol.asyncIterator in parts) for await (const part of parts) if (part.json) payloads++
    return payloads
  },
}
