// What moves the bytes: the narrow interface between the one connection and the runtimes. No code, only shapes.

/** Where a socket stands: host and port for TCP, the path for a Unix socket. */
export type Address = readonly [host: string, port: number] | string;

/** Is told what happens on a transport. */
export interface TransportSink {
  /**
   * bytes[0, end) arrived, in a Uint8Array and no subclass of it. The sink may change them; it must not keep them when it
   * returns. `end` is by default where the array ends.
   */
  onData(bytes: Uint8Array, end?: number): void;
  /** The peer ended its half. Nothing more will arrive. */
  onEnd(): void;
  /** Bytes that had to wait went out: `bufferedBytes` has become smaller. */
  onWritten(): void;
  /** The transport is gone, both ways. Comes once, and last. */
  onClose(error: Error | null): void;
}

/** A stream of bytes to a peer. Nothing is delivered before `start`. */
export interface Transport {
  /** Both addresses are known when the transport is gone, too. */
  readonly localAddress: Address | null;
  readonly remoteAddress: Address | null;
  /** Bytes written and not taken by the system yet. 0 right after a write means that its bytes may be reused. */
  readonly bufferedBytes: number;
  /** Whether `end` leaves the other half open. */
  readonly canHalfClose: boolean;
  /** Begins to deliver. */
  start(sink: TransportSink): void;
  /** Sends bytes, which must not change until they are out; `more` follows in the same system call where there is one. */
  write(bytes: Uint8Array, more?: Uint8Array): void;
  /** Ends our half once everything is written. */
  end(): void;
  /** Drops the connection now. `onClose` follows. */
  abort(): void;
  /** Stops delivering bytes until `resume`. */
  pause(): void;
  resume(): void;
}
