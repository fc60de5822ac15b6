// Every limit that SECURITY.md lists, met by a real peer: what becomes of it, and that the channel of limits tells its name.
// A limit without a case here, or without a row there, fails.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as netConnect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, suite, test } from 'node:test';
import {
  broadcast,
  type ClientConnection,
  type Connection,
  type ConnectOptions,
  type LimitName,
  type ServeOptions,
  type ServerConnection,
} from 'websockets-ts';
import {
  ConnectionClosed,
  InvalidMessage,
  InvalidProxyMessage,
  InvalidStatus,
  SecurityError,
} from 'websockets-ts/exceptions';
import { BINARY, CONTINUATION, type Frame, PING, RSV1, TEXT } from '../conformance/wire.ts';
import { CERT, KEY } from '../support/certificate.ts';
import { Channels } from '../support/channels.ts';
import type { RawPeer } from '../support/raw-peer.ts';
import { deferred, driver, echo, meet, rejection, SIDES, type Side, serving, untilClosed } from './meet.ts';

/** One way to meet a limit. */
interface Case {
  /** Goes on behind the name of the limit. */
  readonly title: string;
  /** Has a peer meet it, and says in a few words what came of it. */
  readonly meet: () => Promise<string>;
  readonly outcome: string;
}

// How connections end

/** The code in the close frame of ours, or 1006, and what caused it: the code of an error of ours, the name of any other. */
async function endOf(connection: Connection): Promise<string> {
  await connection.closed;
  const error = await rejection(connection.recv());
  assert.ok(error instanceof ConnectionClosed, String(error));
  const words = [String(error.sent?.code ?? 1006)];
  for (let { cause } = error; cause instanceof Error; cause = cause.cause) words.push(codeOf(cause));
  return words.join(' ');
}

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : error.name);

/** A connection of this side, whose peer sends what is too much. */
function sending(side: Side, options: Parameters<typeof meet>[1], ...frames: readonly Frame[]): Promise<string> {
  return meeting(side, options, async ({ peer, connection }) => {
    peer.send(...frames);
    await peer.finishClosing();
    return endOf(connection);
  });
}

async function meeting(
  side: Side,
  options: Parameters<typeof meet>[1],
  act: (meeting: Awaited<ReturnType<typeof meet>>) => Promise<string>,
): Promise<string> {
  await using m = await meet(side, options);
  return await act(m);
}

