// Whether an HTTP server still owes answers on a socket on which the next request has come. Knows not what that request is.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GrowingBytes } from '../bytes/growing-bytes.ts';
import { MAX_EARLY_BYTES } from '../core/server-protocol.ts';

/** Where node:http keeps the response that has its turn on a socket. Not public API; where it is missing, nobody waits. */
type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

/**
 * Calls back when the requests before this one are answered, or the socket has ended: at once, nearly always. Clients may send
 * requests without waiting for answers, which have to go out in their order (RFC 9112 §9.3.2). An upgrade among them would be
 * answered first, or into the middle of another answer; or it would throw, because the socket is taken.
 *
 * @param socket as it came with the upgrade: nobody has listened to it yet.
 */
export function afterEarlierAnswers(request: IncomingMessage, socket: Duplex, goOn: () => void): void {
  const owed = (): ServerResponse | null => (request.socket as HttpSocket)._httpMessage ?? null;
  if (owed() === null) {
    goOn();
    return;
  }
  // Who does not read does not see a client go. Joined as it comes: in 64 KiB that come byte by byte, the objects would weigh 13 MiB.
  const early = new GrowingBytes();
  const onReadable = (): void => {
    for (let bytes = socket.read(); bytes !== null; bytes = socket.read()) early.append(bytes);
    // More than a client may send behind an upgrade is not waited with.
    if (early.length > MAX_EARLY_BYTES) socket.destroy();
  };
  // What node:http does as long as requests may come, and undoes for an upgrade.
  const onDrain = (): void => void owed()?.emit('drain');
  const onEnd = (): void => void socket.end();
  const next = (): void => {
    const response = owed();
    // A socket that is gone owes its answer for ever.
    if (response !== null && !socket.destroyed) {
      response.once('close', next);
      return;
    }
    socket.off('readable', onReadable).off('drain', onDrain).off('end', onEnd);
    if (early.length > 0 && socket.readable) socket.unshift(early.take());
    goOn();
  };
  socket.on('readable', onReadable).on('drain', onDrain).on('end', onEnd);
  socket.on('error', () => socket.destroy());
  next();
}
