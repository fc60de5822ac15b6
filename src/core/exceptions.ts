// All errors that users meet, behind one door. Holds none itself.
export {
  ConnectionClosed,
  ConnectionClosedError,
  ConnectionClosedOK,
} from './exceptions/connection-closed.ts';
export * from './exceptions/handshake-errors.ts';
export * from './exceptions/protocol-errors.ts';
export * from './exceptions/status-errors.ts';
export { WebSocketException } from './exceptions/web-socket-exception.ts';