/** A server's connection that has agreed on permessage-deflate. */
async function deflating(
  options: ServeOptions,
  act: (meeting: { readonly peer: RawPeer; readonly connection: Connection }) => Promise<string>,
): Promise<string> {
  const arrived = deferred<ServerConnection>();
  await using s = await serving((connection: ServerConnection) => {
    arrived.resolve(connection);
    return connection.closed;
  }, options);
  const peer = await driver.dial(s.port);
  try {
    await peer.open({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
    return await act({ peer, connection: await arrived.promise });
  } finally {
    peer.destroy();
  }
}

/** The same for connections of a client and of a server. */
const onBothSides = (title: string, meetIt: (side: Side) => Promise<string>, outcome: string): readonly Case[] =>
  SIDES.map((side) => ({ title: `${title}, on a ${side}`, meet: () => meetIt(side), outcome }));

/** While nobody reads what is sent to it. */
function notReading(
  side: Side,
  options: Parameters<typeof meet>[1],
  act: (connection: Connection) => Promise<string>,
): Promise<string> {
  return meeting(side, { maxBuffered: 1000, closeTimeoutMs: 50, ...options }, ({ peer, connection }) => {
    peer.socket.pause();
    return act(connection);
  });
}

const soon = (ms = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const BIG = new Uint8Array(1024 * 1024);

// How opening ends

/** What a server answers to this request, and the error that it tells of, if there is one. */
async function answerTo(options: ServeOptions, request: (peer: RawPeer) => string): Promise<string> {
  using channels = new Channels('handshake');
  await using s = await serving(untilClosed, options);
  const peer = await driver.dial(s.port);
  try {
    peer.socket.write(request(peer));
    const [, status] = (await peer.head()).split(' ');
    const error = channels.heard[0]?.message['error'];
    return error instanceof Error ? `${status} ${wordsOf(error)}` : `${status}`;
  } finally {
    peer.destroy();
  }
}

/** What a client makes of an answer, after `Host` and so on were sent to its server or, with `proxy`, to that. */
async function madeOf(
  answer: string,
  options: ConnectOptions = {},
  through: 'server' | 'proxy' = 'server',
): Promise<string> {
  await using server = await driver.listen();
  const connecting = rejection(
    through === 'server'
      ? driver.connect(server.url, { ...options, proxy: null })
      : driver.connect('ws://server.example/', { ...options, proxy: `http://127.0.0.1:${server.port}` }),
  );
  const peer = await server.peer();
  await peer.head();
  peer.socket.write(answer);
  return wordsOf(await connecting);
}

/** Names of the error and of what caused it, and the limit that it names. */
function wordsOf(error: Error): string {
  const words: string[] = [];
  for (let next: unknown = error; next instanceof Error; next = next.cause) {
    words.push(next.name);
    if (next instanceof SecurityError) words.push(String(next.limit));
  }
  return words.join(' ');
}

const headers = (count: number, value: string): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-${i}`, value]));
const lines = (count: number, value: string): string => `X-Y: ${value}\r\n`.repeat(count);

// How clients that do not get on are treated

/** Where a server listens, by what it speaks. */
const ROADS = ['TCP', 'TLS', 'a Unix socket', 'TLS over a Unix socket'] as const;
type Road = (typeof ROADS)[number];

interface Site extends AsyncDisposable {
  /** A client that says nothing. */
  readonly idle: () => Promise<Socket>;
  readonly connect: () => Promise<ClientConnection>;
}

async function site(road: Road, options: ServeOptions): Promise<Site> {
  const tls = road.startsWith('TLS');
  const all: ServeOptions = tls ? { ...options, tls: { cert: CERT, key: KEY } } : options;
  const client: ConnectOptions = tls ? { tls: { ca: CERT }, serverName: 'localhost' } : {};
  const directory = road.endsWith('Unix socket') ? await mkdtemp(join(tmpdir(), 'limits-')) : null;
  const path = directory === null ? null : join(directory, 's');
  const server =
    path === null ? await driver.serve(echo, { ...all, host: '127.0.0.1' }) : await driver.unixServe(echo, path, all);
  const port = path === null ? Number(server.addresses[0]![1]) : 0;
  const sockets: Socket[] = [];
  return {
    idle: async () => {
      const socket = path === null ? netConnect(port, '127.0.0.1') : netConnect(path);
      sockets.push(socket);
      await once(socket, 'connect');
      socket.on('error', () => {});
      socket.resume();
      return socket;
    },
    connect: async () =>
      path === null
        ? driver.connect(`${tls ? 'wss' : 'ws'}://127.0.0.1:${port}/`, client)
        : driver.unixConnect(path, undefined, client),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.abort();
      await server.waitClosed();
      if (directory !== null) await rm(directory, { recursive: true });
    },
  };
}

/** One that has come first is dropped for others; who is quick gets in. */
async function crowd(road: Road): Promise<string> {
  await using place = await site(road, { maxPending: 2 });
  const [oldest] = [await place.idle(), await place.idle(), await place.idle()];
  if (!oldest.closed) await once(oldest, 'close');
  const client = await place.connect();
  await client.send('x');
  const answer = await client.recv();
  // What has been let in counts no more, however many come.
  for (let i = 0; i < 3; i++) await place.idle();
  await client.send('y');
  const words = `dropped, then ${answer}${await client.recv()}`;
  await client.close();
  return words;
}

// The limits

