// A relay on TCP that harms what passes it, as it is told for each connection: in pieces, stalled, half closed, reset. Knows no
// WebSocket and no TLS.
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to a connection, once so many bytes have passed in one of its directions. */
export interface Harm {
  readonly what:
    | 'nothing'
    /** RST to both. */
    | 'reset'
    /** RST to the one, FIN to the other. */
    | 'reset client'
    | 'reset server'
    /** FIN to the one who receives; the other direction goes on. */
    | 'half-close'
    /** FIN to both. */
    | 'close'
    /** Nothing passes for a while, both ways. */
    | 'stall'
    /** Nothing passes any more, and nobody is told. */
    | 'vanish'
    /** A bit is another one: for TLS, which notices. */
    | 'corrupt';
  readonly direction: Direction;
  readonly afterBytes: number;
  readonly stallMs: number;
  /** How many bytes are passed on in one write, at most, as long as a connection is young. */
  readonly pieceBytes: number;
}

type Direction = 'toServer' | 'toClient';

/** Each piece takes a turn of the event loop: what is large would take too long. */
const CUT_UNTIL_BYTES = 8192;
const WHOLE_BYTES = 65_536;

/** From one of two sockets to the other. */
class Way {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #pieceBytes: number;
  readonly #onPassed: (bytes: number) => void;
  #waiting: Buffer[] = [];
  #hasEnded = false;
  #isRunning = false;
  #isStalled = false;
  #passed = 0;
  /** Nothing is passed on any more: what comes is thrown away. */
  isSevered = false;
  /** What is done to the next piece. */
  corrupts = false;

  constructor(from: Socket, to: Socket, pieceBytes: number, onPassed: (bytes: number) => void) {
    this.#from = from;
    this.#to = to;
    this.#pieceBytes = pieceBytes;
    this.#onPassed = onPassed;
    from.on('data', (bytes) => {
      if (this.isSevered) return;
      this.#waiting.push(bytes);
      from.pause();
      this.#run();
    });
    from.on('end', () => {
      this.#hasEnded = true;
      this.#run();
    });
  }

  stall(): void {
    this.#isStalled = true;
  }

  goOn(): void {
    this.#isStalled = false;
    this.#run();
  }

  /** What comes is thrown away. */
  sever(): void {
    this.isSevered = true;
    this.#waiting = [];
    this.#from.resume();
  }

