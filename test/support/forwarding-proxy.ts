// An HTTP proxy for tests, plain or over TLS, that grants each tunnel to one server and forwards its bytes as it is told.
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect as tcpConnect, createServer as tcpServer } from 'node:net';
import { createServer as tlsServer } from 'node:tls';

/** What a proxy does beside forwarding. */
export interface ForwardingOptions {
  /** Speak TLS with clients, with this certificate. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Hand the server's bytes on one by one, the answer to CONNECT too. */
  readonly isByteByByte?: boolean;
  /** Said together with the answer to CONNECT, as if the server had spoken first. */
  readonly greeting?: Uint8Array;
}

export interface ForwardingProxy extends AsyncDisposable {
  readonly port: number;
  /** The requests so far. */
  readonly requests: readonly string[];
  /** The clients' sockets, as they are under TLS if there is any. */
  readonly sockets: ReadonlySet<Socket>;
}

/** @param targetPort where all tunnels lead, whatever they ask for. */
export async function forwardingProxy(targetPort: number, options: ForwardingOptions = {}): Promise<ForwardingProxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const { tls, isByteByByte = false, greeting = new Uint8Array(0) } = options;
  const hold = (socket: Socket): void => {
    socket.on('error', () => {}); // its end is all there is to know
    sockets.add(socket);
  };

  const onClient = async (client: Socket): Promise<void> => {
    client.setNoDelay(true);
    client.on('error', () => {});
    requests.push(await headOf(client));
    const server = tcpConnect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    hold(server);
    const send = async (bytes: Buffer): Promise<void> => {
      for (const piece of isByteByByte ? Array.from(bytes, (byte) => Buffer.of(byte)) : [bytes]) {
        if (!client.writable) return;
        client.write(piece);
        if (isByteByByte) await new Promise(setImmediate);
      }
    };
    await once(server, 'connect');
    await send(Buffer.concat([Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n'), greeting]));
    client.pipe(server);
    client.on('close', () => server.destroy());
    try {
      for await (const bytes of server) await send(bytes as Buffer);
    } finally {
      client.end();
    }
  };
  const accept = (client: Socket): void => void onClient(client).catch(() => client.destroy());
  const server =
    tls === undefined
      ? tcpServer({ allowHalfOpen: true }, accept)
      : tlsServer({ ...tls, allowHalfOpen: true }, accept).on('tlsClientError', () => {});
  server.on('connection', hold);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The head of the request; what follows it stays in the socket. */
function headOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) return;
      socket.pause();
      socket.off('data', onData);
      socket.off('close', reject);
      socket.unshift(Buffer.from(text.slice(end + 4), 'latin1'));
      resolve(text.slice(0, end + 4));
    };
    socket.on('data', onData);
    socket.on('close', reject);
  });
}
