import { HeaderError, headerEntries, type HeadersInput } from '@graphlinks/core'
import fc from 'fast-check'
import { jsonWith, wild } from '../inputs.ts'
import { fuzzTarget, must } from '../target.ts'

const text = wild(['x-a', 'X-A', 'authorization', 'Bearer ', 'host', 'Content-Length', ' ', '\t', '\r\n', ': ', 'ü'])
const pairs = fc.array(fc.tuple(text, fc.oneof(text, fc.constant(null))), { maxLength: 4 })

/** What headers come out of any input can be sent as they are; what cannot be sent is not shown. */
export const headers = fuzzTarget(
  'headers',
  fc.oneof<fc.Arbitrary<unknown>[]>(pairs, pairs.map(Object.fromEntries), jsonWith(['x-a', 'X-A', 'x-b', 'host'])),
  (input) => {
    try {
      const entries = headerEntries(input as HeadersInput)
      must(new Set(entries.map(([name]) => name)).size === entries.length, 'a name is there twice')
      for (const [name, value] of entries) {
        must(name === name.toLowerCase() && /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name), 'a name is no token')
        must(!/^(host|content-length|connection|transfer-encoding|proxy-authorization)$/.test(name), 'it is framing')
        if (value === null) continue
        must(/^[\t\x20-\x7e]*$/.test(value), 'a value has characters that cannot be sent')
        // The platform trims and normalises; nothing must be left for it to do.
        must(new Headers([[name, value]]).get(name) === value, 'the platform sends another value')
      }
    } catch (error) {
      must(HeaderError.is(error), `it threw ${String(error)}`)
      must(!textsIn(input).some((value) => error.message.includes(value)), 'the message has a value')
    }
  },
)

/** The values that are long enough to be found in a message for no other reason than that they are in it. */
function textsIn(input: unknown): string[] {
  if (typeof input !== 'object' || input === null) return []
  const values = Array.isArray(input) ? input.map((pair: unknown) => Object(pair)[1] as unknown) : Object.values(input)
  return values.filter(
    (value): value is string => typeof value === 'string' && /[A-Z\d\W]/.test(value) && value.length > 11,
  )
}
