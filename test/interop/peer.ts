// What the interoperability tests ask of a foreign implementation. A further peer is one file in peers/ that gives this.
import type { Site } from './site.ts';

/** A message as both libraries see it: text as a string, binary as bytes. */
export type Message = string | Uint8Array;

/** What not every peer lets its users do. A scenario names what it needs, and passes over the peers that can't. */
export type Ability =
  | 'close with any code'
  | 'compress what it sends'
  | 'connect over Unix sockets'
  | 'connect with TLS'
  | 'drop the connection'
  | 'limit messages'
  | 'send fragments'
  | 'send pings'
  | 'set compression parameters';

/** What both sides are told of permessage-deflate, by the names of RFC 7692 §7.1; nothing said: the library's default. */
export interface Compression {
  readonly serverNoContextTakeover?: boolean;
  readonly clientNoContextTakeover?: boolean;
  readonly serverMaxWindowBits?: number;
  readonly clientMaxWindowBits?: number;
}

/** How a side is set up; null switches compression off. */
export interface Settings {
  readonly subprotocols?: readonly string[];
  readonly maxMessageBytes?: number;
  readonly compression?: Compression | null;
}

/** What bytes travel through. */
export type Carrier = 'TCP over IPv4' | 'TCP over IPv6' | 'TLS' | 'a Unix socket';

/** Where a server is found: `socketPath` goes before the address of the URL. */
export interface Target {
  readonly url: string;
  readonly socketPath?: string;
}

export interface Ending {
  /** As the peer's library tells it: 1005 when the close frame has no code, 1006 without a close frame. */
  readonly code: number;
  readonly reason: string;
}

/** The peer's end of a connection. */
export interface PeerEnd {
  /** Null when none was agreed on. */
  readonly subprotocol: string | null;
  send(message: Message): Promise<void>;
  /** Sends one message in these fragments: all text or all binary. */
  sendFragments(fragments: readonly Message[]): Promise<void>;
  /** The next message; rejects when the connection has ended. */
  receive(): Promise<Message>;
  /** Settles when the pong with the same data has come. */
  ping(data: string): Promise<void>;
  /** Begins to close; without code the close frame is empty. */
  close(code?: number, reason?: string): void;
  /** Drops the connection without a close frame. */
  abort(): void;
  /** Settles when the connection is gone. */
  ended(): Promise<Ending>;
}

/** A server of the peer's library. Disposing of it drops its connections. */
export interface PeerServer extends AsyncDisposable {
  readonly target: Target;
}

/** A peer that is ready to work. Disposing of it ends its processes. */
export interface RunningPeer extends AsyncDisposable {
  connect(target: Target, settings: Settings): Promise<PeerEnd>;
  /** Missing: the peer is only a client. */
  serve?(carrier: Carrier, settings: Settings, onEnd: (end: PeerEnd) => void): Promise<PeerServer>;
}

export interface Peer {
  readonly name: string;
  /** Why it can't take part here, or false. */
  readonly missing: string | false;
  readonly isServer: boolean;
  readonly abilities: ReadonlySet<Ability>;
  start(site: Site): Promise<RunningPeer>;
}
