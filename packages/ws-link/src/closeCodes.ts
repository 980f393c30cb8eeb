/** What a WebSocket close code means, and whether the same operation may succeed on a new socket. */
export interface CloseCode {
  readonly meaning: string
  readonly retryable: boolean
}

// RFC 6455 section 7.4.1, the WebSocket close code registry, and the graphql-transport-ws protocol.
const known: Readonly<Record<number, CloseCode>> = {
  1000: { meaning: 'normal closure', retryable: true }, // the operation was not over, so it is worth another try
  1001: { meaning: 'going away', retryable: true }, // a server that restarts
  1002: { meaning: 'protocol error; does it speak only the legacy subprotocol "graphql-ws"?', retryable: false },
  1003: { meaning: 'unsupported data', retryable: false }, // the next frame would be the same
  1005: { meaning: 'no code given', retryable: true },
  1006: { meaning: 'the connection broke', retryable: true },
  1007: { meaning: 'invalid encoding', retryable: false },
  1008: { meaning: 'policy violation', retryable: false },
  1009: { meaning: 'message too big', retryable: false },
  1010: { meaning: 'missing extension', retryable: false },
  1011: { meaning: 'internal error', retryable: true },
  1012: { meaning: 'service restart', retryable: true },
  1013: { meaning: 'try again later', retryable: true },
  1014: { meaning: 'bad gateway', retryable: true },
  1015: { meaning: 'TLS handshake failed', retryable: false },
  4004: { meaning: 'the server sent a message that is no graphql-transport-ws', retryable: false },
  4005: { meaning: 'internal client error', retryable: false },
  4400: { meaning: 'bad request', retryable: false },
  4401: { meaning: 'unauthorized', retryable: false }, // the same credential would be refused again
  4403: { meaning: 'forbidden', retryable: false }, // the same credential would be refused again
  4406: { meaning: 'subprotocol not acceptable', retryable: false },
  4408: { meaning: 'connection initialisation timeout', retryable: true },
  4409: { meaning: 'subscriber already exists', retryable: false },
  4429: { meaning: 'too many initialisation requests', retryable: false },
  4499: { meaning: 'terminated', retryable: true },
  4500: { meaning: 'internal server error, or a syntax error in a document', retryable: false },
  4504: { meaning: 'the server did not acknowledge the connection in time', retryable: true },
}

/** The meaning of a close code; one that no protocol defines belongs to the application and may be tried again. */
export function closeCode(code: number): CloseCode {
  return known[code] ?? { meaning: 'a code of the application', retryable: true }
}
