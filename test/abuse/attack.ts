// What an attack is: a hostile program, and what a library under attack has to hold to. Knows no library.
import type { Socket } from 'node:net';
import type { Target } from './target.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** How long a server thinks before it answers a request for `/late`. */
export const LATE_MS = 1500;

/** How a hostile connection ended: an HTTP status, a close code, `dropped` without either, or `open` when it did not end. */
export type Ending = `${number}` | 'dropped' | 'open';

/** Settings of the server under attack, in our words; the other libraries translate what they have. Default: theirs. */
export interface ServerSettings {
  readonly openTimeoutMs?: number;
  readonly closeTimeoutMs?: number;
  readonly pingIntervalMs?: number;
  readonly pingTimeoutMs?: number;
  readonly maxPending?: number;
  readonly controlFrameLimit?: null;
  /** Compression on, for attacks on it. Otherwise it is as each library has it by default. */
  readonly compression?: 'on';
  /** Ours alone: the fast road instead of an async handler. */
  readonly handlers?: 'direct';
  readonly tls?: boolean;
  /** On an HTTP server that has pages of its own: see `victims/pages.ts`. Default: however the library stands alone. */
  readonly attached?: boolean;
}

/** What must hold for our library. Other libraries are only measured. */
export interface Expectation {
  /** The ways in which hostile connections may end. */
  readonly ends: readonly string[];
  /** What resident memory may grow by, at its peak, beside what V8 has not collected yet (see `verdict.ts`), and which limits say so. */
  readonly memory: { readonly bytes: number; readonly because: string };
  /** How many connections may be held as long as the attacker does not hang up. Default 0. */
  readonly held?: number;
  /** The longest time for which nothing else may happen, in milliseconds. Default 250. */
  readonly delayMs?: number;
  /** Processor time in milliseconds. Default: not limited. */
  readonly cpuMs?: number;
  /** Whether fresh clients must be served during the attack. Default true. */
  readonly serves?: boolean;
}

/** An attack on a server. */
export interface ServerAttack {
  /** What the hostile peers do, in a few words: it names the attack in tables and on the command line. */
  readonly name: string;
  readonly server?: ServerSettings;
  readonly expect: Expectation;
  /** How long to wait afterwards for connections to end, in milliseconds. Default 3,000. */
  readonly settleMs?: number;
  /** Attacks. Returns when all is sent; the harness asks the peers how they ended, and hangs up. */
  readonly run: (target: Target) => Promise<void>;
}

/** Settings of the client under attack. */
export interface ClientSettings {
  readonly openTimeoutMs?: number;
  readonly closeTimeoutMs?: number;
  readonly pingIntervalMs?: number;
  readonly pingTimeoutMs?: number;
}

/** An attack on a client, by the server that it has connected to. */
export interface ClientAttack {
  readonly name: string;
  readonly client?: ClientSettings;
  /** Whether the server speaks TLS. Default false. */
  readonly tls?: boolean;
  /** How many connections the client opens, one after the other; what its library does not end is broken off. Default 5. */
  readonly connections?: number;
  /** `ends` are the names of errors, with the close code that the client sent on connections that were open. */
  readonly expect: Expectation;
  /** Treats one connection of the victim's, whose request has come. May go on until the socket is closed. */
  readonly serve: (socket: Socket, request: string) => Promise<void> | void;
}
