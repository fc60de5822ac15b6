// Entry: client, server, errors and types, for the runtime at hand.
export * from './client.ts';
export { CloseCode, type CloseInfo } from './core/close-code.ts';
export { Opcode } from './core/opcode.ts';
export { version } from './core/version.ts';
export * from './exceptions.ts';
export * from './server.ts';
