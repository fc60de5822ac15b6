// The peer `websockets` for Python, in a process of its own that takes orders: see python/peer.py.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { commandOf, requires } from '../../support/requires.ts';
import { Inbox } from '../inbox.ts';
import type {
  Carrier,
  Compression,
  Ending,
  Message,
  Peer,
  PeerEnd,
  PeerServer,
  RunningPeer,
  Settings,
  Target,
} from '../peer.ts';
import { placeOf, type Site, targetOf } from '../site.ts';

const SCRIPT = fileURLToPath(new URL('../../../../test/interop/python/peer.py', import.meta.url));

type EncodedMessage = { readonly text: string } | { readonly bytes: string };

/** A line of the process: an answer to an order, or an event of a connection. */
type Line =
  | { readonly done: number; readonly port?: number }
  | { readonly failed: number; readonly error: string }
  | { readonly opened: number; readonly by: number; readonly subprotocol: string | null }
  | ({ readonly message: number } & EncodedMessage)
  | ({ readonly ended: number } & Ending);

interface Answer {
  readonly port?: number;
}

interface Order {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const encode = (message: Message): EncodedMessage =>
  typeof message === 'string' ? { text: message } : { bytes: Buffer.from(message).toString('base64') };

const decode = (message: EncodedMessage): Message =>
  'text' in message ? message.text : new Uint8Array(Buffer.from(message.bytes, 'base64'));

/** Python's names for the parameters. */
const pythonCompression = (compression: Compression): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(compression).map(([name, value]) => [name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value]),
  );

const pythonSettings = ({ subprotocols, maxMessageBytes, compression }: Settings): object => ({
  ...(subprotocols && { subprotocols }),
  ...(maxMessageBytes !== undefined && { max_size: maxMessageBytes }),
  compression: compression === null ? null : pythonCompression(compression ?? {}),
});

class PythonEnd implements PeerEnd {
  readonly subprotocol: string | null;
  readonly inbox: Inbox = new Inbox();
  readonly #process: PythonProcess;
  readonly #end: number;

  constructor(process: PythonProcess, end: number, subprotocol: string | null) {
    this.#process = process;
    this.#end = end;
    this.subprotocol = subprotocol;
  }

  async send(message: Message): Promise<void> {
    await this.#order('send', encode(message));
  }

  async sendFragments(fragments: readonly Message[]): Promise<void> {
    await this.#order('send_fragments', { fragments: fragments.map(encode) });
  }

  receive(): Promise<Message> {
    return this.inbox.take();
  }

  async ping(data: string): Promise<void> {
    await this.#order('ping', { data });
  }

  close(code?: number, reason = ''): void {
    this.#order('close', code === undefined ? {} : { code, reason }).catch(ignore);
  }

  abort(): void {
    this.#order('abort').catch(ignore);
  }

  ended(): Promise<Ending> {
    return this.inbox.ended;
  }

  #order(what: string, more: object = {}): Promise<Answer> {
    return this.#process.order(what, { end: this.#end, ...more }).answered;
  }
}

/** `close` and `abort` only begin something: how it went shows in how the connection ends. */
const ignore = (): void => {};

/** The process, its orders and the ends that it has. */
class PythonProcess implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams = spawn(commandOf('python websockets'), ['-u', SCRIPT]);
  readonly #exited: Promise<unknown> = once(this.#child, 'close');
  readonly #orders: Map<number, Order> = new Map();
  readonly #ends: Map<number, PythonEnd> = new Map();
  /** Who waits for connections, by the order that leads to them. */
  readonly #opening: Map<number, (end: PeerEnd) => void> = new Map();
  #lastId = 0;
  #complaints = '';

  constructor() {
    createInterface(this.#child.stdout).on('line', (line) => this.#hear(JSON.parse(line) as Line));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-10_000);
    });
    this.#child.stdin.on('error', ignore); // The process has ended, which is told below.
    this.#child.on('close', () => {
      for (const { reject } of this.#orders.values()) reject(new Error(`Python ended: ${this.#complaints}`));
    });
  }

  order(
    what: string,
    more: object,
    onOpened?: (end: PeerEnd) => void,
  ): { readonly id: number; readonly answered: Promise<Answer> } {
    this.#lastId += 1;
    const id = this.#lastId;
    if (onOpened) this.#opening.set(id, onOpened);
    const answered = new Promise<Answer>((resolve, reject) => this.#orders.set(id, { resolve, reject }));
    this.#child.stdin.write(`${JSON.stringify({ do: what, id, ...more })}\n`);
    return { id, answered };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #hear(line: Line): void {
    if ('opened' in line) {
      const end = new PythonEnd(this, line.opened, line.subprotocol);
      this.#ends.set(line.opened, end);
      this.#opening.get(line.by)?.(end);
    } else if ('message' in line) {
      this.#ends.get(line.message)?.inbox.put(decode(line));
    } else if ('ended' in line) {
      this.#ends.get(line.ended)?.inbox.end({ code: line.code, reason: line.reason });
    } else if ('done' in line) {
      this.#take(line.done)?.resolve(line);
    } else {
      this.#take(line.failed)?.reject(new Error(`Python says ${line.error}`));
    }
  }

  #take(id: number): Order | undefined {
    const order = this.#orders.get(id);
    this.#orders.delete(id);
    return order;
  }
}

class RunningPython implements RunningPeer {
  readonly #process = new PythonProcess();
  readonly #site: Site;

  constructor(site: Site) {
    this.#site = site;
  }

  connect({ url, socketPath }: Target, settings: Settings): Promise<PeerEnd> {
    const order = {
      uri: url,
      ...(socketPath && { path: socketPath }),
      ...(url.startsWith('wss:') && { ca: this.#site.certFile }),
      ...pythonSettings(settings),
    };
    return new Promise((resolve, reject) => {
      this.#process.order('connect', order, resolve).answered.catch(reject);
    });
  }

  async serve(carrier: Carrier, settings: Settings, onEnd: (end: PeerEnd) => void): Promise<PeerServer> {
    const process = this.#process;
    const place = placeOf(carrier, this.#site);
    const order = {
      ...place,
      ...(carrier === 'TLS' && { cert: this.#site.certFile, key: this.#site.keyFile }),
      ...pythonSettings(settings),
    };
    const { id, answered } = process.order('serve', order, onEnd);
    const { port } = await answered;
    return {
      target: targetOf(carrier, 'path' in place ? place.path : port!),
      async [Symbol.asyncDispose](): Promise<void> {
        await process.order('stop', { server: id }).answered;
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

export const python: Peer = {
  name: "Python's websockets",
  missing: requires('python websockets'),
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
  start: async (site) => new RunningPython(site),
};
