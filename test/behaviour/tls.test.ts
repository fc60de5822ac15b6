// TLS under a connection: certificates of both sides, peers that stop in the middle, and servers that stop.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, type Server as NetServer, type Socket, connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { describe, test } from 'node:test';
import { createServer as createTlsServer, type TLSSocket, connect as tlsConnect } from 'node:tls';
import {
  ConnectionClosedError,
  ConnectionClosedOK,
  type ConnectOptions,
  InvalidMessage,
  type ServeOptions,
  type ServerConnection,
} from 'websockets-ts';
import { PING, TEXT } from '../conformance/wire.ts';
import { CERT, KEY, LEAF_CERT, LEAF_KEY } from '../support/certificate.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { deferred, driver, echo, rejection, type Serving, serving, untilClosed } from './meet.ts';

const urlOf = (port: number): string => `wss://localhost:${port}/`;

/** Connects to a server on this machine, which is `localhost` to the certificate. */
const connectTo = (port: number, tls: ConnectOptions['tls'] = { ca: CERT }) =>
  driver.connect(urlOf(port), { host: '127.0.0.1', tls });

interface SecureMeeting extends AsyncDisposable {
  readonly connection: ServerConnection;
  readonly peer: RawPeer;
  readonly socket: TLSSocket;
  /** What TLS runs over. */
  readonly tcp: Socket;
}

/** A server's connection over TLS whose client is moved by hand. */
async function meetSecurely(options: ServeOptions = {}): Promise<SecureMeeting> {
  const arrived = deferred<ServerConnection>();
  const s = await serving(
    (connection: ServerConnection) => {
      arrived.resolve(connection);
      return connection.closed;
    },
    { tls: { cert: CERT, key: KEY }, compression: null, pingIntervalMs: null, ...options },
  );
  const tcp = tcpConnect({ host: '127.0.0.1', port: s.port, allowHalfOpen: true });
  const socket = tlsConnect({ socket: tcp, servername: 'localhost', ca: CERT });
  await once(socket, 'secureConnect');
  const peer = new RawPeer(socket, 'client');
  await peer.open({ Host: 'localhost' });
  return {
    connection: await arrived.promise,
    peer,
    socket,
    tcp,
    [Symbol.asyncDispose]: () => {
      socket.destroy();
      return s[Symbol.asyncDispose]();
    },
  };
}

