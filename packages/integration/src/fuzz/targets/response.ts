import { bearerLink, chain, createClient, GraphLinksError, GraphQLResultError, type Client } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import fc from 'fast-check'
import type { Capture } from '../captures.ts'
import { bent, chunksOf, jsonWith, sizes, toBinary, toBytes, wild } from '../inputs.ts'
import { fuzzTarget, must, type FuzzTarget } from '../target.ts'

const token = 'canary-token-4711'
const variable = 'canary-variable-0815'
const operations = {
  query: 'query Q { a }',
  mutation: 'mutation M { a }',
  subscription: 'subscription S { a }',
} as const
const contentTypes = [
  'application/json',
  'application/graphql-response+json; charset=utf-8',
  'text/html',
  'text/event-stream',
  '',
  'multipart/mixed; boundary=b',
  'multipart/mixed; boundary="-"; subscriptionSpec=1.0',
  'APPLICATION/JSON;a',
]
const words = [
  '{"data":',
  '{"errors":[{"message":"',
  '"}]}',
  '{}',
  'null',
  '\r\n--b\r\n\r\n',
  '--b--',
  'event: next\ndata: ',
  'event: complete\n\n',
  '\n\n',
  token,
  variable,
  '<html>',
  'csrf',
  '\u001b[2J',
  ',"hasNext":true}',
  '"pending":[]',
].map(toBinary)

/** The whole link, on any response: results, or one typed error without secrets; and an end. */
export function responseTarget(captures: readonly Capture[]): FuzzTarget {
  const json = jsonWith([
    'data',
    'errors',
    'message',
    'extensions',
    'hasNext',
    'incremental',
    'path',
    'payload',
    'http',
  ])
  const body = fc.oneof(
    wild(words).map(toBinary),
    json.map((value) => toBinary(JSON.stringify(value))),
    bent(
      captures.map((capture) => capture.body),
      words,
    ),
  )
  const input = fc.record({
    kind: fc.constantFrom('query' as const, 'mutation' as const, 'subscription' as const),
    status: fc.oneof(
      fc.constant(200),
      fc.constantFrom(204, 301, 304, 307, 400, 401, 403, 404, 415, 429, 431, 500, 503),
    ),
    contentType: fc.oneof(fc.constantFrom(...contentTypes, ...captures.map(({ contentType }) => contentType))),
    headers: fc.array(
      fc.tuple(
        fc.constantFrom('location', 'retry-after', 'www-authenticate'),
        fc.stringMatching(/^[\x21-\x7e]{0,20}$/),
      ),
      { maxLength: 2 },
    ),
    body,
    sizes,
    incremental: fc.constantFrom('merged' as const, 'raw' as const),
    redirects: fc.constantFrom('error' as const, 'same-origin' as const),
  })
  return fuzzTarget('response', input, async ({ kind, status, contentType, headers, body, sizes, ...options }) => {
    const chunks = chunksOf(toBytes(body), sizes)
    const clientOf = (content: BodyInit): Client => {
      const fetch = async (): Promise<Response> =>
        new Response(status === 204 || status === 304 ? null : content, {
          status,
          headers: [['content-type', contentType], ...headers],
        })
      const link = httpLink({ ...options, url: 'https://api.test/graphql', maxResponseBytes: 50_000, fetch })
      return createClient({ link: chain(bearerLink(token), link) })
    }
    const client = clientOf(streamOf(chunks))
    try {
      let count = 0
      for await (const { data, errors, http } of client.execute(operations[kind], { variable })) {
        const isRaw = options.incremental === 'raw'
        must(isRaw || typeof data === 'object' || data === undefined, 'data is no object')
        must(errors === undefined || Array.isArray(errors) || isRaw, 'errors are no list')
        must(http?.status === status, 'the status is another')
        if (++count > 100) break
      }
    } catch (error) {
      mustBeClean(error)
    }
    // The other way: data alone, or an error that says why there is none.
    if (kind !== 'query') return
    const again = clientOf(toBytes(body) as BodyInit)
    await again.request(operations.query, { variable }).catch(mustBeClean)
  })
}

function streamOf(chunks: Iterator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const { done, value } = chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
}

function mustBeClean(error: unknown): void {
  must(GraphLinksError.is(error), `it threw ${String(error)}`)
  const printed = [
    error.message,
    error.stack,
    error.cause instanceof Error ? error.cause.message : '',
    JSON.stringify(error),
  ].join()
  must(!printed.includes(token) && !printed.includes(variable), `a secret is in ${printed}`)
  const { message } = error
  // oxlint-disable-next-line no-control-regex
  must(!/[\x00-\x1f\x7f-\x9f]/.test(message), `a control character is in ${JSON.stringify(message)}`)
  must(message.length < 1_000 || GraphQLResultError.is(error), 'the message is long')
}
