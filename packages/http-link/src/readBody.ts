/**
 * Reads a body up to a cap that is counted after decompression, so that half a megabyte of gzip cannot become half a
 * gigabyte of memory. Takes a web stream (fetch), a Node stream (node-fetch), or whole bytes where there is neither
 * (React Native).
 *
 * @returns the bytes, or `undefined` when there are more than the cap; reading has stopped then.
 */
export async function readBody(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  const body = response.body as ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | null
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ? chunksOf(body) : [new Uint8Array(await response.arrayBuffer())]) {
    chunks.push(chunk)
    length += chunk.length
    if (length > maxBytes) return undefined
  }
  if (chunks.length === 1) return chunks[0]
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

/** Web streams are async iterables too, but not in every browser. Leaving the loop cancels the stream. */
async function* chunksOf(body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (!('getReader' in body)) return yield* body
  const reader = body.getReader()
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value
  } finally {
    // After the end this does nothing; a body that is left must not go on arriving.
    reader.cancel().catch(() => {})
  }
}
