// What a connection has done, in numbers. Knows no connection: it is given them.

/** What went over a connection. Made with its first message: a connection at rest has none. */
export class Traffic {
  messagesSent = 0;
  messagesReceived = 0;
  payloadBytesSent = 0;
  payloadBytesReceived = 0;
}

/** Numbers of a connection at one moment. */
export interface ConnectionStats {
  /** Messages that `send` and others took, complete ones. */
  readonly messagesSent: number;
  /** Messages that arrived, read or not, complete ones. */
  readonly messagesReceived: number;
  /** Bytes of messages, text in UTF-8, before compression. */
  readonly payloadBytesSent: number;
  /** Bytes of messages that arrived, after decompression. */
  readonly payloadBytesReceived: number;
  /** Bytes for the wire since the opening handshake: frames of all kinds, with their heads; those in `bufferedBytes` too. TLS comes on top. */
  readonly bytesSent: number;
  /** Bytes from the wire since the opening handshake, as `bytesSent` counts. What came in one read with the handshake is missing. */
  readonly bytesReceived: number;
  /** `payloadBytesSent` for each of `bytesSent`: 4 where compression leaves a quarter. Null before there is any. */
  readonly compressionRatioSent: number | null;
  /** `payloadBytesReceived` for each of `bytesReceived`. */
  readonly compressionRatioReceived: number | null;
  /** Frames that have arrived and were not read yet. */
  readonly queuedFrames: number;
  /** What they cost in bytes, with something for each. */
  readonly queuedBytes: number;
  /** Bytes that were sent and have not gone to the system yet: `bufferedAmount`. */
  readonly bufferedBytes: number;
  /** Messages that `broadcast` and `trySend` left out because more than `maxBuffered` waited. */
  readonly droppedMessages: number;
}

/** Payload for each byte of the wire. */
export const ratio = (payloadBytes: number, wireBytes: number): number | null =>
  wireBytes > 0 && payloadBytes > 0 ? payloadBytes / wireBytes : null;
