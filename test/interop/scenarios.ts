// What every peer has to go through with us, whoever of the two connects. A scenario sees two ends, never a library.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { broadcast, ConnectionClosedError, ConnectionClosedOK, prepare } from '../support/websockets.ts';
import type { Meeting } from './meeting.ts';
import type { Ability, Carrier, Compression, Message, Settings } from './peer.ts';

export interface Scenario {
  /** Completes the name of the peer to a sentence. */
  readonly title: string;
  /** What the peer must be able to do. Default: nothing special. */
  readonly needs?: readonly Ability[];
  /** Default: TCP over IPv4. */
  readonly carrier?: Carrier;
  readonly ours?: Settings;
  readonly theirs?: Settings;
  /** Count the bytes between the two: see `Meeting.tap`. */
  readonly isTapped?: boolean;
  readonly run: (meeting: Meeting, abilities: ReadonlySet<Ability>) => Promise<void>;
}

// Messages

const TEXTS: Readonly<Record<string, string>> = {
  'empty text': '',
  'ASCII text': 'Hello, world!\r\n\t\0',
  'text with characters of two and three bytes': 'Grüße, Ωmega, 你好, \u{feff}ẞ',
  'text with emoji': '👋🏽 👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿',
};

/** Where the length in a frame's header changes its form (RFC 6455 §5.2), and beyond what one read of a socket gives. */
const BINARY_LENGTHS = [0, 1, 125, 126, 65_535, 65_536, 1_048_576];

async function exchange({ ours, theirs }: Pick<Meeting, 'ours' | 'theirs'>, message: Message): Promise<void> {
  await ours.send(message);
  assertSame(await theirs.receive(), message, 'what the peer received');
  await theirs.send(message);
  assertSame(await ours.recv(), message, 'what we received');
}

/** Does not print a megabyte when it fails. */
function assertSame(actual: Message, expected: Message, what: string): void {
  if (typeof actual === 'string' || typeof expected === 'string') {
    assert.equal(actual, expected, what);
    return;
  }
  assert.equal(actual.byteLength, expected.byteLength, `bytes in ${what}`);
  assert.ok(Buffer.compare(actual, expected) === 0, `${what} differs`);
}

const messages: readonly Scenario[] = [
  ...Object.entries(TEXTS).map(([name, text]) => ({
    title: `sends and receives ${name}`,
    run: (meeting: Meeting) => exchange(meeting, text),
  })),
  ...BINARY_LENGTHS.map((length) => ({
    title: `sends and receives binary of ${length.toLocaleString('en')} bytes`,
    // Random bytes grow a little when they are compressed, and limits look at what arrives as well.
    ours: { maxMessageBytes: 2 * 1_048_576 },
    theirs: { maxMessageBytes: 2 * 1_048_576 },
    run: (meeting: Meeting) => exchange(meeting, new Uint8Array(randomBytes(length))),
  })),
  {
    title: 'sends and receives 2,000 small messages at once and keeps their order',
    async run({ ours, theirs }) {
      const sent = Array.from({ length: 2000 }, (_, index) => `message ${index}`);
      const received: Record<'ours' | 'theirs', Message[]> = { ours: [], theirs: [] };
      await Promise.all([
        (async () => {
          for (const message of sent) await ours.send(message);
        })(),
        (async () => {
          for (const message of sent) await theirs.send(message);
        })(),
        (async () => {
          while (received.ours.length < sent.length) received.ours.push(await ours.recv());
        })(),
        (async () => {
          while (received.theirs.length < sent.length) received.theirs.push(await theirs.receive());
        })(),
      ]);
      assert.deepEqual(received, { ours: sent, theirs: sent });
    },
  },
  {
    title: 'puts the fragments of our messages together',
    async run({ ours, theirs }) {
      await ours.send(['Grü', '', 'ße, ', '👋']);
      assert.equal(await theirs.receive(), 'Grüße, 👋');
      await ours.send([Uint8Array.of(1, 2), new Uint8Array(0), new Uint8Array(70_000).fill(3)]);
      assertSame(
        await theirs.receive(),
        Uint8Array.of(1, 2, ...new Uint8Array(70_000).fill(3)),
        'what the peer received',
      );
    },
  },
  {
    title: 'sends fragments that we put together',
    needs: ['send fragments'],
    async run({ ours, theirs }) {
      await theirs.sendFragments(['Grü', '', 'ße, ', '👋']);
      assert.equal(await ours.recv(), 'Grüße, 👋');
      await theirs.sendFragments([Uint8Array.of(1, 2), new Uint8Array(0), new Uint8Array(70_000).fill(3)]);
      assertSame(
        await ours.recv({ decode: false }),
        Uint8Array.of(1, 2, ...new Uint8Array(70_000).fill(3)),
        'what we received',
      );
    },
  },
  {
    title: 'sends fragments that we hand out one by one',
    needs: ['send fragments'],
    async run({ ours, theirs }) {
      await theirs.sendFragments(['one', 'two', 'three']);
      const pieces: Message[] = [];
      for await (const piece of ours.recvStreaming()) pieces.push(piece);
      assert.deepEqual(
        pieces.filter((piece) => piece !== ''),
        ['one', 'two', 'three'],
      );
    },
  },
];

