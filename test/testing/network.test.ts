// A network in memory: what comes of bytes, halves and resets, and each fault by itself. No connection, only its two transports.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Transport, TransportSink } from 'websockets-ts';
import { FakeClock, type Faults, Network, type NetworkOptions, settled } from 'websockets-ts/testing';

/** One end, with everything that it hears in order. */
class End implements TransportSink {
  readonly transport: Transport;
  readonly heard: string[] = [];

  constructor(transport: Transport) {
    this.transport = transport;
  }

  write(text: string): void {
    this.transport.write(Buffer.from(text));
  }

  onData(bytes: Uint8Array, end: number = bytes.length): void {
    this.heard.push(Buffer.from(bytes.subarray(0, end)).toString());
  }

  onEnd(): void {
    this.heard.push('<end>');
  }

  onWritten(): void {
    this.heard.push('<written>');
  }

  onClose(error: Error | null): void {
    this.heard.push(error === null ? '<close>' : `<${(error as NodeJS.ErrnoException).code}>`);
  }
}

interface Ends {
  readonly clock: FakeClock;
  readonly network: Network;
  readonly client: End;
  readonly server: End;
}

function connected(faults: Faults = {}, options: NetworkOptions = {}): Ends {
  const clock = new FakeClock();
  const network = new Network({ clock, seed: 1, faults, ...options });
  const { client, server } = network.connect();
  const ends = { client: new End(client), server: new End(server) };
  client.start(ends.client);
  server.start(ends.server);
  return { clock, network, ...ends };
}

describe('two ends in memory', () => {
  test('carry bytes both ways, never from within the call that writes', async () => {
    const { client, server } = connected();
    client.write('ping');
    server.write('pong');
    assert.deepEqual([client.heard, server.heard], [[], []]);
    await settled();
    assert.deepEqual([client.heard, server.heard], [['pong'], ['ping']]);
  });

  test('know each other by their addresses', () => {
    const { network } = connected();
    const { client, server } = network.connect();
    assert.deepEqual(client.remoteAddress, ['192.0.2.1', 80]);
    assert.deepEqual(client.localAddress, ['192.0.2.2', 49_153]);
    assert.deepEqual(server.remoteAddress, client.localAddress);
    assert.deepEqual(server.localAddress, client.remoteAddress);
  });

  test('take what is written at once, so that its memory may be used again', async () => {
    const { client, server } = connected();
    const memory = Buffer.from('first');
    client.transport.write(memory);
    assert.equal(client.transport.bufferedBytes, 0);
    memory.write('xxxxx');
    await settled();
    assert.deepEqual(server.heard, ['first']);
  });

  test('overwrite what they have lent, unless they are told not to', async () => {
    for (const lends of [true, false]) {
      const { network } = connected({}, { lends });
      const { client, server } = network.connect();
      const end = new End(server);
      let kept: Uint8Array = new Uint8Array(0);
      end.onData = (bytes, length) => {
        kept = bytes.subarray(0, length);
      };
      server.start(end);
      client.write(Buffer.from('keep'));
      await settled();
      assert.equal(Buffer.from(kept).toString() === 'keep', !lends);
    }
  });

  test('hold bytes until they are started, and while they are paused', async () => {
    const { network, client } = connected();
    const { client: writer, server } = network.connect();
    writer.write(Buffer.from('early'));
    await settled();
    const end = new End(server);
    server.start(end);
    await settled();
    assert.deepEqual(end.heard, ['early']);
    server.pause();
    writer.write(Buffer.from('late'));
    writer.end();
    await settled();
    assert.deepEqual(end.heard, ['early']);
    server.resume();
    await settled();
    assert.deepEqual(end.heard, ['early', 'late', '<end>']);
    assert.deepEqual(client.heard, []);
  });

  test('stop in the middle of what has arrived when their owner pauses them', async () => {
    const { client, server } = connected({ chunkBytes: 1 });
    server.onData = (bytes, end) => {
      End.prototype.onData.call(server, bytes, end);
      server.transport.pause();
    };
    client.write('abc');
    await settled();
    assert.deepEqual(server.heard, ['a']);
    server.transport.resume();
    await settled();
    assert.deepEqual(server.heard, ['a', 'b']);
  });

  test('end one half at a time, and are gone when both have ended', async () => {
    const { network, client, server } = connected();
    client.write('that is all');
    client.transport.end();
    client.write('not this');
    await settled();
    assert.deepEqual(server.heard, ['that is all', '<end>']);
    server.write('answer');
    await settled();
    assert.deepEqual(client.heard, ['answer']);
    assert.equal(network.size, 1);
    server.transport.end();
    await settled();
    assert.deepEqual(client.heard, ['answer', '<end>', '<close>']);
    assert.deepEqual(server.heard, ['that is all', '<end>', '<close>']);
    assert.equal(network.size, 0);
  });

  test('let what is on its way arrive when the writer is gone, and answer the next bytes with a reset', async () => {
    const { client, server } = connected();
    client.write('last words');
    client.transport.abort();
    await settled();
    assert.deepEqual(client.heard, ['<close>']);
    assert.deepEqual(server.heard, ['last words', '<end>']);
    server.write('anybody there?');
    await settled();
    assert.deepEqual(server.heard, ['last words', '<end>', '<ECONNRESET>']);
  });

  test('reset the peer when they go without having read everything', async () => {
    const { client, server } = connected();
    server.transport.pause();
    client.write('unread');
    await settled();
    server.transport.abort();
    await settled();
    assert.deepEqual(client.heard, ['<ECONNRESET>']);
    assert.deepEqual(server.heard, ['<close>']);
  });

  test('tell whoever starts them too late that they are gone', async () => {
    const { network } = connected();
    const { client } = network.connect();
    network.cut();
    const end = new End(client);
    client.start(end);
    await settled();
    assert.deepEqual(end.heard, ['<ECONNRESET>']);
  });
});

