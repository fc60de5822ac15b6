// Opens TCP, Unix and TLS sockets. What fails, or is given up, leaves no socket behind. Knows nothing of WebSocket and proxies.
import { connect as connectTcp, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions as NodeTlsOptions, type TLSSocket } from 'node:tls';

/** TLS settings of a client: those of `tls.connect`, such as `ca`, `cert`, `key`, `rejectUnauthorized`. */
export type ClientTlsOptions = NodeTlsOptions;

/** Opens a TCP or Unix socket. */
export function openPlain(to: NetConnectOpts, signal: AbortSignal): Promise<Socket> {
  return ready(connectTcp({ ...to, allowHalfOpen: true, noDelay: true }), 'connect', signal);
}

/**
 * Begins TLS on a socket that is connected; bytes that it has read already are the first ones of TLS.
 * @param name for SNI and for the check of the certificate.
 */
export function openTls(
  socket: Socket,
  name: string,
  settings: ClientTlsOptions | null | undefined,
  signal: AbortSignal,
): Promise<TLSSocket> {
  let tls: TLSSocket;
  try {
    // An address can't be an SNI name (RFC 6066 §3); the certificate is checked against it all the same.
    const servername = /^[\d.]+$|:/.test(name) ? {} : { servername: name };
    tls = connectTls({ ...servername, host: name, ...settings, socket });
  } catch (error) {
    discard(socket);
    throw error;
  }
  return ready(tls, 'secureConnect', signal);
}

/** The socket once the event has come. */
function ready<S extends Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  return listening(socket, signal, (resolve) => {
    const onReady = (): void => resolve(socket);
    socket.on(event, onReady);
    return () => socket.off(event, onReady);
  });
}

/**
 * Listens to a socket until there is an outcome; then nobody does any more. When it fails, by an error of the socket or of
 * `listen` or by the signal, the socket is destroyed.
 *
 * @param listen begins to listen, and returns what ends it.
 */
export async function listening<T>(
  socket: Socket,
  signal: AbortSignal,
  listen: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  let stop = (): void => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      const stopListening = listen(resolve, reject);
      const onClose = (): void => reject(new Error('the socket was closed'));
      const onAbort = (): void => reject(signal.reason);
      socket.on('error', reject);
      socket.on('close', onClose);
      signal.addEventListener('abort', onAbort);
      if (signal.aborted) onAbort();
      stop = () => {
        stopListening();
        socket.off('error', reject);
        socket.off('close', onClose);
        signal.removeEventListener('abort', onAbort);
      };
    });
  } catch (error) {
    discard(socket);
    throw error;
  } finally {
    stop();
  }
}

/** Destroys a socket that nobody listens to. */
export function discard(socket: Socket): void {
  socket.on('error', () => {}); // Without a listener an error would end the process.
  socket.destroy();
}
