/** Of all bodies. */
export const boundary = 'graphql'
const chunkBytes = 16_384

/** A multipart body, and what it holds. */
export interface Body {
  readonly bytes: Uint8Array
  readonly parts: number
}

/** One part of about so many MiB: a list of articles. */
export function largePart(mib: number): Body {
  const article = {
    id: 'QXJ0aWNsZTox',
    title: 'On "delimiters" {and} braces',
    tags: ['a', 'b'],
    text: 'Und täglich grüßt das Murmeltier. '.repeat(12),
  }
  const bytesEach = new TextEncoder().encode(`${JSON.stringify(article)},`).length
  const count = Math.round((mib * 2 ** 20) / bytesEach)
  return bodyOf([JSON.stringify({ data: { articles: Array.from({ length: count }, () => article) } })])
}

/** So many parts, each with an event of its own. */
export function smallParts(count: number): Body {
  return bodyOf(Array.from({ length: count }, (_, id) => JSON.stringify({ data: { event: { id } } })))
}

function bodyOf(payloads: readonly string[]): Body {
  const parts = payloads.map((payload) => `\r\n--${boundary}\r\ncontent-type: application/json\r\n\r\n${payload}`)
  return {
    bytes: new TextEncoder().encode(`${parts.join('')}\r\n--${boundary}--\r\n`),
    parts: payloads.length,
  }
}

/** A response with this body, in chunks as they come from a socket. */
export function responseOf({ bytes }: Body): Response {
  let start = 0
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      // A chunk of its own each time, as a socket gives.
      controller.enqueue(bytes.slice(start, start + chunkBytes))
      start += chunkBytes
      if (start >= bytes.length) controller.close()
    },
  })
  const headers = { 'content-type': `multipart/mixed; boundary="${boundary}"; subscriptionSpec=1.0` }
  return new Response(stream, { headers })
}
