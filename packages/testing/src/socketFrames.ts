/** Frames of WebSocket, by the byte (RFC 6455 section 5.2). */

/** Kinds of frames. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** One frame as it came. */
export interface SocketFrame {
  readonly isFinal: boolean
  readonly opcode: number
  readonly payload: Buffer
}

/** How a frame is written, also where that is not allowed. */
export interface SocketFrameOptions {
  /** Whether the message ends with it. Default: `true`. */
  readonly isFinal?: boolean | undefined
  /** Whether it is masked, as only those of clients may be. Default: `false`. */
  readonly isMasked?: boolean | undefined
}

/** The bytes of a frame. */
export function encodeFrame(opcode: number, payload: Uint8Array, options: SocketFrameOptions = {}): Buffer {
  const { isFinal = true, isMasked = false } = options
  const { length } = payload
  const extra = length < 126 ? Buffer.alloc(0) : Buffer.alloc(length < 65_536 ? 2 : 8)
  if (extra.length === 2) extra.writeUInt16BE(length)
  if (extra.length === 8) extra.writeBigUInt64BE(BigInt(length))
  const short = extra.length === 0 ? length : extra.length === 2 ? 126 : 127
  const head = Buffer.from([(isFinal ? 0x80 : 0) | opcode, (isMasked ? 0x80 : 0) | short])
  // A key of zeros changes nothing, and is a mask all the same.
  return Buffer.concat([head, extra, Buffer.alloc(isMasked ? 4 : 0), payload])
}

/** Takes the frames that have come off the front of what has. @returns them, and what is left. */
export function decodeFrames(bytes: Buffer): { readonly frames: readonly SocketFrame[]; readonly rest: Buffer } {
  const frames: SocketFrame[] = []
  let rest = bytes
  for (;;) {
    const [first = 0, second = 0] = rest
    const short = second & 0x7f
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0
    const isMasked = (second & 0x80) !== 0
    const start = 2 + extra + (isMasked ? 4 : 0)
    if (rest.length < start) return { frames, rest }
    const length = extra === 2 ? rest.readUInt16BE(2) : extra === 8 ? Number(rest.readBigUInt64BE(2)) : short
    if (rest.length < start + length) return { frames, rest }
    const key = rest.subarray(start - 4, start)
    const payload = Buffer.from(rest.subarray(start, start + length))
    if (isMasked)
      for (let index = 0; index < length; index++) payload[index] = byte(payload, index) ^ byte(key, index % 4)
    frames.push({ isFinal: (first & 0x80) !== 0, opcode: first & 0x0f, payload })
    rest = rest.subarray(start + length)
  }
}

function byte(bytes: Buffer, index: number): number {
  return bytes[index] as number
}
