// A relay between client and server that counts the bytes on their way. Knows nothing of what they mean.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Target } from './peer.ts';

export interface Tap extends AsyncDisposable {
  /** What the client connects to instead. */
  readonly target: Target;
  /** Bytes that came through since the relay began, the opening handshake among them. */
  readonly toServer: number;
  readonly toClient: number;
}

/** Taps a server on 127.0.0.1. */
export async function tap({ url }: Target): Promise<Tap> {
  let toServer = 0;
  let toClient = 0;
  const sockets: Socket[] = [];
  const relay = createServer((client) => {
    const server = connect(Number(new URL(url).port), '127.0.0.1');
    sockets.push(client, server);
    client.on('data', (bytes) => {
      toServer += bytes.length;
    });
    server.on('data', (bytes) => {
      toClient += bytes.length;
    });
    client.pipe(server).pipe(client);
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  return {
    target: { url: `ws://127.0.0.1:${(relay.address() as AddressInfo).port}/` },
    get toServer() {
      return toServer;
    },
    get toClient() {
      return toClient;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy();
      relay.close();
      await once(relay, 'close');
    },
  };
}
