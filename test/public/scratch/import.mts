// What a user's ES module does with the package. Compiled by test/public/packed.test.ts against the packed tarball.
import { ConnectionClosed, ConnectionClosedError, WebSocketException } from 'websockets-ts/exceptions';

/** Narrowing by class has to work on what a `catch` gives. */
export function describe(error: unknown): string {
  if (error instanceof ConnectionClosedError) return `lost: ${error.message}`;
  if (error instanceof ConnectionClosed) return `closed: ${error.message}`;
  if (error instanceof WebSocketException) return `${error.name}: ${error.message}`;
  return String(error);
}

console.log(describe(new TypeError('mine')));