  #run(): void {
    if (this.#isRunning || this.isSevered || this.#isStalled) return;
    const [first] = this.#waiting;
    if (first === undefined) {
      if (this.#hasEnded) this.#to.end();
      else this.#from.resume();
      return;
    }
    this.#isRunning = true;
    const limit = this.#passed < CUT_UNTIL_BYTES ? this.#pieceBytes : WHOLE_BYTES;
    const piece = Buffer.from(first.subarray(0, limit));
    if (piece.length === first.length) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(piece.length);
    if (this.corrupts) piece[piece.length - 1]! ^= 1;
    this.corrupts = false;
    const goOn = (): void => {
      setImmediate(() => {
        this.#isRunning = false;
        this.#run();
      });
    };
    if (this.#to.destroyed) return;
    if (this.#to.write(piece)) goOn();
    else this.#to.once('drain', goOn);
    this.#passed += piece.length;
    this.#onPassed(this.#passed);
  }
}

/** Node does not close a socket at all that is to be reset while the end of its half is on its way. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** One connection through the proxy. */
class Link {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #ways: Readonly<Record<Direction, Way>>;
  readonly #harm: Harm;
  #isHarmed = false;
  #stalled: NodeJS.Timeout | undefined;

  constructor(client: Socket, server: Socket, harm: Harm) {
    this.#client = client;
    this.#server = server;
    this.#harm = harm;
    const onPassed = (direction: Direction) => (bytes: number) => {
      if (direction === harm.direction && bytes >= harm.afterBytes) this.#doHarm();
    };
    this.#ways = {
      toServer: new Way(client, server, harm.pieceBytes, onPassed('toServer')),
      toClient: new Way(server, client, harm.pieceBytes, onPassed('toClient')),
    };
    client.on('close', (hadError) => this.#passReset(hadError, server));
    server.on('close', (hadError) => this.#passReset(hadError, client));
    // Before the first byte: in the middle of a handshake of TCP, as far as a program can see it.
    if (harm.afterBytes === 0) this.#doHarm();
  }

  /** Whether both ends have been told that it is over. */
  get isCut(): boolean {
    return this.#isHarmed && ['reset', 'reset client', 'reset server', 'close'].includes(this.#harm.what);
  }

  /** FIN to both. */
  hangUp(): void {
    for (const way of Object.values(this.#ways)) way.sever();
    this.#server.end();
    this.#client.end();
  }

  /** Settles when both ends have closed or ended theirs: nothing is passed on any more, and everything is read. */
  async left(): Promise<void> {
    clearTimeout(this.#stalled);
    for (const way of Object.values(this.#ways)) way.sever();
    const isLeft = (socket: Socket): boolean => socket.readableEnded || socket.destroyed;
    while (!isLeft(this.#client) || !isLeft(this.#server)) await sleep(2);
  }

  destroy(): void {
    clearTimeout(this.#stalled);
    this.#client.destroy();
    this.#server.destroy();
  }

  /** What one end did by itself. */
  #passReset(hadError: boolean, other: Socket): void {
    if (hadError && !(this.#isHarmed && this.#harm.what === 'vanish')) reset(other);
  }

  #doHarm(): void {
    if (this.#isHarmed) return;
    this.#isHarmed = true;
    const { what, direction, stallMs } = this.#harm;
    const ways = Object.values(this.#ways);
    if (what === 'reset' || what === 'reset client' || what === 'reset server') {
      if (what === 'reset server') this.#client.destroy();
      else reset(this.#client);
      if (what === 'reset client') this.#server.destroy();
      else reset(this.#server);
    } else if (what === 'half-close') {
      this.#ways[direction].sever();
      (direction === 'toServer' ? this.#server : this.#client).end();
    } else if (what === 'close') {
      this.hangUp();
    } else if (what === 'stall') {
      for (const way of ways) way.stall();
      this.#stalled = setTimeout(() => {
        for (const way of ways) way.goOn();
      }, stallMs);
    } else if (what === 'vanish') {
      for (const way of ways) way.stall();
    } else if (what === 'corrupt') {
      this.#ways[direction].corrupts = true;
    }
  }
}

/**
 * Listens on a port of its own, and where that is possible at an address of its own: when it listens no more the port may go to
 * another proxy, and whoever tries again and again would get there.
 */
export class HostileProxy {
  readonly host: string;
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: readonly Socket[];
  readonly #links: readonly Link[];

  private constructor(server: Server, sockets: readonly Socket[], links: readonly Link[]) {
    const { address, port } = server.address() as AddressInfo;
    this.host = address;
    this.port = port;
    this.#server = server;
    this.#sockets = sockets;
    this.#links = links;
  }

  /**
   * @param number which of the proxies that there are it is.
   * @param harms what is done to one connection after the other; those behind them pass as they are.
   */
  static async open(targetPort: number, number: number, harms: readonly Harm[]): Promise<HostileProxy> {
    const sockets: Socket[] = [];
    const links: Link[] = [];
    const keep = (socket: Socket): void => {
      sockets.push(socket);
      // A reset by either end is what this is made for.
      socket.on('error', () => {});
    };
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
      keep(client);
      const target = dial({ host: '127.0.0.1', port: targetPort, allowHalfOpen: true, noDelay: true });
      keep(target);
      // A server that is closed listens no more.
      target.on('error', () => client.destroy());
      target.on('connect', () => {
        links.push(new Link(client, target, harms[links.length] ?? HARMLESS));
        client.resume();
      });
      client.on('close', () => {
        if (target.connecting) target.destroy();
      });
    });
    server.listen(0, process.platform === 'linux' ? `127.1.${(number >> 8) & 255}.${number & 255}` : '127.0.0.1');
    await once(server, 'listening');
    return new HostileProxy(server, sockets, links);
  }

  /** From now on whoever connects is refused. */
  stopListening(): void {
    this.#server.close();
  }

  /** Whether all connections have been reset or closed. */
  get isCut(): boolean {
    return this.#links.every((link) => link.isCut);
  }

  /** Whoever has vanished is gone. */
  hangUp(): void {
    for (const link of this.#links) link.hangUp();
  }

  /** Settles when nobody holds a connection to it any more. */
  async left(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.left()));
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const link of this.#links) link.destroy();
    for (const socket of this.#sockets) socket.destroy();
    // Not by their events: a socket whose peer was faster to reset it tells of no end.
    while (this.#sockets.some((socket) => !socket.closed)) await sleep(1);
  }
}

const HARMLESS: Harm = {
  what: 'nothing',
  direction: 'toServer',
  afterBytes: 0,
  stallMs: 0,
  pieceBytes: WHOLE_BYTES,
};