const ENDING: Readonly<Record<LimitName, readonly Case[]>> = {
  maxSize: onBothSides(
    'ends a connection whose peer sends a larger message',
    (side) => sending(side, { maxSize: 10 }, { opcode: TEXT, payload: 'x'.repeat(11) }),
    '1009 PAYLOAD_TOO_BIG',
  ),
  controlFrameLimit: onBothSides(
    'ends a connection whose peer sends more pings',
    (side) =>
      sending(side, { controlFrameLimit: { burst: 2, perSecond: 0 } }, ...[1, 2, 3].map(() => ({ opcode: PING }))),
    '1008 TOO_MANY_CONTROL_FRAMES',
  ),
  maxEmptyFragments: onBothSides(
    'ends a connection whose peer sends more of them in a row',
    (side) =>
      sending(
        side,
        { maxEmptyFragments: 1 },
        { opcode: TEXT, fin: false },
        { opcode: CONTINUATION, fin: false },
        { opcode: CONTINUATION, fin: false },
      ),
    '1008 TOO_MANY_EMPTY_FRAGMENTS',
  ),
  maxFinalBlocks: [
    {
      title: 'ends a connection whose peer sends more of them in a message',
      meet: () =>
        deflating({}, async ({ peer, connection }) => {
          peer.send({ opcode: BINARY, rsv: RSV1, payload: Buffer.from('0300'.repeat(65), 'hex') });
          await peer.finishClosing();
          return endOf(connection);
        }),
      outcome: '1007 DECOMPRESSION_FAILED TOO_MANY_FINAL_BLOCKS',
    },
  ],
  maxQueueBytes: onBothSides(
    'drops what a lost connection has brought beyond it',
    (side) =>
      meeting(side, { maxQueue: null, maxQueueBytes: 2000 }, async ({ peer, connection }) => {
        peer.send(...Array.from({ length: 20 }, () => ({ opcode: BINARY, payload: BIG.subarray(0, 1000) })));
        while (connection.stats.bytesReceived < 20_000) await soon();
        peer.socket.resetAndDestroy();
        await connection.closed;
        let messages = 0;
        while (connection.stats.queuedFrames > 0) {
          await connection.recv();
          messages++;
        }
        assert.ok(messages < 20, `${messages} messages were kept`);
        return (await endOf(connection)).split(' ')[0]!;
      }),
    '1006',
  ),
  maxBuffered: [
    ...onBothSides(
      'leaves messages out for a peer that does not read',
      (side) =>
        notReading(side, {}, async (connection) => {
          for (;;) {
            const outcome = connection.trySend(BIG);
            if (outcome === 'dropped') return outcome;
            await soon();
          }
        }),
      'dropped',
    ),
    ...onBothSides(
      'closes when that is asked for',
      (side) =>
        notReading(side, {}, async (connection) => {
          for (; connection.state === 'OPEN'; await soon()) broadcast([connection], BIG, { slow: 'close' });
          return (await endOf(connection)).split(' ')[0]!;
        }),
      '1013',
    ),
  ],
  slowTimeoutMs: onBothSides(
    'closes when a peer does not read for so long',
    (side) =>
      notReading(side, { slowTimeoutMs: 30 }, async (connection) => {
        for (; connection.state === 'OPEN'; await soon()) connection.trySend(BIG);
        return (await endOf(connection)).split(' ')[0]!;
      }),
    '1013',
  ),
  maxCompressionContexts: [
    {
      title: 'has a connection share a compressor, and is told once',
      meet: async () => {
        using channels = new Channels('limit');
        await using s = await serving(echo, { maxCompressionContexts: 1 });
        await using first = await driver.connect(s.url);
        await using second = await driver.connect(s.url);
        const message = 'the same again, '.repeat(100);
        for (const client of [first, second, second, first]) {
          await client.send(message);
          assert.equal(await client.recv(), message);
        }
        return channels.heard
          .map(({ message: { connection } }) =>
            (connection as Connection).remoteAddress?.[1] === second.localAddress?.[1] ? 'the second' : 'another',
          )
          .join();
      },
      outcome: 'the second',
    },
  ],
  pingTimeoutMs: onBothSides(
    'ends a connection whose peer is silent',
    (side) =>
      meeting(
        side,
        { pingIntervalMs: 10, pingTimeoutMs: 10, closeTimeoutMs: 10 },
        async ({ connection }) => (await endOf(connection)).split(' ')[0]!,
      ),
    '1011',
  ),
  closeTimeoutMs: [
    ...onBothSides(
      'drops a peer that does not answer a close frame',
      (side) =>
        meeting(side, { closeTimeoutMs: 10 }, async ({ connection }) => {
          await connection.close();
          return `${connection.closeCode} ${(await endOf(connection)).split(' ').slice(1).join()}`;
        }),
      '1006 TIMEOUT',
    ),
    {
      title: 'ends a connection whose close frame has to wait for a message',
      meet: () =>
        deflating({ closeTimeoutMs: 30 }, async ({ peer, connection }) => {
          // Another thread compresses it, for a few hundred milliseconds.
          const sent = rejection(connection.send(randomBytes(8 * BIG.length)));
          void connection.close();
          await peer.finishClosing();
          assert.ok((await sent) instanceof ConnectionClosed);
          return (await endOf(connection)).split(' ')[0]!;
        }),
      outcome: '1011',
    },
  ],
  idleTimeoutMs: onBothSides(
    'closes a connection without messages',
    (side) =>
      meeting(side, { idleTimeoutMs: 20 }, async ({ peer, connection }) => {
        await peer.finishClosing();
        return endOf(connection);
      }),
    '1001',
  ),
  maxLifetimeMs: onBothSides(
    'closes a connection that is so old',
    (side) =>
      meeting(side, { maxLifetimeMs: 20 }, async ({ peer, connection }) => {
        await peer.finishClosing();
        return endOf(connection);
      }),
    '1001',
  ),
  openTimeoutMs: [
    {
      title: 'is told to a client that says nothing',
      meet: () => answerTo({ openTimeoutMs: 20 }, () => 'GET / HTTP/1.1\r\n'),
      outcome: '408',
    },
    ...(['TLS', 'TLS over a Unix socket'] as const).map((road) => ({
      title: `drops a client that does not speak ${road}`,
      meet: async () => {
        await using place = await site(road, { openTimeoutMs: 20 });
        await once(await place.idle(), 'close');
        return 'dropped';
      },
      outcome: 'dropped',
    })),
    {
      title: 'ends an attempt whose server says nothing',
      meet: () => madeOf('', { openTimeoutMs: 20 }),
      outcome: 'TimeoutError TimeoutError',
    },
  ],
  maxPending: ROADS.map((road) => ({
    title: `drops the oldest of those that say nothing over ${road}`,
    meet: () => crowd(road),
    outcome: 'dropped, then xy',
  })),
  maxLineBytes: [
    {
      title: 'refuses a request line',
      meet: () => answerTo({ maxLineBytes: 200 }, (peer) => peer.request({}, `/${'x'.repeat(200)}`)),
      outcome: '414 RequestLineTooLong maxLineBytes',
    },
    {
      title: 'refuses a header line',
      meet: () => answerTo({ maxLineBytes: 200 }, (peer) => peer.request(headers(1, 'x'.repeat(200)))),
      outcome: '431 HeaderLineTooLong maxLineBytes',
    },
    {
      title: 'refuses a status line',
      meet: () => madeOf(`HTTP/1.1 200 ${'x'.repeat(200)}\r\n`, { maxLineBytes: 200 }),
      outcome: 'StatusLineTooLong maxLineBytes',
    },
    {
      title: 'refuses a header line of a server',
      meet: () => madeOf(`HTTP/1.1 200 OK\r\n${lines(1, 'x'.repeat(200))}`, { maxLineBytes: 200 }),
      outcome: `${InvalidMessage.name} HeaderLineTooLong maxLineBytes`,
    },
    {
      title: 'refuses the status line of a proxy',
      meet: () => madeOf(`HTTP/1.1 200 ${'x'.repeat(200)}\r\n`, { maxLineBytes: 200 }, 'proxy'),
      outcome: `${InvalidProxyMessage.name} StatusLineTooLong maxLineBytes`,
    },
  ],
  maxHeadBytes: [
    {
      title: 'refuses the headers of a request',
      meet: () => answerTo({ maxHeadBytes: 1000 }, (peer) => peer.request(headers(20, 'x'.repeat(50)))),
      outcome: '431 HeaderLineTooLong maxHeadBytes',
    },
    {
      title: 'refuses the headers of a response',
      meet: () => madeOf(`HTTP/1.1 200 OK\r\n${lines(20, 'x'.repeat(50))}`, { maxHeadBytes: 1000 }),
      outcome: 'InvalidMessage HeaderLineTooLong maxHeadBytes',
    },
    {
      title: 'refuses extensions of chunks',
      meet: () =>
        madeOf(`HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n${`1;${'x'.repeat(100)}\r\nx\r\n`.repeat(20)}`, {
          maxHeadBytes: 1000,
        }),
      outcome: 'InvalidMessage SecurityError maxHeadBytes',
    },
    {
      title: 'refuses the headers of a proxy',
      meet: () => madeOf(`HTTP/1.1 200 OK\r\n${lines(20, 'x'.repeat(50))}`, { maxHeadBytes: 1000 }, 'proxy'),
      outcome: 'InvalidProxyMessage HeaderLineTooLong maxHeadBytes',
    },
  ],
  maxHeaders: [
    {
      title: 'refuses a request with more of them',
      meet: () => answerTo({ maxHeaders: 10 }, (peer) => peer.request(headers(10, 'x'))),
      outcome: '431 TooManyHeaders maxHeaders',
    },
    {
      title: 'refuses a response with more of them',
      meet: () => madeOf(`HTTP/1.1 200 OK\r\n${lines(11, 'x')}`, { maxHeaders: 10 }),
      outcome: 'InvalidMessage TooManyHeaders maxHeaders',
    },
    {
      title: 'refuses a proxy with more of them',
      meet: () => madeOf(`HTTP/1.1 200 OK\r\n${lines(11, 'x')}`, { maxHeaders: 10 }, 'proxy'),
      outcome: 'InvalidProxyMessage TooManyHeaders maxHeaders',
    },
  ],
  maxEarlyBytes: [
    {
      title: 'refuses a client that sends more behind its request',
      meet: () =>
        answerTo({ maxEarlyBytes: 1000, processRequest: () => soon(100) }, (peer) => peer.request() + 'x'.repeat(1001)),
      outcome: '400 SecurityError maxEarlyBytes',
    },
  ],
  maxBodyBytes: ['Content-Length: 5000\r\n', 'Transfer-Encoding: chunked\r\n', ''].map((framing) => ({
    title: `cuts the body of a refusal, with ${framing.trimEnd() || 'an end that does not come'}`,
    meet: () => {
      const body = 'x'.repeat(500);
      const chunks = framing.startsWith('T') ? `1f4\r\n${body}\r\n`.repeat(3) : body.repeat(3);
      return madeOf(`HTTP/1.1 403 No\r\n${framing}\r\n${chunks}`, { maxBodyBytes: 1000 });
    },
    outcome: `${InvalidStatus.name} SecurityError maxBodyBytes`,
  })),
  maxInterimResponses: [
    {
      title: 'ends an attempt whose server sends more of them',
      meet: () => madeOf('HTTP/1.1 102 Wait\r\n\r\n'.repeat(3), { maxInterimResponses: 2 }),
      outcome: 'InvalidMessage SecurityError maxInterimResponses',
    },
  ],
  maxRedirects: [
    {
      title: 'ends an attempt that is sent about',
      meet: async () => {
        await using server = await driver.listen();
        const connecting = rejection(driver.connect(server.url, { maxRedirects: 2 }));
        for (let i = 0; i < 2; i++) {
          const peer = await server.peer();
          await peer.head();
          peer.socket.write(`HTTP/1.1 302 Found\r\nLocation: /${i}\r\nContent-Length: 0\r\n\r\n`);
        }
        return wordsOf(await connecting);
      },
      outcome: 'SecurityError maxRedirects InvalidStatus',
    },
  ],
  maxRetryAfterMs: [
    {
      title: 'has a client come back earlier than its server wants',
      meet: async () => {
        await using server = await driver.listen();
        const refused = (async () => {
          const peer = await server.peer();
          await peer.head();
          peer.socket.write('HTTP/1.1 503 Later\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n');
          await (await server.peer()).accept();
        })();
        const options: ConnectOptions = {
          reconnectPolicy: { maxRetryAfterMs: 10 },
          reconnectDelays: () => [0].values(),
        };
        for await (const connection of driver.connect(server.url, options)) {
          await refused;
          connection.abort();
          return 'connected';
        }
        return 'gave up';
      },
      outcome: 'connected',
    },
  ],
};

