// For applications
export { wsLink } from './wsLink.ts'
export type { WsLinkOptions } from './options.ts'
export type { Payload, PayloadInput, Ticket } from './handshake.ts'
export { closeCodes } from './closeCodes.ts'
export type { CloseAction, CloseCode, KnownCloseCode } from './closeCodes.ts'
export { connect, connectOnly } from './connect.ts'
export type { ConnectionEvent, ConnectionListener, SocketMessage } from './connectionEvents.ts'
export { SocketClosedError, SocketConnectError, SocketLimitError } from './errors.ts'
export type { ConnectDetails, SocketDetails } from './errors.ts'

// For authors of protocols
export type {
  Protocol,
  ProtocolAddress,
  ProtocolListener,
  ProtocolOperation,
  ProtocolSession,
  ProtocolStart,
} from './protocol.ts'
