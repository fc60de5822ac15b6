// Whether an HTTP server still owes answers on a socket on which the next request has come. Knows not what that request is.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Where node:http keeps the response that has its turn on a socket. Not public API; where it is missing, nobody waits. */
type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

/**
 * Calls back when the requests that came before are answered, or the socket has ended: at once, nearly always. Clients may send
 * requests without waiting for answers, which have to go out in their order (RFC 9112 §9.3.2). An upgrade among them would be
 * answered first, or into the middle of another answer; or it would throw, because the socket is taken.
 */
export function afterEarlierAnswers(socket: Socket, goOn: () => void): void {
  const owed = (): ServerResponse | null => (socket as HttpSocket)._httpMessage ?? null;
  if (owed() === null) {
    goOn();
    return;
  }
  // What node:http does as long as requests may come, and undoes for an upgrade.
  const onDrain = (): void => void owed()?.emit('drain');
  const next = (): void => {
    const response = owed();
    if (response !== null) {
      response.once('close', next);
      return;
    }
    socket.off('drain', onDrain);
    goOn();
  };
  socket.on('drain', onDrain);
  socket.on('error', () => socket.destroy());
  next();
}