/** Options whose limit ends nothing: what they do, and that nobody is told. */
const WAITING: Readonly<Record<string, readonly Case[]>> = {
  maxQueue: onBothSides(
    'keeps from reading, no more',
    (side) =>
      meeting(side, { maxQueue: 2, maxQueueBytes: 2000 }, async ({ peer, connection }) => {
        peer.send(...Array.from({ length: 20 }, () => ({ opcode: TEXT, payload: 'x'.repeat(1000) })));
        while (connection.stats.queuedFrames < 2) await soon();
        await soon(20);
        const { queuedFrames } = connection.stats;
        for (let i = 0; i < 20; i++) await connection.recv();
        return `${queuedFrames} waited`;
      }),
    '2 waited',
  ),
  writeLimit: onBothSides(
    'has send wait, no more',
    (side) =>
      notReading(side, { writeLimit: 1000, maxBuffered: null }, async (connection) => {
        for (;;) {
          const sent = connection.send(BIG).then(
            () => 'sent',
            () => 'failed',
          );
          const outcome = await Promise.race([sent, soon(100).then(() => 'waiting')]);
          if (outcome !== 'sent') return outcome;
        }
      }),
    'waiting',
  ),
};

for (const [name, cases] of Object.entries(ENDING)) {
  describe(name, () => {
    for (const { title, meet: meetIt, outcome } of cases) {
      test(title, async () => {
        using channels = new Channels('limit');
        assert.equal(await meetIt(), outcome);
        const told = channels.heard.map(({ message }) => message['limit']);
        assert.ok(told.includes(name), `the channel told of [${told.join()}]`);
      });
    }
  });
}

