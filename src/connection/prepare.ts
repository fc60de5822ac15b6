// Messages made ready for many connections. Knows no connection.
import { encodeUtf8 } from '../bytes/utf8.ts';
import { Opcode } from '../core/opcode.ts';
import { PreparedMessage } from '../core/prepared-message.ts';
import type { Compress } from '../core/protocol-options.ts';
import { bytesOf, type DataLike } from './message-source.ts';

/** How to prepare a message. */
export interface PrepareOptions {
  /** Whether the message is text. Default: strings are, bytes are not. */
  readonly text?: boolean | undefined;
  /** Whether to compress it: see `SendOptions`. Default `'auto'`. */
  readonly compress?: Compress | undefined;
}

/**
 * Makes a message ready to be sent to many connections, with `send` or `broadcast`: it is encoded once, and compressed once
 * for all connections that agreed on the same compression. The bytes are copied.
 *
 * @throws {TypeError} the message is neither a string nor bytes.
 */
export function prepare(message: DataLike, { text, compress = 'auto' }: PrepareOptions = {}): PreparedMessage {
  const isString = typeof message === 'string';
  const given = isString ? encodeUtf8(message) : bytesOf(message);
  if (given === null) throw new TypeError('data must be str or bytes');
  const data = isString ? given : new Uint8Array(given);
  return new PreparedMessage((text ?? isString) ? Opcode.TEXT : Opcode.BINARY, data, compress);
}
