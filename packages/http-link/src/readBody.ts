/** The bytes of a body, or the word that there are more than the cap. */
export type ReadBody = { readonly bytes: Uint8Array } | 'too large'

/**
 * Reads a body up to a cap that is counted after decompression, so that half a megabyte of gzip cannot become half a
 * gigabyte of memory. Takes a web stream (fetch), a Node stream (node-fetch), or whole bytes where there is neither
 * (React Native).
 */
export async function readBody(response: Response, maxBytes: number): Promise<ReadBody> {
  const body = response.body as ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | null
  if (body === null || body === undefined) {
    const bytes = new Uint8Array(await response.arrayBuffer())
    return bytes.length > maxBytes ? 'too large' : { bytes }
  }
  const chunks: Uint8Array[] = []
  let length = 0
  const take = (chunk: Uint8Array): boolean => {
    chunks.push(chunk)
    length += chunk.length
    return length <= maxBytes
  }
  const whole = 'getReader' in body ? await readWeb(body, take) : await readNode(body, take)
  return whole ? { bytes: concat(chunks, length) } : 'too large'
}

async function readWeb(body: ReadableStream<Uint8Array>, take: (chunk: Uint8Array) => boolean): Promise<boolean> {
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return true
    if (!take(value)) {
      reader.cancel().catch(() => {})
      return false
    }
  }
}

async function readNode(body: AsyncIterable<Uint8Array>, take: (chunk: Uint8Array) => boolean): Promise<boolean> {
  // Leaving the loop destroys the stream.
  for await (const chunk of body) if (!take(chunk)) return false
  return true
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  if (chunks.length === 1) return chunks[0] as Uint8Array
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}
