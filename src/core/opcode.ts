// The frame types (RFC 6455 §5.2), and what sets control frames apart.

/** Frame types (RFC 6455 §5.2). */
export const Opcode = { CONT: 0x0, TEXT: 0x1, BINARY: 0x2, CLOSE: 0x8, PING: 0x9, PONG: 0xa } as const;
/** Frame types (RFC 6455 §5.2). */
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** Whether a frame of this type is about the connection, and may stand between the fragments of a message (RFC 6455 §5.5). */
export const isControl = (opcode: number): boolean => opcode >= Opcode.CLOSE;

/** A control frame carries at most this much (RFC 6455 §5.5). */
export const MAX_CONTROL_BYTES = 125;
