import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { settle } from './fakeClock.ts'

/** Sends bytes as they are, and lets clients in the same process read them. @returns whether the client is still there. */
export async function sendBytes(socket: Socket, bytes: string | Uint8Array): Promise<boolean> {
  const isSent = await new Promise<boolean>((resolve) => socket.write(bytes, (error) => resolve(!error)))
  // Node reads sockets between two turns, and the first may be the end of this one.
  await settle()
  await settle()
  return isSent
}

/** Status line and headers of an HTTP response, allowed or not. */
export function encodeHead(status: number, lines: readonly string[]): Buffer {
  return Buffer.from([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', ''].join('\r\n'), 'latin1')
}
