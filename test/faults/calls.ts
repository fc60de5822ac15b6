// Calls of the library by what they are, and what became of each. Knows all that a campaign is to call, and no connection.
import { ConnectionClosed, TimeoutError } from 'websockets-ts';

/** What a campaign must have called while something failed: `Census` tells what it has not. */
export const OPERATIONS = [
  // Opening.
  'connect',
  'connect, signal',
  'connect, serialized',
  'loop next',
  'loop return',
  'processRequest',
  'authenticate',
  'processResponse',
  // Sending.
  'send text',
  'send binary',
  'send prepared',
  'send prepared binary',
  'send corked',
  'send fragments',
  'send binary fragments',
  'send slow fragments',
  'send slow binary fragments',
  'send fragments without end',
  'send, signal',
  'send given up',
  'trySend',
  'broadcast',
  'broadcast or close',
  'cork',
  'write',
  'writer.closed',
  'writer.close',
  'writer.abort',
  'deflate on a thread',
  'inflate on a thread',
  // Pings and waiting.
  'ping',
  'ping, signal',
  'pong of a ping',
  'pong of a ping, ackOnClose',
  'pong',
  'pong, signal',
  'drained',
  'waitDrained, timeoutMs',
  'waitDrained, signal',
  'closed',
  'waitClosed, timeoutMs',
  'waitClosed, signal',
  // Receiving.
  'recv',
  'recv, timeoutMs',
  'recv, signal',
  'next',
  'iterator left',
  'recvStreaming',
  'recvStreaming, signal',
  'recvStreaming left',
  'read',
  'reader.closed',
  'reader.cancel',
  'pipeTo',
  'pause',
  'resume',
  'on open',
  'on message',
  'on message, async',
  'on message, serial',
  'on drain',
  'on close',
  // Closing.
  'close',
  'close, code',
  'close, signal',
  'use',
  'abort',
  'server.close',
  'server.close, graceMs',
  'server.close, spreadMs',
  'server.close, closeConnections: false',
  'server.abort',
  'server signal',
  'serveForever, signal',
  'server.waitClosed',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** A call and what came of it. */
export interface Call {
  readonly name: Operation;
  outcome: 'pending' | 'done' | Error;
}

/** Remembers what becomes of a promise. */
export function watch<T>(calls: Call[], name: Operation, promise: Promise<T>): Promise<T> {
  const call: Call = { name, outcome: 'pending' };
  calls.push(call);
  promise.then(
    () => {
      call.outcome = 'done';
    },
    (error: Error) => {
      call.outcome = error;
    },
  );
  return promise;
}

/** A call that is over when it returns. */
export function mark(calls: Call[], name: Operation): void {
  calls.push({ name, outcome: 'done' });
}

export const givenUp = (): Error => new Error('given up');

export const isGivenUp = (error: unknown): boolean => error instanceof Error && error.message === 'given up';

/** Everything that a call of ours may say when the network fails, or when its caller or another one is in its way. */
export const isTyped = (error: unknown): boolean =>
  error instanceof ConnectionClosed ||
  error instanceof TimeoutError ||
  (error instanceof Error && error.name === 'ConcurrencyError') ||
  isGivenUp(error);

export function ignoreTyped(error: unknown): void {
  if (!isTyped(error)) throw error;
}
