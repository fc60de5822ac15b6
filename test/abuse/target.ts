// The server under attack as an attack sees it: a port to dial. Remembers who was dialled, and whether the run is a short one.
import { platform } from 'node:os';
import { type HeaderChanges, HostilePeer } from './hostile-peer.ts';

/** How many connections are being opened at the same time: more than a server's backlog would be dropped by the system. */
const AT_ONCE = 200;

/** Source addresses to dial from. */
const SOURCES = 40;

/** How to open a connection. */
export interface OpenOptions {
  readonly path?: string;
  readonly headers?: HeaderChanges;
}

/** Offers permessage-deflate as browsers do. */
export const DEFLATE: OpenOptions = { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } };

export class Target {
  readonly port: number;
  /** Whether time is short: the attack is the same, its size is not. */
  readonly isShort: boolean;
  /** Everybody who was dialled. */
  readonly peers: Set<HostilePeer> = new Set();
  /** What the attack found wrong by itself. */
  readonly complaints: string[] = [];
  /** Bytes that were sent by peers that have hung up. */
  sentBytes = 0;
  /** How those ended who have hung up. */
  readonly endings: Map<string, number> = new Map();
  readonly #tls: boolean;
  #dialled = 0;

  constructor(port: number, { isShort, tls }: { isShort: boolean; tls: boolean }) {
    this.port = port;
    this.isShort = isShort;
    this.#tls = tls;
  }

  /** The size for a long run or for a short one. */
  amount(long: number, short: number): number {
    return this.isShort ? short : long;
  }

  /** Connects and says nothing; `plain` without TLS even where the server speaks it. */
  async dial({ plain = false } = {}): Promise<HostilePeer> {
    // Only Linux has all of 127.0.0.0/8 on its loopback interface.
    const from = platform() === 'linux' ? `127.0.0.${2 + (this.#dialled++ % SOURCES)}` : undefined;
    const peer = await HostilePeer.dial({ port: this.port, from, tls: this.#tls && !plain });
    this.peers.add(peer);
    return peer;
  }

  /** Connects and does the opening handshake. */
  async open({ path = '/', headers = {} }: OpenOptions = {}): Promise<HostilePeer> {
    const peer = await this.dial();
    return peer.open(headers, path);
  }

  /** So many of them, some hundred at the same time. */
  async many<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
    const made: T[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        const index = next++;
        made[index] = await make(index);
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker));
    return made;
  }

  openMany(count: number, options: OpenOptions = {}): Promise<HostilePeer[]> {
    return this.many(count, () => this.open(options));
  }

  /** Hangs up, and keeps only how it ended: attacks that open tens of thousands of connections hold a few at a time. */
  forget(peer: HostilePeer, how: 'reset' | 'destroy' = 'destroy'): void {
    this.peers.delete(peer);
    this.sentBytes += peer.sentBytes;
    peer.hangUp(how);
  }

  complain(what: string): void {
    this.complaints.push(what);
  }

  /** Gives the connections time to end, then says how they did. */
  async settle(ms: number): Promise<ReadonlyMap<string, number>> {
    const deadline = performance.now() + ms;
    for (const peer of this.peers) peer.readAgain();
    await Promise.all([...this.peers].map((peer) => peer.ended(Math.max(0, deadline - performance.now()))));
    for (const { ending } of this.peers) this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1);
    for (const { sentBytes } of this.peers) this.sentBytes += sentBytes;
    return this.endings;
  }

  hangUp(): void {
    for (const peer of this.peers) peer.hangUp('reset');
    this.peers.clear();
  }
}