// Control frames

const pings: readonly Scenario[] = [
  {
    title: 'answers our pings, also several at once',
    async run({ ours }) {
      const sent = await Promise.all([ours.ping(), ours.ping('a'), ours.ping(new Uint8Array(125))]);
      for (const seconds of await Promise.all(sent.map(({ pong }) => pong))) assert.ok(seconds >= 0);
    },
  },
  {
    title: 'gets an answer to its pings',
    needs: ['send pings'],
    async run({ theirs }) {
      await theirs.ping('are you there?');
      await theirs.ping('p'.repeat(125));
    },
  },
];

// Ends

const CLOSINGS = [
  { code: 1000, reason: 'done' },
  { code: 1001, reason: 'going away' },
  { code: 3000, reason: '' },
  { code: 4999, reason: 'grün 👋 '.repeat(8).trim() },
];

const endings: readonly Scenario[] = [
  ...CLOSINGS.flatMap(({ code, reason }): Scenario[] => [
    {
      title: `hears that we close with ${code}`,
      async run({ ours, theirs }) {
        await ours.close({ code, reason });
        assert.deepEqual(await theirs.ended(), { code, reason });
        assert.equal(ours.closeCode, code, 'the code that came back');
      },
    },
    {
      title: `closes with ${code}, and we hear it`,
      needs: code === 1001 ? ['close with any code'] : [],
      async run({ ours, theirs }) {
        theirs.close(code, reason);
        const ErrorClass = code === 1000 || code === 1001 ? ConnectionClosedOK : ConnectionClosedError;
        await assert.rejects(ours.recv(), ErrorClass);
        assert.deepEqual({ code: ours.closeCode, reason: ours.closeReason }, { code, reason });
        assert.deepEqual(await theirs.ended(), { code, reason }, 'what came back');
      },
    },
  ]),
  {
    title: 'closes without a code, and gets none back',
    async run({ ours, theirs }) {
      theirs.close();
      await ours.closed;
      assert.equal(ours.closeCode, 1005);
      assert.deepEqual(await theirs.ended(), { code: 1005, reason: '' });
    },
  },
  {
    title: 'receives what we sent before we closed',
    async run({ ours, theirs }) {
      void ours.send('last words');
      await ours.close();
      assert.equal(await theirs.receive(), 'last words');
    },
  },
  {
    title: 'sends and closes, and we receive what it sent',
    async run({ ours, theirs }) {
      await theirs.send('last words');
      theirs.close(1000, '');
      await ours.closed;
      assert.equal(await ours.recv(), 'last words');
    },
  },
  {
    title: 'hears that we drop the connection',
    async run({ ours, theirs }) {
      ours.abort();
      assert.equal((await theirs.ended()).code, 1006);
    },
  },
  {
    title: 'drops the connection, and we hear it',
    needs: ['drop the connection'],
    async run({ ours, theirs }) {
      theirs.abort();
      await assert.rejects(ours.recv(), ConnectionClosedError);
      assert.equal(ours.closeCode, 1006);
    },
  },
];

// Limits

const LIMIT = 1000;
const TOO_BIG = {
  'a message above the limit': new Uint8Array(randomBytes(LIMIT + 1)),
  'a message that is above the limit once inflated': new Uint8Array(100 * LIMIT),
};

const limits: readonly Scenario[] = Object.entries(TOO_BIG).flatMap(([what, message]): Scenario[] => [
  {
    title: `is told 1009 when it sends ${what}`,
    ours: { maxMessageBytes: LIMIT },
    async run({ ours, theirs }) {
      await exchange({ ours, theirs }, new Uint8Array(LIMIT));
      theirs.send(message).catch(() => {}); // How that goes is not the question.
      await assert.rejects(ours.recv(), ConnectionClosedError);
      assert.equal((await theirs.ended()).code, 1009);
    },
  },
  {
    title: `tells us 1009 when we send ${what}`,
    needs: ['limit messages'],
    theirs: { maxMessageBytes: LIMIT },
    async run({ ours, theirs }) {
      await exchange({ ours, theirs }, new Uint8Array(LIMIT));
      await ours.send(message);
      await ours.closed;
      assert.equal(ours.closeCode, 1009);
    },
  },
]);