describe('a server whose client over TLS', () => {
  test('closes in order hears the same code, and both know it', async () => {
    await using m = await meetSecurely();
    m.peer.send({ opcode: TEXT, payload: 'x' });
    m.peer.sendClose(4000, 'bye');
    assert.equal(await m.peer.closeFrame(), '4000 bye');
    await m.peer.finishClosing();
    assert.equal(await m.connection.recv(), 'x');
    assert.equal((await rejection(m.connection.recv())).name, 'ConnectionClosedError');
    assert.equal(m.connection.closeCode, 4000);
  });

  test('ends its side without a close frame is told apart from one that closes', async () => {
    await using m = await meetSecurely();
    m.peer.send({ opcode: TEXT, payload: 'x' });
    m.socket.end();
    assert.equal(await m.connection.recv(), 'x');
    const error = await rejection(m.connection.recv());
    assert.ok(error instanceof ConnectionClosedError);
    assert.equal(error.message, 'no close frame received or sent');
    assert.equal(m.connection.closeCode, 1006);
    await m.peer.ended();
  });

  test('ends its side together with its close frame has closed without a problem', async () => {
    await using m = await meetSecurely();
    m.peer.sendClose(1000);
    m.socket.end();
    assert.ok((await rejection(m.connection.recv())) instanceof ConnectionClosedOK);
    assert.equal(m.connection.closeCode, 1000);
  });

  test('ends its side while a large message is on its way to it gets that told in time', async () => {
    await using m = await meetSecurely({ closeTimeoutMs: 50 });
    m.socket.pause();
    const sent = rejection(m.connection.send(new Uint8Array(32 * 1024 * 1024)));
    m.socket.end();
    assert.ok((await sent) instanceof ConnectionClosedError);
  });

  for (const [title, writeOnly] of [
    ['between frames', null],
    ['inside a frame', 100],
  ] as const) {
    test(`resets TCP ${title} gets it told as ConnectionClosedError`, async () => {
      await using m = await meetSecurely();
      const message = rejection(m.connection.recv());
      const { pong } = await m.connection.ping();
      const large = rejection(m.connection.send(new Uint8Array(32 * 1024 * 1024)));
      if (writeOnly !== null) m.peer.send({ opcode: TEXT, payload: 'x'.repeat(300), writeOnly });
      await m.peer.link.take(1);
      m.tcp.resetAndDestroy();
      for (const error of [await message, await rejection(pong), await large]) {
        assert.ok(error instanceof ConnectionClosedError);
      }
      assert.equal(m.connection.closeCode, 1006);
    });
  }

  test('sends what does not decrypt is gone at once, without any deadline', async () => {
    await using m = await meetSecurely({ closeTimeoutMs: null });
    const message = rejection(m.connection.recv());
    // A record of application data, with the head that it must have.
    m.tcp.write(Uint8Array.of(0x17, 0x03, 0x03, 0x00, 0x20, ...new Uint8Array(0x20)));
    await m.connection.waitClosed({ timeoutMs: 5000 });
    const error = await message;
    assert.ok(error instanceof ConnectionClosedError);
    assert.match((error.cause as NodeJS.ErrnoException).code ?? '', /^ERR_SSL_/);
  });

  test('resets TCP in the middle of the TLS handshake spoils nothing for others', async () => {
    const logger = new LogRecorder('error');
    await using s = await serving(echo, { tls: { cert: CERT, key: KEY }, logger });
    for (const greeting of ['', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03']) {
      const peer = await driver.dial(s.port);
      if (greeting !== '') await new Promise((resolve) => peer.socket.write(greeting, 'latin1', resolve));
      peer.socket.resetAndDestroy();
      await peer.ended();
    }
    await using client = await connectTo(s.port);
    await client.send('x');
    assert.equal(await client.recv(), 'x');
    assert.deepEqual(logger.lines, []);
  });
});

describe('the certificate of a server', () => {
  const leaf = (): Promise<Serving> => serving(echo, { tls: { cert: LEAF_CERT, key: LEAF_KEY } });

  test('is accepted when a known authority vouches for it', async () => {
    await using s = await leaf();
    await using client = await connectTo(s.port);
    await client.send('x');
    assert.equal(await client.recv(), 'x');
  });

  test('is refused when the authority is unknown, unless the client does not mind', async () => {
    await using s = await leaf();
    const error = await rejection(connectTo(s.port, {}));
    assert.equal((error as NodeJS.ErrnoException).code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    await using careless = await connectTo(s.port, { rejectUnauthorized: false });
    assert.equal(careless.state, 'OPEN');
  });
});

describe('the certificate of a client', () => {
  const asking = (tls: ServeOptions['tls'] = {}): Promise<Serving> =>
    serving(echo, { tls: { cert: CERT, key: KEY, requestCert: true, ...tls } });
  const withLeaf = { ca: CERT, cert: LEAF_CERT, key: LEAF_KEY };

  test('lets it in when the server knows who vouches for it', async () => {
    await using s = await asking({ ca: CERT });
    await using client = await connectTo(s.port, withLeaf);
    await client.send('x');
    assert.equal(await client.recv(), 'x');
  });

  for (const [title, serverTls, clientTls] of [
    ['is missing', { ca: CERT }, { ca: CERT }],
    ['comes from an unknown authority', {}, withLeaf],
  ] as const) {
    test(`keeps it out when it ${title}, and the handler never hears of it`, async () => {
      const logger = new LogRecorder('error');
      let handled = 0;
      await using s = await serving(() => void handled++, {
        tls: { cert: CERT, key: KEY, requestCert: true, ...serverTls },
        logger,
      });
      const error = await rejection(connectTo(s.port, clientTls));
      // Whatever the server says about it comes after the client's part of TLS 1.3 is done: to the client no answer follows.
      assert.ok(error instanceof InvalidMessage);
      assert.equal(handled, 0);
      assert.deepEqual(logger.lines, []);
    });
  }
});

describe('a server over TLS', () => {
  test('closes its connections in order over a Unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'websockets-'));
    try {
      const path = join(directory, 's');
      const server = await driver.unixServe(untilClosed, path, { tls: { cert: CERT, key: KEY } });
      const clients = await Promise.all(
        [1, 2, 3].map(() => driver.unixConnect(path, undefined, { tls: { ca: CERT } }).then((client) => client)),
      );
      server.close();
      await Promise.all(clients.map(({ closed }) => closed));
      assert.deepEqual(
        clients.map(({ closeCode }) => closeCode),
        [1001, 1001, 1001],
      );
      await server.waitClosed();
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test('counts clients that do not get on with TLS among maxPending, and drops the oldest', async () => {
    await using s = await serving(echo, { tls: { cert: CERT, key: KEY }, maxPending: 2 });
    const idle = [];
    for (let i = 0; i < 6; i++) idle.push(await driver.dial(s.port));
    await Promise.all(idle.slice(0, 4).map((peer) => peer.ended()));
    const held = await new Promise((resolve, reject) =>
      (s.server.sockets[0] as NetServer).getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
    assert.equal(held, 2);
    await using client = await connectTo(s.port);
    await client.send('x');
    assert.equal(await client.recv(), 'x');
    for (const peer of idle) peer.destroy();
  });
});

test('a stream that is no socket may be handed to a server of node:tls, and is not taken for one that does not get on', async () => {
  const tls = createTlsServer({ cert: CERT, key: KEY, allowHalfOpen: true });
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  const server = await driver.serve(echo, { socket: tls, openTimeoutMs: 100, maxPending: 1 });
  const [ours, theirs] = duplexPair();
  tls.emit('connection', theirs);
  const socket = tlsConnect({ socket: ours, ca: CERT, servername: 'localhost' });
  await once(socket, 'secureConnect');
  const client = await driver.connect('ws://localhost/', { socket });
  const { port } = tls.address() as AddressInfo;
  const idle = [await driver.dial(port), await driver.dial(port)];
  await Promise.all(idle.map((peer) => peer.ended()));
  await client.send('x');
  assert.equal(await client.recv(), 'x');
  client.abort();
  for (const peer of idle) peer.destroy();
  server.abort();
  await server.waitClosed();
});

test('a client that somebody else drops when TLS is done changes nothing for those that do not get on with it', async () => {
  const tls = createTlsServer({ cert: CERT, key: KEY, allowHalfOpen: true });
  tls.on('secureConnection', (socket) => socket.destroy());
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  const server = await driver.serve(echo, { socket: tls, maxPending: 2, openTimeoutMs: null });
  const { port } = tls.address() as AddressInfo;
  const first = await driver.dial(port);
  await rejection(connectTo(port));
  const others = [await driver.dial(port), await driver.dial(port)];
  await first.ended();
  for (const peer of [first, ...others]) peer.destroy();
  server.abort();
  await server.waitClosed();
});

test('a server over TLS answers each of the pings that come one by one in a turn, though every write waits for a moment', async () => {
  await using s = await serving(untilClosed, { tls: { key: KEY, cert: CERT } });
  const socket = tlsConnect({ host: '127.0.0.1', port: s.port, ca: CERT, servername: 'localhost' });
  await once(socket, 'secureConnect');
  const peer = new RawPeer(socket, 'client');
  await peer.open();
  for (let i = 0; i < 30; i++) peer.send({ opcode: PING, payload: String(i) });
  for (let i = 0; i < 30; i++) assert.equal(String((await peer.frame())?.payload), String(i));
  peer.destroy();
});
