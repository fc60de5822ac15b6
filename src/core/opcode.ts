// The frame types (RFC 6455 §5.2).

/** Frame types (RFC 6455 §5.2). */
export const Opcode = { CONT: 0x0, TEXT: 0x1, BINARY: 0x2, CLOSE: 0x8, PING: 0x9, PONG: 0xa } as const;
/** Frame types (RFC 6455 §5.2). */
export type Opcode = (typeof Opcode)[keyof typeof Opcode];