// Negotiation

const carriers: readonly Scenario[] = [
  { title: 'talks over IPv6', carrier: 'TCP over IPv6', run: talk },
  { title: 'talks over TLS', carrier: 'TLS', needs: ['connect with TLS'], run: talk },
  { title: 'talks over a Unix socket', carrier: 'a Unix socket', needs: ['connect over Unix sockets'], run: talk },
];

async function talk(meeting: Meeting): Promise<void> {
  await exchange(meeting, 'text');
  await exchange(meeting, new Uint8Array(randomBytes(200_000)));
  await meeting.ours.close({ code: 3000, reason: 'bye' });
  assert.deepEqual(await meeting.theirs.ended(), { code: 3000, reason: 'bye' });
}

const subprotocols: readonly Scenario[] = [
  {
    title: 'agrees with us on a subprotocol',
    ours: { subprotocols: ['chat.v2', 'chat.v1'] },
    theirs: { subprotocols: ['chat.v1', 'chat.v2'] },
    async run({ ours, theirs }) {
      assert.ok(ours.subprotocol === 'chat.v1' || ours.subprotocol === 'chat.v2');
      assert.equal(theirs.subprotocol, ours.subprotocol);
    },
  },
  {
    title: 'uses no subprotocol when nobody names one',
    async run({ ours, theirs }) {
      assert.deepEqual([ours.subprotocol, theirs.subprotocol], [null, null]);
    },
  },
];

// Compression

/** As far as zlib looks back in a window of 2^9 bytes (it keeps 262 for itself): a text of that length comes cheap again. */
const SHORT = 200;
/** Farther than a window of 2^10 bytes reaches, and nearer than one of 2^12. */
const LONG = 2000;

/** Hexadecimal digits: compression halves them, and finds no more in them. */
const digits = (length: number): string => randomBytes(length / 2).toString('hex');

interface Sizes {
  readonly first: number;
  /** The same message again. */
  readonly repeated: number;
  /** A message that is LONG characters, twice. */
  readonly doubled: number;
}

/** Bytes on the wire of messages that one side sends. */
async function measure(meeting: Meeting, sender: 'ours' | 'theirs'): Promise<Sizes> {
  const { ours, theirs, direction } = meeting;
  const tap = meeting.tap!;
  const isToClient = (sender === 'ours') === (direction === 'our server');
  const bytes = (): number => (isToClient ? tap.toClient : tap.toServer);
  const sizeOf = async (message: string): Promise<number> => {
    const before = bytes();
    await (sender === 'ours' ? ours : theirs).send(message);
    assert.equal(await (sender === 'ours' ? theirs.receive() : ours.recv()), message);
    return bytes() - before;
  };
  const short = digits(SHORT);
  const long = digits(LONG);
  return { first: await sizeOf(short), repeated: await sizeOf(short), doubled: await sizeOf(long + long) };
}

interface Expected {
  /** Whether a sender remembers earlier messages: context takeover. */
  readonly serverRemembers: boolean;
  readonly clientRemembers: boolean;
  /** Whether a sender's window is large enough for LONG. */
  readonly serverLooksFar: boolean;
  readonly clientLooksFar: boolean;
}

const DEFAULTS: Expected = {
  serverRemembers: true,
  clientRemembers: true,
  serverLooksFar: true,
  clientLooksFar: true,
};

/** Compression by what it does: the parameters may be agreed on in words and not kept. */
const compressing =
  (parameters: readonly string[], expected: Expected): Scenario['run'] =>
  async (meeting, abilities) => {
    const answer = meeting.ours.response!.headers.get('Sec-WebSocket-Extensions') ?? '';
    assert.match(answer, /^permessage-deflate/);
    for (const parameter of parameters) assert.ok(answer.includes(parameter), `${parameter} in ${answer}`);
    for (const sender of ['ours', 'theirs'] as const) {
      if (sender === 'theirs' && !abilities.has('compress what it sends')) continue;
      const isServer = (sender === 'ours') === (meeting.direction === 'our server');
      const remembers = isServer ? expected.serverRemembers : expected.clientRemembers;
      const looksFar = isServer ? expected.serverLooksFar : expected.clientLooksFar;
      const sizes = await measure(meeting, sender);
      const said = `${sender}, ${answer}, ${JSON.stringify(sizes)}`;
      assert.ok(sizes.first < SHORT * 0.9, `compressed at all: ${said}`);
      assert.equal(sizes.repeated < SHORT * 0.2, remembers, `context takeover: ${said}`);
      assert.equal(sizes.doubled < LONG * 0.75, looksFar, `window: ${said}`);
    }
  };

