// What a protocol hands over to: the sink of what was received, the output of what is to be sent. No code, two shapes.
import type { Request, Response } from './http-message.ts';
import type { Opcode } from './opcode.ts';

/** Is told what a peer sent, in order. */
export interface ProtocolSink {
  /** The peer's half of the opening handshake. */
  onHandshake(message: Request | Response): void;
  /**
   * A frame, decoded and checked. The payload is `bytes[start, end)`, on loan until the call returns; it may be kept only if
   * it fills the buffer of `bytes`, which it then has for itself.
   *
   * The sink may call the protocol from here, also to pause or to close it.
   */
  onFrame(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void;
  /**
   * A frame that was being decoded elsewhere is ready: `goOn` hands it over, and what came behind it. Missing: every frame is
   * decoded before `receive` returns.
   */
  onDecoded?(goOn: () => void): void;
  /** A data frame of ours went to the output; it has `byteLength` bytes before extensions. Missing: nobody counts. */
  onSent?(opcode: Opcode, fin: boolean, byteLength: number): void;
}

/** Takes what goes to the peer, in order. */
export interface ProtocolOutput {
  /** Makes room for a chunk of `byteLength` bytes: the caller fills `bytes` from the offset that is returned, at once. */
  reserve(byteLength: number): number;
  /** The buffer that `reserve` spoke of. It may be another one after each call. */
  readonly bytes: Uint8Array;
  /**
   * From this size on, a payload is not copied as a whole: one that needs no mask is handed to `append`, another one is
   * masked piece by piece.
   */
  readonly appendFromBytes: number;
  /** Appends bytes without copying them: they must not change until they are sent. */
  append(bytes: Uint8Array): void;
  /** Appends bytes that go to many peers and never change. */
  share(bytes: Uint8Array): void;
  /**
   * Whether bytes wait that the peer does not take. Of the pings that come meanwhile only the latest is kept, until whoever
   * owns the output calls `answerKeptPing`. Missing: never.
   */
  readonly isBlocked?: boolean | undefined;
  /** Nothing follows: the transport may be half-closed. */
  end(): void;
}
