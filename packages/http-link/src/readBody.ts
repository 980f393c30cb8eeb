/**
 * Reads a body up to a cap that is counted after decompression, so that half a megabyte of gzip cannot become half a
 * gigabyte of memory. Takes a web stream (fetch), a Node stream (node-fetch), or whole bytes where there is neither
 * (React Native).
 *
 * @returns the bytes, or `undefined` when there are more than the cap; reading has stopped then.
 * @throws the reason of the signal when it aborts; the body is cancelled, also where fetch ignores its signal.
 */
export async function readBody(
  response: Response,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunksOf(response, signal)) {
    if (signal.aborted) break
    chunks.push(chunk)
    length += chunk.length
    if (length > maxBytes) return undefined
  }
  signal.throwIfAborted()
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

type Body = ReadableStream<Uint8Array> | (AsyncIterable<Uint8Array> & { destroy?: () => void })

/** Web streams are async iterables too, but not in every browser. Leaving the loop cancels the stream. */
async function* chunksOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const body = response.body as Body | null
  const reader = body && 'getReader' in body ? body.getReader() : undefined
  // After the end this does nothing; a body that is left must not go on arriving.
  const cancel = (): void => {
    if (reader) reader.cancel().catch(() => {})
    else (body as { destroy?: () => void } | null)?.destroy?.()
  }
  // A read that waits ends with it.
  signal.addEventListener('abort', cancel)
  try {
    if (signal.aborted) return
    if (!body) yield new Uint8Array(await response.arrayBuffer())
    else if (!reader) yield* body as AsyncIterable<Uint8Array>
    else for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value
  } finally {
    cancel()
  }
}
