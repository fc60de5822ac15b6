// One contract, two transports: over a net.Socket, and over the TCP handle under it. Real sockets, no WebSocket.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket, connect as tcpConnect } from 'node:net';
import { describe, test } from 'node:test';
import type { Transport, TransportSink } from '#dist/connection/transport.js';
import { HandleTransport } from '#dist/node/handle-transport.js';
import { acceptHandles, tcpHandles } from '#dist/node/tcp-handle.js';
import { NodeTransport } from '#dist/node/transport.js';

const MIB = 1024 * 1024;

/** Writes down what happens, and lets a test react to it. */
class Sink implements TransportSink {
  /** What happened besides data. */
  readonly events: string[] = [];
  readonly chunks: Buffer[] = [];
  error: Error | null = null;
  react: (event: string) => void = () => {};
  readonly #onChange: Set<() => void> = new Set();

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  onData(bytes: Uint8Array, end: number = bytes.length): void {
    assert.equal(bytes.constructor, Uint8Array);
    this.chunks.push(Buffer.from(bytes.subarray(0, end)));
    this.#tell('data');
  }

  onEnd(): void {
    this.events.push('end');
    this.#tell('end');
  }

  onWritten(): void {
    this.#tell('written');
  }

  onClose(error: Error | null): void {
    this.error = error;
    this.events.push('close');
    this.#tell('close');
  }

  #tell(event: string): void {
    this.react(event);
    for (const look of this.#onChange) look();
  }

  /** Waits until it is so. */
  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return;
        this.#onChange.delete(look);
        resolve();
      };
      this.#onChange.add(look);
      look();
    });
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.events.includes('close'));
  }
}

/** A transport that a server got for a peer. */
interface Meeting {
  readonly transport: Transport;
  readonly sink: Sink;
  readonly peer: Socket;
}

interface Road {
  readonly name: string;
  readonly usesHandles: boolean;
}

const ROADS: readonly Road[] = [
  { name: 'a net.Socket', usesHandles: false },
  ...(tcpHandles === null ? [] : [{ name: 'a TCP handle', usesHandles: true }]),
];

