// The peer `ws`, in this process, as client and as server.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type PerMessageDeflateOptions, WebSocket, WebSocketServer } from 'ws';
import { Inbox } from '../inbox.ts';
import type { Carrier, Ending, Message, Peer, PeerEnd, PeerServer, RunningPeer, Settings, Target } from '../peer.ts';
import { placeOf, type Site, targetOf } from '../site.ts';

class WsEnd implements PeerEnd {
  readonly #socket: WebSocket;
  readonly #inbox = new Inbox();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      this.#inbox.put(isBinary ? new Uint8Array(data) : data.toString());
    });
    socket.on('close', (code, reason) => this.#inbox.end({ code, reason: reason.toString() }));
    socket.on('error', () => {}); // What went wrong shows in how the connection ends.
  }

  get subprotocol(): string | null {
    return this.#socket.protocol || null;
  }

  send(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(message, (error) => (error ? reject(error) : resolve()));
    });
  }

  async sendFragments(fragments: readonly Message[]): Promise<void> {
    for (const [index, fragment] of fragments.entries()) {
      this.#socket.send(fragment, { binary: typeof fragment !== 'string', fin: index === fragments.length - 1 });
    }
  }

  receive(): Promise<Message> {
    return this.#inbox.take();
  }

  async ping(data: string): Promise<void> {
    const pong = new Promise<void>((resolve) => {
      this.#socket.on('pong', (answer) => {
        if (answer.toString() === data) resolve();
      });
    });
    this.#socket.ping(data);
    await pong;
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  abort(): void {
    this.#socket.terminate();
  }

  ended(): Promise<Ending> {
    return this.#inbox.ended;
  }
}

/** `ws` leaves short messages alone unless the threshold is 0, and its server compresses only when told to. */
const deflateOptions = ({ compression }: Settings): PerMessageDeflateOptions | false =>
  compression !== null && { threshold: 0, ...compression };

class RunningWs implements RunningPeer {
  readonly #site: Site;

  constructor(site: Site) {
    this.#site = site;
  }

  async connect({ url, socketPath }: Target, settings: Settings): Promise<PeerEnd> {
    const socket = new WebSocket(socketPath ? `ws+unix:${socketPath}:/` : url, [...(settings.subprotocols ?? [])], {
      perMessageDeflate: deflateOptions(settings),
      ...(url.startsWith('wss:') && { ca: this.#site.ca }),
      ...(settings.maxMessageBytes !== undefined && { maxPayload: settings.maxMessageBytes }),
    });
    const end = new WsEnd(socket);
    await once(socket, 'open');
    return end;
  }

  async serve(carrier: Carrier, settings: Settings, onEnd: (end: PeerEnd) => void): Promise<PeerServer> {
    const place = placeOf(carrier, this.#site);
    const http = carrier === 'TLS' ? createSecureServer(this.#site.identity) : createServer();
    const server = new WebSocketServer({
      server: http,
      perMessageDeflate: deflateOptions(settings),
      ...(settings.maxMessageBytes !== undefined && { maxPayload: settings.maxMessageBytes }),
      handleProtocols: (offered) => settings.subprotocols?.find((name) => offered.has(name)) ?? false,
    });
    server.on('connection', (socket) => onEnd(new WsEnd(socket)));
    http.listen(place);
    await once(http, 'listening');
    return {
      target: targetOf(carrier, 'path' in place ? place.path : (http.address() as AddressInfo).port),
      async [Symbol.asyncDispose](): Promise<void> {
        for (const socket of server.clients) socket.terminate();
        http.close();
        await once(http, 'close');
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export const ws: Peer = {
  name: 'ws',
  missing: false,
  isServer: true,
  abilities: new Set([
    'close with any code',
    'compress what it sends',
    'connect over Unix sockets',
    'connect with TLS',
    'drop the connection',
    'limit messages',
    'send fragments',
    'send pings',
    'set compression parameters',
  ]),
  start: async (site) => new RunningWs(site),
};
