/** What a server that many tests share saw of the WebSockets of one of them. */
import type { RealServer, ServerEvent } from './realServers.ts'

/** The sockets that were opened since it began, and no others. */
export interface SocketLog {
  readonly url: string
  /** What was seen of them so far. */
  readonly events: () => Promise<readonly ServerEvent[]>
  /** The events of one kind. */
  readonly of: (what: ServerEvent['what']) => Promise<readonly ServerEvent[]>
  /** Waits until something was seen, that often. */
  readonly saw: (what: ServerEvent['what'], times?: number) => Promise<void>
}

/** Begins to watch the sockets of a server. */
export async function watchSockets(server: RealServer): Promise<SocketLog> {
  const before = Math.max(0, ...(await server.events()).map(({ socket = 0 }) => socket))
  const isOurs = ({ socket = 0 }: ServerEvent): boolean => socket > before
  const events = async (): Promise<readonly ServerEvent[]> => (await server.events()).filter(isOurs)
  return {
    url: server.url.replace(/^http/, 'ws'),
    events,
    of: async (what) => (await events()).filter((event) => event.what === what),
    saw: (what, times) => server.saw((event) => event.what === what && isOurs(event), times),
  }
}