interface Terms {
  readonly title: string;
  readonly compression: Compression;
  readonly parameters: readonly string[];
  readonly expected: Partial<Expected>;
}

const TERMS: readonly Terms[] = [
  {
    title: 'no context takeover',
    compression: { serverNoContextTakeover: true, clientNoContextTakeover: true },
    parameters: ['server_no_context_takeover', 'client_no_context_takeover'],
    expected: { serverRemembers: false, clientRemembers: false },
  },
  {
    title: 'no context takeover on the server',
    compression: { serverNoContextTakeover: true },
    parameters: ['server_no_context_takeover'],
    expected: { serverRemembers: false },
  },
  {
    title: 'windows of 10 bits',
    compression: { serverMaxWindowBits: 10, clientMaxWindowBits: 10 },
    parameters: ['server_max_window_bits=10', 'client_max_window_bits=10'],
    expected: { serverLooksFar: false, clientLooksFar: false },
  },
  {
    title: 'a window of 9 bits on the server and of 15 on the client',
    compression: { serverMaxWindowBits: 9, clientMaxWindowBits: 15 },
    parameters: ['server_max_window_bits=9'],
    expected: { serverLooksFar: false },
  },
];

const compression: readonly Scenario[] = [
  { title: 'compresses without a word from the user', isTapped: true, run: compressing([], DEFAULTS) },
  ...TERMS.flatMap(({ title, compression, parameters, expected }): Scenario[] => {
    const run = compressing(parameters, { ...DEFAULTS, ...expected });
    return [
      {
        title: `agrees when we want ${title}`,
        needs: ['compress what it sends'],
        ours: { compression },
        isTapped: true,
        run,
      },
      {
        title: `wants ${title}, and we agree`,
        needs: ['set compression parameters'],
        theirs: { compression },
        isTapped: true,
        run,
      },
    ];
  }),
  {
    title: 'agrees with us that fragments can be compressed',
    needs: ['send fragments', 'compress what it sends'],
    async run({ ours, theirs }) {
      const fragments = ['a'.repeat(1000), '', 'b'.repeat(1000)];
      for (let turn = 0; turn < 3; turn += 1) {
        await ours.send(fragments);
        assert.equal(await theirs.receive(), fragments.join(''));
        await theirs.sendFragments(fragments);
        assert.equal(await ours.recv(), fragments.join(''));
      }
    },
  },
  {
    title: 'reads what was compressed for many between what was compressed for it alone',
    async run({ ours, theirs }) {
      // Nearly the same text again and again: with a wrong window the peer would read another one.
      const texts = [0, 1, 2, 3, 4, 5].map((i) => `${i} abcdefgh`.repeat(40 + i));
      const prepared = texts.map((text) => prepare(text, { compress: true }));
      const order = [0, 1, 2, 1, 3, 0, 4, 4, 5, 2];
      for (const [turn, what] of order.entries()) {
        if (turn % 3 === 1) await ours.send(prepared[what]!);
        else if (turn % 3 === 2) broadcast([ours], prepared[what]!);
        else await ours.send(texts[what]!);
      }
      for (const what of order) assert.equal(await theirs.receive(), texts[what]);
    },
  },
  {
    title: 'does without compression when we want none',
    ours: { compression: null },
    isTapped: true,
    run: withoutCompression,
  },
  {
    title: 'wants no compression, and we do without',
    needs: ['set compression parameters'],
    theirs: { compression: null },
    isTapped: true,
    run: withoutCompression,
  },
];

async function withoutCompression(meeting: Meeting): Promise<void> {
  assert.equal(meeting.ours.response!.headers.get('Sec-WebSocket-Extensions') ?? null, null);
  for (const sender of ['ours', 'theirs'] as const) {
    assert.ok((await measure(meeting, sender)).doubled > 2 * LONG, `${sender} compressed`);
  }
}

export const SCENARIOS: readonly Scenario[] = [
  ...messages,
  ...pings,
  ...endings,
  ...limits,
  ...carriers,
  ...subprotocols,
  ...compression,
];