for (const [name, cases] of Object.entries(WAITING)) {
  describe(name, () => {
    for (const { title, meet: meetIt, outcome } of cases) {
      test(title, async () => {
        using channels = new Channels('limit');
        assert.equal(await meetIt(), outcome);
        assert.deepEqual(channels.heard, []);
      });
    }
  });
}

suite('SECURITY.md', () => {
  const root = new URL('../../../', import.meta.url);
  const page = readFileSync(new URL('SECURITY.md', root), 'utf8');
  const reference = readFileSync(new URL('docs/reference/index.md', root), 'utf8');

  /** The names in the first column of the table below a heading. */
  const namesBelow = (heading: string): string[] => {
    const section = page.split(`### ${heading}\n`)[1]?.split('\n#')[0] ?? '';
    const rows = section.split('\n').filter((line) => line.startsWith('| ') && !/^\| (?:---|option|bound) /.test(line));
    return rows.flatMap((row) =>
      [...row.split(' | ')[0]!.matchAll(/`(?:\w+\.)?(max\w+|\w+(?:Ms|Limit))`/g)].map(([, name]) => name!),
    );
  };
  const ending = namesBelow('Limits that end or refuse something');
  const waiting = namesBelow('Limits that make somebody wait');
  const fixed = namesBelow('Limits that are fixed');

  test('lists each limit that has cases here, and no other', () => {
    assert.deepEqual([...ending, ...fixed].sort(), Object.keys(ENDING).sort());
    assert.deepEqual(waiting, Object.keys(WAITING));
  });

  for (const name of [...ending, ...waiting]) {
    test(`is right that ${name} is an option with a default`, () => {
      const [, entry] = reference.split(`- \`${name}\`: `);
      assert.match(entry?.split('\n- `')[0] ?? '', /\bDefaults? /);
    });
  }
});