describe('capacity', () => {
  test('leaves what there is no room for with the writer, and tells it when it has gone', async () => {
    const { client, server } = connected({ capacityBytes: 4 });
    server.transport.pause();
    client.write('abcdef');
    client.transport.write(Buffer.from('gh'), Buffer.from('i'));
    assert.equal(client.transport.bufferedBytes, 5);
    client.transport.end();
    await settled();
    assert.equal(client.transport.bufferedBytes, 5);
    server.transport.resume();
    await settled();
    assert.equal(client.transport.bufferedBytes, 0);
    assert.equal(server.heard.join(''), 'abcdefghi<end>');
    assert.deepEqual(client.heard, ['<written>', '<written>']);
  });

  test('is for each direction and each connection by itself', async () => {
    const { network, client, server } = connected({ capacityBytes: 4 });
    const { client: other } = network.connect();
    client.write('full');
    other.write(Buffer.from('room'));
    server.write('also');
    assert.deepEqual(
      [client, server].map(({ transport }) => transport.bufferedBytes),
      [0, 0],
    );
    assert.equal(other.bufferedBytes, 0);
  });
});

describe('faults', () => {
  test('latency: bytes are on their way for so long, and the end, too', async () => {
    const { clock, client, server } = connected({ latencyMs: 30 });
    client.write('a');
    await clock.advance(10);
    client.write('b');
    client.transport.end();
    await clock.advance(19);
    assert.deepEqual(server.heard, []);
    await clock.advance(1);
    assert.deepEqual(server.heard, ['a']);
    await clock.advance(9);
    assert.deepEqual(server.heard, ['a']);
    await clock.advance(1);
    assert.deepEqual(server.heard, ['a', 'b', '<end>']);
  });

  test('jitter: some later than others, in their order, the same for the same seed', async () => {
    const arrivals = async (seed: number): Promise<string[]> => {
      const { clock, client, server } = connected({ jitterMs: 50 }, { seed });
      const times: string[] = [];
      server.onData = (bytes, end) => void times.push(`${clock.now()}: ${Buffer.from(bytes.subarray(0, end))}`);
      for (let i = 0; i < 10; i++) {
        client.write(String(i));
        await clock.advance(10);
      }
      await clock.advance(50);
      return times;
    };
    const times = await arrivals(1);
    assert.equal(times.map((time) => time.split(': ')[1]).join(''), '0123456789');
    assert.ok(times.length > 1);
    assert.deepEqual(await arrivals(1), times);
    assert.notDeepEqual(await arrivals(2), times);
  });

  test('bandwidth: so many bytes a second, as they go', async () => {
    const { clock, client, server } = connected({ bytesPerSecond: 1000 });
    client.write('x'.repeat(100));
    const arrived = (): number => server.heard.join('').length;
    await clock.advance(50);
    assert.equal(arrived(), 50);
    client.write('y'.repeat(100));
    await clock.advance(100);
    assert.equal(arrived(), 150);
    await clock.advance(50);
    assert.equal(arrived(), 200);
  });

  test('chunks: byte by byte, in pieces of a size, or of sizes by chance', async () => {
    const reads = async (faults: Faults, seed = 1): Promise<string[]> => {
      const { client, server } = connected(faults, { seed });
      client.write('abcdefgh');
      await settled();
      return server.heard;
    };
    assert.deepEqual(await reads({ chunkBytes: 1 }), [...'abcdefgh']);
    assert.deepEqual(await reads({ chunkBytes: 3 }), ['abc', 'def', 'gh']);
    const some = await reads({ chunkBytes: [1, 4] });
    assert.equal(some.join(''), 'abcdefgh');
    assert.ok(some.every(({ length }) => length >= 1 && length <= 4));
    assert.deepEqual(await reads({ chunkBytes: [1, 4] }), some);
    const others = await Promise.all([2, 3, 4, 5].map((seed) => reads({ chunkBytes: [1, 4] }, seed)));
    assert.ok(others.some((other) => other.join() !== some.join()));
  });

  test('coalesce: what has arrived is read in one go, or as it was written', async () => {
    for (const coalesce of [true, false]) {
      const { client, server } = connected({ coalesce });
      for (const text of ['a', 'b', 'c']) client.write(text);
      await settled();
      assert.deepEqual(server.heard, coalesce ? ['abc'] : ['a', 'b', 'c']);
    }
  });

  test('no read is larger than a read buffer', async () => {
    const { client, server } = connected({ capacityBytes: 200_000, chunkBytes: 200_000 });
    client.write('x'.repeat(150_000));
    await settled();
    assert.deepEqual(
      server.heard.map(({ length }) => length),
      [65_536, 65_536, 18_928],
    );
  });

  test('cut after bytes: both ends hear of a reset when these have arrived', async () => {
    const { network, client, server } = connected();
    client.write('before');
    await settled();
    network.toServer.change({ cutAfterBytes: 3 });
    client.write('abcdef');
    await settled();
    assert.deepEqual(server.heard, ['before', 'abc', '<ECONNRESET>']);
    assert.deepEqual(client.heard, ['<ECONNRESET>']);
    assert.equal(network.size, 0);
  });

  test('hold for one direction alone', async () => {
    const { clock, client, server } = connected({ latencyMs: 10 }, { toClient: { latencyMs: 0 } });
    client.write('a');
    server.write('b');
    await settled();
    assert.deepEqual([client.heard, server.heard], [['b'], []]);
    await clock.advance(10);
    assert.deepEqual(server.heard, ['a']);
  });

  test('that are not possible are refused', () => {
    const network = new Network();
    for (const faults of [
      { latencyMs: -1 },
      { jitterMs: Number.NaN },
      { bytesPerSecond: 0 },
      { chunkBytes: 0 },
      { chunkBytes: [3, 2] as const },
      { chunkBytes: 1.5 },
      { capacityBytes: 0 },
      { cutAfterBytes: -1 },
      { latency: 1 } as Faults,
    ]) {
      assert.throws(() => network.change(faults), RangeError, JSON.stringify(faults));
      assert.throws(() => new Network({ faults }), RangeError);
    }
    network.change({ latencyMs: undefined });
  });
});

