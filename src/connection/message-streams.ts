// A connection as a pair of web streams: messages in, messages out, with the backpressure of both. Knows no frames.
import { ConnectionClosed, ConnectionClosedOK } from '../core/exceptions.ts';
import type { PreparedMessage } from '../core/prepared-message.ts';
import type { Clock } from './clock.ts';
import type { MessageReader } from './message-reader.ts';
import type { Data, DataLike } from './message-source.ts';
import type { MessageWriter } from './message-writer.ts';

/** A connection as its streams see it. */
export interface StreamingConnection {
  readonly reader: MessageReader | null;
  readonly writer: MessageWriter;
  readonly closed: { readonly promise: Promise<void> };
  readonly isClosed: boolean;
  close(code: number, reason: string): Promise<void>;
  closedError(): ConnectionClosed;
}

/**
 * The stream of received messages. It asks for one when its reader does, and keeps none of its own: what is not read waits in
 * the queue of the connection, which stops the peer when it is full.
 *
 * @throws {ConcurrencyError} somebody else receives.
 */
export function readableOf(connection: StreamingConnection, reader: MessageReader): ReadableStream<Data> {
  let controller!: ReadableStreamDefaultController<Data>;
  let isOver = false;
  /** The stream ends or fails, as the connection has. */
  const end = (error: unknown): void => {
    if (isOver) return;
    isOver = true;
    if (error instanceof ConnectionClosedOK) controller.close();
    else controller.error(error);
  };
  /** Who does not read hears of the end too, when there is nothing left to read: neither here nor in the stream. */
  const endIfRead = (): void => {
    if (connection.isClosed && !reader.hasMessage && controller.desiredSize === 0) end(connection.closedError());
  };
  const next = reader.takeOver<void>('readable', {
    ofMessage: (data) => {
      // What comes before the peer's close frame comes to nobody; the stream takes nothing any more.
      if (isOver) return;
      controller.enqueue(data);
      endIfRead();
    },
    ofError: (error) => {
      if (!connection.isClosed) throw error;
      end(error);
    },
  });
  return new ReadableStream<Data>(
    {
      start: (given) => {
        controller = given;
        void connection.closed.promise.then(endIfRead);
      },
      pull: next,
      // Nobody would read the rest: the peer must not wait for that.
      cancel: (reason) => {
        isOver = true;
        return connection.close(reason instanceof Error ? 1011 : 1000, '');
      },
    },
    { highWaterMark: 0 },
  );
}

/** The stream of messages to send. A write is done when `send` is: one at a time, and none while the peer takes nothing. */
export function writableOf(connection: StreamingConnection, clock: Clock): WritableStream<DataLike | PreparedMessage> {
  let isEnding = false;
  const end = (code: number): Promise<void> => {
    isEnding = true;
    return connection.close(code, '');
  };
  return new WritableStream<DataLike | PreparedMessage>({
    start: (controller) => {
      const fail = (): void => {
        if (!isEnding) controller.error(connection.closedError());
      };
      // Whoever writes nothing hears of the end too; a pipe from the readable stream, which ends now, may end first.
      void connection.closed.promise.then(() => clock.setTimer(0, fail));
    },
    write: async (message) => {
      try {
        await connection.writer.send(message, {});
      } catch (error) {
        // The stream is done for; a connection that nobody can write to must not stay.
        if (!(error instanceof ConnectionClosed)) void end(1011);
        throw error;
      }
    },
    close: () => end(1000),
    // Why is nobody's business but ours.
    abort: () => end(1011),
  });
}