/** Listens, and brings transports and peers together; ends them all with the scope. */
async function listening({ usesHandles }: Road) {
  const arrived: Transport[] = [];
  const waiting: ((transport: Transport) => void)[] = [];
  const all = new Set<Transport>();
  const peers = new Set<Socket>();
  const onTransport = (transport: Transport): void => {
    all.add(transport);
    const resolve = waiting.shift();
    if (resolve === undefined) arrived.push(transport);
    else resolve(transport);
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    assert.ok(!usesHandles, 'the handle was not taken');
    onTransport(new NodeTransport(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  if (usesHandles) acceptHandles(server, 1, (handle) => onTransport(new HandleTransport(handle)));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    meet: async (): Promise<Meeting> => {
      const peer = tcpConnect({ host: '127.0.0.1', port, allowHalfOpen: true });
      peers.add(peer);
      const next = arrived.shift();
      const transport = next ?? (await new Promise<Transport>((resolve) => waiting.push(resolve)));
      if (peer.connecting) await once(peer, 'connect');
      return { transport, sink: new Sink(), peer };
    },
    [Symbol.asyncDispose]: async () => {
      for (const peer of peers) peer.destroy();
      for (const transport of all) transport.abort();
      server.close();
      await once(server, 'close');
    },
  };
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

/** All that comes until the end, or until the connection is gone. */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('error', () => {});
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.resume();
  await new Promise<void>((resolve) => socket.on('end', resolve).on('close', () => resolve()));
  return Buffer.concat(chunks);
}

/** Turns of the event loop in which the loopback delivers whatever it has. */
async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

for (const road of ROADS) {
  describe(`a transport over ${road.name}`, () => {
    test('delivers what comes, from the start on and not before', async () => {
      await using net = await listening(road);
      const { transport, sink, peer } = await net.meet();
      peer.write('early');
      await turns();
      assert.equal(sink.text, '');
      transport.start(sink);
      await sink.until(() => sink.text === 'early');
      peer.write(' and late');
      await sink.until(() => sink.text === 'early and late');
    });

    test('delivers nothing while paused, however often it was, and everything once resumed', async () => {
      await using net = await listening(road);
      const { transport, sink, peer } = await net.meet();
      transport.start(sink);
      peer.write('a');
      await sink.until(() => sink.text === 'a');
      transport.pause();
      transport.pause();
      peer.write('b');
      await turns();
      assert.equal(sink.text, 'a');
      transport.resume();
      transport.resume();
      await sink.until(() => sink.text === 'ab');
      peer.write('c');
      await sink.until(() => sink.text === 'abc');
    });

    test('gives way to other connections when what it brings takes long', async () => {
      await using net = await listening(road);
      const busy = await net.meet();
      const other = await net.meet();
      other.transport.start(other.sink);
      // As much as the system takes: many reads in a row.
      busy.peer.write(Buffer.alloc(4 * MIB));
      await turns(50);
      busy.sink.react = () => {
        if (busy.sink.chunks.length === 1) other.peer.write('hello');
        const end = performance.now() + 15;
        while (performance.now() < end);
      };
      busy.transport.start(busy.sink);
      await other.sink.until(() => other.sink.text === 'hello');
      assert.ok(busy.sink.chunks.length <= 2, `after ${busy.sink.chunks.length} reads`);
      busy.sink.react = () => {};
      await busy.sink.until(() => Buffer.concat(busy.sink.chunks).length === 4 * MIB);
    });

    test('stays paused although it gave way, and goes on once resumed', async () => {
      await using net = await listening(road);
      const { transport, sink, peer } = await net.meet();
      peer.write(Buffer.alloc(MIB));
      await turns(50);
      sink.react = () => {
        transport.pause();
        const end = performance.now() + 15;
        while (performance.now() < end);
      };
      transport.start(sink);
      await sink.until(() => sink.chunks.length > 0);
      await turns(20);
      const { length } = sink.chunks;
      await turns(20);
      assert.equal(sink.chunks.length, length);
      sink.react = () => {
        transport.pause();
        transport.resume();
      };
      transport.resume();
      await sink.until(() => Buffer.concat(sink.chunks).length === MIB);
    });

    test('may be paused from within a delivery: the rest waits', async () => {
      await using net = await listening(road);
      const { transport, sink, peer } = await net.meet();
      const sent = randomBytes(4 * MIB);
      // Every delivery is the last for a while.
      sink.react = (event) => {
        if (event !== 'data') return;
        transport.pause();
        setImmediate(() => transport.resume());
      };
      transport.start(sink);
      peer.end(sent);
      await sink.until(() => sink.events.includes('end'));
      assert.ok(Buffer.concat(sink.chunks).equals(sent));
      assert.ok(sink.chunks.length > 4);
    });

    test('ends its half after what was written, and is gone when the peer ends, too', async () => {
      await using net = await listening(road);
      const { transport, sink, peer } = await net.meet();
      transport.start(sink);
      transport.write(bytesOf('last words'));
      transport.end();
      transport.end();
      transport.write(bytesOf('too late'));
      assert.equal((await readAll(peer)).toString(), 'last words');
      assert.deepEqual(sink.events, []);
      peer.end('good-bye');
      await sink.untilClosed();
      assert.equal(sink.text, 'good-bye');
      assert.deepEqual(sink.events, ['end', 'close']);
      assert.equal(sink.error, null);
    });

    test('goes on writing after the peer has ended, and is gone when it ends, too', async () => {
      await using net = await listening(road);
      const { transport, sink, peer } = await net.meet();
      transport.start(sink);
      peer.end('that was all');
      await sink.until(() => sink.events.includes('end'));
      assert.equal(sink.text, 'that was all');
      await turns();
      assert.deepEqual(sink.events, ['end']);
      transport.write(bytesOf('and '), bytesOf('thanks'));
      transport.write(bytesOf(''), bytesOf('!'));
      transport.end();
      assert.equal((await readAll(peer)).toString(), 'and thanks!');
      await sink.untilClosed();
      assert.deepEqual(sink.events, ['end', 'close']);
      assert.equal(sink.error, null);
    });

    test('hears of a reset as net.Socket tells it', async () => {
      await using net = await listening(road);
      const { transport, sink, peer } = await net.meet();
      transport.start(sink);
      peer.resetAndDestroy();
      await sink.untilClosed();
      assert.deepEqual(sink.events, ['close']);
      const { code, syscall, errno, message } = sink.error as NodeJS.ErrnoException;
      assert.deepEqual([code, syscall, message], ['ECONNRESET', 'read', 'read ECONNRESET']);
      assert.ok(errno !== undefined && errno < 0);
    });

    test('hears of a reset while bytes wait, with an error', async () => {
      await using net = await listening(road);
      const { transport, sink, peer } = await net.meet();
      transport.start(sink);
      peer.pause();
      transport.write(new Uint8Array(32 * MIB));
      assert.ok(transport.bufferedBytes > 0);
      peer.resetAndDestroy();
      await sink.untilClosed();
      const { code, syscall } = sink.error as NodeJS.ErrnoException;
      assert.match(`${syscall} ${code}`, /^(read|write) (ECONNRESET|EPIPE)$/);
      assert.deepEqual(sink.events, ['close']);
    });

    test('knows both addresses as long as it lives and afterwards', async () => {
      await using net = await listening(road);
      const { transport, sink, peer } = await net.meet();
      const { localPort } = peer;
      const look = (): unknown => ({ local: transport.localAddress, remote: transport.remoteAddress });
      const expected = { local: ['127.0.0.1', net.port], remote: ['127.0.0.1', localPort] };
      transport.start(sink);
      peer.resetAndDestroy();
      await sink.untilClosed();
      assert.deepEqual(look(), expected);
    });

    test('drops what waits when it is aborted, and is gone once', async () => {
      await using net = await listening(road);
      const { transport, sink, peer } = await net.meet();
      transport.start(sink);
      peer.pause();
      transport.write(new Uint8Array(32 * MIB));
      transport.write(bytesOf('more'));
      transport.abort();
      transport.abort();
      assert.deepEqual(sink.events, [], 'not before abort returns');
      await sink.untilClosed();
      await turns();
      assert.deepEqual(sink.events, ['close']);
      assert.equal(sink.error, null);
      const received = await readAll(peer);
      assert.ok(received.length < 32 * MIB);
    });

    test('minds nothing that is asked of it once it is gone', async () => {
      await using net = await listening(road);
      const { transport, sink } = await net.meet();
      transport.start(sink);
      for (const isLater of [false, true]) {
        transport.abort();
        transport.write(bytesOf('x'));
        transport.write(bytesOf('x'), bytesOf('y'));
        transport.pause();
        transport.resume();
        transport.end();
        transport.abort();
        if (!isLater) await sink.untilClosed();
      }
      await turns();
      assert.deepEqual(sink.events, ['close']);
      assert.equal(transport.bufferedBytes, 0);
    });

    for (const event of ['data', 'end', 'written']) {
      test(`may be aborted when it says "${event}"`, async () => {
        await using net = await listening(road);
        const { transport, sink, peer } = await net.meet();
        const seen: string[] = [];
        sink.react = (what) => {
          seen.push(what);
          if (what === event) transport.abort();
        };
        transport.start(sink);
        transport.write(new Uint8Array(32 * MIB));
        peer.resume();
        peer.on('error', () => {});
        if (event !== 'written') peer.end(randomBytes(2 * MIB));
        await sink.untilClosed();
        await turns();
        assert.deepEqual(seen.slice(seen.indexOf(event)), [event, 'close']);
      });
    }

    test('counts what the system has not taken, says when that becomes less, and changes no byte', async () => {
      await using net = await listening(road);
      const { transport, sink, peer } = await net.meet();
      const all = randomBytes(64 * MIB);
      transport.start(sink);
      peer.pause();
      assert.equal(transport.bufferedBytes, 0);
      transport.write(bytesOf('small'));
      assert.equal(transport.bufferedBytes, 0, 'the system takes it at once');
      transport.write(all.subarray(0, 40 * MIB));
      transport.write(all.subarray(40 * MIB, 40 * MIB + 1), all.subarray(40 * MIB + 1));
      await turns();
      assert.ok(transport.bufferedBytes > 24 * MIB);
      const levels: number[] = [];
      sink.react = (event) => event === 'written' && levels.push(transport.bufferedBytes);
      const hash = createHash('sha256');
      let count = 0;
      peer.on('data', (chunk) => {
        hash.update(chunk);
        count += chunk.length;
      });
      peer.resume();
      transport.end();
      await once(peer, 'end');
      assert.equal(count, 64 * MIB + 5);
      assert.equal(hash.digest('hex'), createHash('sha256').update('small').update(all).digest('hex'));
      await sink.until(() => transport.bufferedBytes === 0 && levels.at(-1) === 0);
      assert.deepEqual(
        levels,
        [...levels].sort((a, b) => b - a),
      );
    });

    test('counts right when somebody takes the buffer away that waits', async () => {
      await using net = await listening(road);
      const { transport, sink, peer } = await net.meet();
      transport.start(sink);
      peer.pause();
      const bytes = new Uint8Array(16 * MIB);
      transport.write(bytes);
      const taken = structuredClone(bytes, { transfer: [bytes.buffer] });
      assert.equal(bytes.length, 0);
      peer.resume();
      await sink.until(() => transport.bufferedBytes === 0);
      assert.equal(taken.length, 16 * MIB);
    });

    test('mixes up nothing when many write at once, whether the system takes it or not', async () => {
      await using net = await listening(road);
      const store = randomBytes(8 * MIB);
      const meetings: (Meeting & { readonly expected: Buffer })[] = [];
      for (let i = 0; i < 12; i++) {
        const meeting = await net.meet();
        meeting.transport.start(meeting.sink);
        meeting.peer.pause();
        // Every third has so much to take that the others' writes fall among its waiting.
        const size = i % 3 === 0 ? 7 * MIB : 1000 + i;
        meetings.push({ ...meeting, expected: store.subarray(i * 1000, i * 1000 + size) });
      }
      const half = ({ expected }: { readonly expected: Buffer }): number => expected.length >> 1;
      for (const meeting of meetings) meeting.transport.write(meeting.expected.subarray(0, half(meeting)));
      for (const meeting of meetings) {
        const rest = meeting.expected.subarray(half(meeting));
        meeting.transport.write(rest.subarray(0, 9), rest.subarray(9));
        meeting.transport.end();
      }
      for (const { peer, expected } of meetings) assert.ok((await readAll(peer)).equals(expected));
    });

    test('that nobody starts can be aborted', async () => {
      await using net = await listening(road);
      const { transport, peer } = await net.meet();
      transport.abort();
      await readAll(peer);
    });
  });
}
