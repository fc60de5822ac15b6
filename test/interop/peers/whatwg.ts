// Peers with the WebSocket interface of browsers: undici's, and the one that Node brings along from Node 22 on.
import { Agent, WebSocket } from 'undici';
import { Inbox } from '../inbox.ts';
import type { Ending, Message, Peer, PeerEnd, RunningPeer } from '../peer.ts';

class WhatwgEnd implements PeerEnd {
  readonly #socket: WebSocket;
  readonly #inbox = new Inbox();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      this.#inbox.put(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer));
    });
    socket.addEventListener('close', ({ code, reason }) => this.#inbox.end({ code, reason }));
  }

  get subprotocol(): string | null {
    return this.#socket.protocol || null;
  }

  async send(message: Message): Promise<void> {
    this.#socket.send(message);
  }

  receive(): Promise<Message> {
    return this.#inbox.take();
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  ended(): Promise<Ending> {
    return this.#inbox.ended;
  }

  sendFragments(): Promise<void> {
    throw new Error('the WebSocket interface sends no fragments');
  }

  ping(): Promise<void> {
    throw new Error('the WebSocket interface sends no pings');
  }

  abort(): void {
    throw new Error('the WebSocket interface drops no connections');
  }
}

function opened(socket: WebSocket): Promise<PeerEnd> {
  const end = new WhatwgEnd(socket);
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(end));
    // Not every version tells of a failed handshake by `close` as well.
    socket.addEventListener('error', () => reject(new Error('the connection failed')));
    socket.addEventListener('close', ({ code }) => reject(new Error(`the connection ended with ${code}`)));
  });
}

export const undici: Peer = {
  name: "undici's WebSocket",
  missing: false,
  isServer: false,
  abilities: new Set(['connect over Unix sockets', 'connect with TLS']),
  async start(site): Promise<RunningPeer> {
    const agents: Agent[] = [];
    return {
      connect: ({ url, socketPath }, { subprotocols = [] }) => {
        const agent = new Agent({
          connect: { ...(socketPath && { socketPath }), ...(url.startsWith('wss:') && { ca: site.ca }) },
        });
        agents.push(agent);
        return opened(new WebSocket(url, { protocols: [...subprotocols], dispatcher: agent }));
      },
      async [Symbol.asyncDispose](): Promise<void> {
        await Promise.all(agents.map((agent) => agent.destroy()));
      },
    };
  },
};

const NodeWebSocket = (globalThis as { readonly WebSocket?: typeof WebSocket }).WebSocket;

export const node: Peer = {
  name: "Node's own WebSocket",
  missing: NodeWebSocket === undefined && `Node ${process.versions.node} has no WebSocket of its own, Node 22 has`,
  isServer: false,
  abilities: new Set(), // It trusts only the authorities that it was started with.
  start: async () => ({
    connect: ({ url }, { subprotocols = [] }) => opened(new NodeWebSocket!(url, [...subprotocols])),
    async [Symbol.asyncDispose](): Promise<void> {},
  }),
};