describe('controls', () => {
  test('pause: nothing arrives, and writers notice when there is no room left', async () => {
    const { network, client, server } = connected({ capacityBytes: 4 });
    network.pause();
    client.write('abcdef');
    await settled();
    assert.deepEqual(server.heard, []);
    assert.equal(client.transport.bufferedBytes, 2);
    network.resume();
    await settled();
    assert.equal(server.heard.join(''), 'abcdef');
  });

  test('stall: nothing leaves the writer, what is on its way arrives', async () => {
    const { network, client, server } = connected();
    client.write('on its way');
    network.toServer.stall();
    client.write('waits');
    client.transport.end();
    await settled();
    assert.deepEqual(server.heard, ['on its way']);
    assert.equal(client.transport.bufferedBytes, 5);
    network.toServer.resume();
    await settled();
    assert.deepEqual(server.heard, ['on its way', 'waits', '<end>']);
    assert.deepEqual(client.heard, ['<written>']);
  });

  test('end: the stream ends though the writer goes on, and the other direction lives', async () => {
    const { network, client, server } = connected();
    server.write('a');
    network.toClient.end();
    server.write('vanishes');
    await settled();
    assert.deepEqual(client.heard, ['a', '<end>']);
    client.write('b');
    await settled();
    assert.deepEqual(server.heard, ['b']);
    client.transport.end();
    server.transport.end();
    await settled();
    assert.deepEqual(client.heard, ['a', '<end>', '<close>']);
    assert.deepEqual(server.heard, ['b', '<end>', '<close>']);
    assert.equal(network.size, 0);
  });

  test('cut: both ends hear of a reset, with the seed, and what is on its way is lost', async () => {
    const { network, clock, client, server } = connected({ latencyMs: 5 }, { seed: 42 });
    client.write('lost');
    let error: Error | null = null;
    client.onClose = (reason) => {
      error = reason;
    };
    network.cut();
    await settled();
    assert.deepEqual(server.heard, ['<ECONNRESET>']);
    assert.equal(String(error), 'Error: read ECONNRESET (network in memory, seed 42)');
    assert.equal(clock.pending, 0);
  });

  test('goDown: nobody can connect until comeUp', async () => {
    const { network, client } = connected();
    network.goDown();
    await settled();
    assert.deepEqual(client.heard, ['<ECONNRESET>']);
    assert.throws(() => network.connect(), { code: 'ECONNREFUSED' });
    network.comeUp();
    network.connect();
  });

  test('heal: no faults any more, and what is on its way arrives now', async () => {
    const { network, clock, client, server } = connected({ latencyMs: 1000, chunkBytes: 1, capacityBytes: 2 });
    client.write('abcd');
    network.toServer.stall();
    network.pause();
    network.heal();
    await settled();
    assert.equal(server.heard.join(''), 'abcd');
    server.write('ef');
    await settled();
    assert.equal(client.heard.at(-1), 'ef');
    assert.equal(clock.pending, 0);
  });
});
