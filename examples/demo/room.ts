// The room of the demo: who is here, what was said, where the counter stands. Gets connections from `serve`, knows no HTTP.
import {
  broadcast,
  type ConnectionClosed,
  type Data,
  type DirectHandlers,
  type ServerConnection,
  State,
} from 'websockets-ts';
import {
  type Guest,
  LIMITS,
  type Line,
  parseClientMessage,
  plainText,
  type ServerMessage,
  visibleText,
} from './messages.ts';

const MAX_GUESTS = 64;
/** What newcomers are shown of the past. */
const MAX_LINES = 50;
/** Between two rounds of `tick`. */
const TICK_MS = 2_000;
/** Far more than fingers can do in one tick. */
const MAX_MESSAGES_PER_TICK = 60;
/** Who lets this much pile up has stopped reading. */
const MAX_UNREAD_BYTES = 262_144;

/** A guest as the room keeps it. */
interface Seat extends Guest {
  name: string;
  rttMs: number | null;
  isPinged: boolean;
  messagesInTick: number;
}

/** A chat with a counter, as the handlers of a server: `serve(new Room(), options)`. */
export class Room implements DirectHandlers<ServerConnection> {
  readonly #seats: Map<ServerConnection, Seat> = new Map();
  readonly #lines: Line[] = [];
  #count = 0;
  #lastId = 0;

  constructor() {
    // Must not keep a process alive whose server is closed.
    setInterval(() => this.#tick(), TICK_MS).unref();
  }

  get isFull(): boolean {
    return this.#seats.size >= MAX_GUESTS;
  }

  open(connection: ServerConnection): void {
    const id = ++this.#lastId;
    const query = new URLSearchParams(connection.request?.path.split('?')[1]);
    const seat: Seat = {
      id,
      name: plainText(query.get('name'), LIMITS.name) ?? `Guest ${id}`,
      rttMs: null,
      extensions: connection.response?.headers.getAll('Sec-WebSocket-Extensions').join(', ') || null,
      isPinged: false,
      messagesInTick: 0,
    };
    this.#tell([connection], { type: 'welcome', id, lines: this.#lines, count: this.#count });
    this.#seats.set(connection, seat);
    this.#write({ kind: 'joined', at: Date.now(), name: seat.name });
    this.#tellGuests();
    this.#measure(connection, seat);
  }

  message(connection: ServerConnection, data: Data): void {
    const seat = this.#seats.get(connection);
    // Whoever was shown the door may still be talking.
    if (seat === undefined || connection.state !== State.OPEN) return;
    const message = typeof data === 'string' ? parseClientMessage(data) : null;
    seat.messagesInTick++;
    if (message === null) {
      this.#showOut(connection, 'that was no message of this demo');
    } else if (seat.messagesInTick > MAX_MESSAGES_PER_TICK) {
      this.#showOut(connection, 'too many messages');
    } else if (message.type === 'say') {
      this.#write({ kind: 'said', at: Date.now(), from: seat.id, name: seat.name, text: message.text });
    } else if (message.type === 'rename') {
      this.#rename(seat, message.name);
    } else if (message.type === 'count') {
      this.#count += message.step;
      this.#tell(this.#seats.keys(), { type: 'count', count: this.#count, name: seat.name });
    } else {
      this.#tell([connection], { type: 'pong', id: message.id });
    }
  }

  close(connection: ServerConnection): void {
    const seat = this.#seats.get(connection);
    if (seat === undefined) return;
    this.#seats.delete(connection);
    const { closeExc } = connection.protocol;
    const closedBy = whoClosed(closeExc);
    // The reason in it is the client's own words.
    const how = visibleText(closeExc.message);
    this.#write({ kind: 'left', at: Date.now(), name: seat.name, closedBy, how });
    this.#tellGuests();
  }

  #rename(seat: Seat, newName: string): void {
    if (seat.name === newName) return;
    this.#write({ kind: 'renamed', at: Date.now(), name: seat.name, newName });
    seat.name = newName;
    this.#tellGuests();
  }

  #showOut(connection: ServerConnection, reason: string): void {
    // Never rejects: the code may be sent, and the reason is short.
    void connection.close({ code: 1008, reason });
  }

  #tick(): void {
    for (const [connection, seat] of this.#seats) {
      seat.messagesInTick = 0;
      if (connection.bufferedAmount > MAX_UNREAD_BYTES) connection.abort();
      else this.#measure(connection, seat);
    }
    if (this.#seats.size > 0) this.#tellGuests();
  }

  /** Measures the round-trip time with a ping frame, which browsers answer by themselves. */
  #measure(connection: ServerConnection, seat: Seat): void {
    if (seat.isPinged) return;
    seat.isPinged = true;
    const isFirst = seat.rttMs === null;
    connection
      .ping()
      .then(({ pong }) => pong)
      .then(
        (seconds) => {
          seat.rttMs = seconds * 1000;
          seat.isPinged = false;
          if (isFirst) this.#tellGuests();
        },
        () => {}, // The connection ended first: `close` tells everybody.
      );
  }

  #write(line: Line): void {
    this.#lines.push(line);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
    this.#tell(this.#seats.keys(), { type: 'line', line });
  }

  #tellGuests(): void {
    const guests = Array.from(
      this.#seats.values(),
      ({ id, name, rttMs, extensions }): Guest => ({ id, name, rttMs, extensions }),
    );
    this.#tell(this.#seats.keys(), { type: 'guests', guests });
  }

  /** Waits for nobody: who has gone is left out, who doesn't read is dropped by `#tick`. */
  #tell(connections: Iterable<ServerConnection>, message: ServerMessage): void {
    broadcast(connections, JSON.stringify(message));
  }
}

function whoClosed({ rcvd, sent, rcvdThenSent }: ConnectionClosed): 'client' | 'server' | 'nobody' {
  if (rcvd === null && sent === null) return 'nobody';
  return rcvdThenSent === true || sent === null ? 'client' : 'server';
}
