// What is written in one turn leaves in one write, and buffers are used again only when the system has their bytes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FlushQueue, WriteBatch } from '#dist/connection/write-batch.js';
import { FakeTransport } from '../support/fake-transport.ts';

/** A batch, its transport, and the end of the turn as a call. */
function make(): { batch: WriteBatch; transport: FakeTransport; queue: FlushQueue; endTurn: () => void } {
  const deferred: (() => void)[] = [];
  const queue = new FlushQueue((callback) => deferred.push(callback));
  const transport = new FakeTransport();
  return {
    batch: new WriteBatch(transport, queue),
    transport,
    queue,
    endTurn: () => {
      for (const callback of deferred.splice(0)) callback();
    },
  };
}

function put(batch: WriteBatch, text: string): void {
  const bytes = Buffer.from(text);
  const at = batch.reserve(bytes.length);
  batch.bytes.set(bytes, at);
}

describe('WriteBatch', () => {
  test('writes once at the end of the turn, in order', () => {
    const { batch, transport, endTurn } = make();
    put(batch, 'a');
    put(batch, 'b');
    assert.deepEqual(transport.writes, []);
    assert.equal(batch.bufferedBytes, 2);
    endTurn();
    assert.deepEqual(transport.writes, ['ab']);
    assert.equal(batch.bufferedBytes, 0);
    put(batch, 'c');
    endTurn();
    assert.deepEqual(transport.writes, ['ab', 'c']);
  });

  test('writes nothing when nothing was gathered', () => {
    const { batch, transport } = make();
    batch.flush();
    assert.deepEqual(transport.writes, []);
  });

  test('writes what it has when the next does not fit, and gives a large one a buffer of its own', () => {
    const { batch, transport, endTurn } = make();
    put(batch, 'a'.repeat(40_000));
    put(batch, 'b'.repeat(40_000));
    put(batch, 'c'.repeat(100_000));
    endTurn();
    assert.deepEqual(
      transport.writes.map((text) => `${text[0]}${text.length}`),
      ['a40000', 'b40000', 'c100000'],
    );
  });

  test('writes what it has before and together with bytes that are appended', () => {
    const { batch, transport } = make();
    put(batch, 'head ');
    batch.append(Buffer.from('payload'));
    assert.deepEqual(transport.writes, ['head payload']);
    assert.equal(batch.isLending, false);
  });

  test('lends appended bytes for as long as the system has not taken them', () => {
    const { batch, transport } = make();
    transport.isSlow = true;
    batch.append(Buffer.from('payload'));
    assert.equal(batch.isLending, true);
    assert.equal(batch.bufferedBytes, 7);
  });

  test('writes a frame that is shared from where it lies when it is alone in its turn', () => {
    const { batch, transport, endTurn } = make();
    const shared = Buffer.from('shared');
    const written: Uint8Array[] = [];
    const { write } = transport;
    transport.write = (bytes, more) => {
      written.push(bytes);
      write.call(transport, bytes, more);
    };
    batch.share(shared);
    assert.deepEqual(transport.writes, []);
    assert.equal(batch.bufferedBytes, 6);
    assert.equal(batch.bytes.length, 0);
    endTurn();
    assert.equal(written[0], shared);
    assert.equal(batch.bufferedBytes, 0);
    assert.equal(batch.isLending, false);
    endTurn();
    assert.deepEqual(transport.writes, ['shared']);
  });

  test('gathers frames that are shared with what else the turn has, in order', () => {
    const { batch, transport, endTurn } = make();
    for (const write of [
      () => put(batch, 'own '),
      () => batch.share(Buffer.from('first ')),
      () => batch.share(Buffer.from('second ')),
      () => put(batch, 'own again'),
    ]) {
      write();
    }
    endTurn();
    batch.share(Buffer.from('first '));
    batch.share(Buffer.from('second '));
    put(batch, 'own');
    endTurn();
    assert.deepEqual(transport.writes, ['own first second own again', 'first second own']);
  });

  test('keeps the order around a shared frame and what does not fit behind it', () => {
    const { batch, transport, endTurn } = make();
    batch.share(Buffer.from('a'.repeat(30_000)));
    put(batch, 'b'.repeat(40_000));
    batch.flush();
    batch.share(Buffer.from('c'));
    batch.append(Buffer.from('d'));
    batch.share(Buffer.from('e'));
    batch.share(Buffer.from('f'.repeat(40_000)));
    batch.share(Buffer.from('g'));
    batch.end();
    assert.deepEqual(
      transport.writes.map((text) => `${text[0]}${text.length}`),
      ['a30000', 'b40000', 'c1', 'd1', 'e1', 'f40000', 'g1'],
    );
    endTurn();
    assert.equal(transport.writes.length, 7);
  });

  test('keeps a shared frame while it is held, and forgets it when the transport is gone', () => {
    const { batch, transport, endTurn } = make();
    batch.hold();
    batch.share(Buffer.from('a'));
    endTurn();
    assert.deepEqual(transport.writes, []);
    batch.releaseLater();
    endTurn();
    assert.deepEqual(transport.writes, ['a']);
    batch.share(Buffer.from('b'));
    batch.drop();
    endTurn();
    assert.deepEqual(transport.writes, ['a']);
    assert.equal(batch.bufferedBytes, 0);
  });

  test('keeps everything until the release while it is held', () => {
    const { batch, transport, endTurn } = make();
    batch.hold();
    put(batch, 'a');
    endTurn();
    assert.deepEqual(transport.writes, []);
    put(batch, 'b');
    batch.release();
    assert.deepEqual(transport.writes, ['ab']);
  });

  test('uses a buffer again only when the system has its bytes', () => {
    const { batch, transport } = make();
    put(batch, 'a');
    const first = batch.bytes;
    batch.flush();
    put(batch, 'b');
    assert.equal(batch.bytes, first);
    transport.isSlow = true;
    batch.flush();
    put(batch, 'c');
    assert.notEqual(batch.bytes, first);
    assert.equal(first[0], 'b'.charCodeAt(0));
  });

  test('uses large buffers again, too, a few of them', () => {
    const { batch, transport, queue } = make();
    const sizes = [20_000, 32_768, 30_000];
    const buffers = sizes.map((size) => {
      batch.reserve(size);
      const { bytes } = batch;
      batch.flush();
      return bytes;
    });
    assert.equal(new Set(buffers).size, 1);
    transport.isSlow = true;
    batch.reserve(20_000);
    const waiting = batch.bytes;
    batch.flush();
    assert.notEqual(queue.takeBuffer(20_000), waiting, 'the system has not taken its bytes');
    const free = new Set<Uint8Array>(Array.from({ length: 100 }, () => new Uint8Array(65_536)));
    for (const buffer of free) queue.giveBack(buffer);
    const again = Array.from({ length: 100 }, () => queue.takeBuffer(20_000)).filter((buffer) => free.has(buffer));
    assert.ok(again.length > 0 && again.length <= 16, `${again.length}`);
  });

  test('takes a buffer back when the system has taken what had to wait, or is gone', () => {
    const first = new Uint8Array(65_536);
    const queue = new FlushQueue(() => {}, first);
    const transport = new FakeTransport();
    const batch = new WriteBatch(transport, queue);
    for (const end of ['taken', 'gone']) {
      transport.isSlow = false;
      put(batch, 'taken at once');
      batch.flush();
      transport.isSlow = true;
      put(batch, 'a');
      assert.equal(batch.bytes, first);
      batch.flush();
      batch.onWritten();
      assert.notEqual(queue.takeBuffer(1), first, 'too early');
      if (end === 'taken') {
        transport.drain();
        batch.onWritten();
      } else {
        batch.drop();
      }
    }
    assert.equal(queue.takeBuffer(1), first);
    batch.drop();
    assert.notEqual(queue.takeBuffer(1), first, 'twice');
  });

  test('lends no buffer to a transport that takes nothing at once, as TLS', () => {
    const first = new Uint8Array(65_536);
    const queue = new FlushQueue(() => {}, first);
    const transport = new FakeTransport();
    const batch = new WriteBatch(transport, queue);
    transport.isSlow = true;
    for (const text of ['a', 'b', 'c']) {
      put(batch, text);
      batch.flush();
      transport.drain();
      batch.onWritten();
      assert.equal(queue.takeBuffer(1), first, text);
      queue.giveBack(first);
    }
    put(batch, 'd');
    batch.flush();
    assert.equal(queue.takeBuffer(1), first, 'also while it waits');
    assert.equal(transport.writes.join(''), 'abcd');
  });

  test('takes a buffer back, too, when more was written while it had to wait', () => {
    const first = new Uint8Array(65_536);
    for (const writeMore of [
      (batch: WriteBatch) => put(batch, 'x'.repeat(40_000)),
      (batch: WriteBatch) => put(batch, 'x'),
      (batch: WriteBatch) => batch.append(new Uint8Array(40_000)),
    ]) {
      const queue = new FlushQueue(() => {}, first);
      const transport = new FakeTransport();
      const batch = new WriteBatch(transport, queue);
      transport.isSlow = true;
      put(batch, 'a');
      batch.flush();
      writeMore(batch);
      batch.flush();
      transport.drain();
      batch.onWritten();
      const free = [queue.takeBuffer(1), queue.takeBuffer(1)];
      assert.ok(free.includes(first));
    }
  });

  test('takes back what was being filled when the transport is gone', () => {
    const first = new Uint8Array(65_536);
    const queue = new FlushQueue(() => {}, first);
    const batch = new WriteBatch(new FakeTransport(), queue);
    put(batch, 'a');
    batch.drop();
    assert.equal(queue.takeBuffer(1), first);
    assert.notEqual(queue.takeBuffer(1), first, 'once');
  });

  test('flushes early when many connections write in one turn, but never what is just being filled in', () => {
    const { queue, endTurn } = make();
    const transports = Array.from({ length: 100 }, () => new FakeTransport());
    const batches = transports.map((transport) => new WriteBatch(transport, queue));
    for (let round = 0; round < 3; round++) {
      for (const batch of batches) {
        put(batch, 'a');
        // In the list from before, and once more from here on.
        batch.flush();
        put(batch, 'b');
      }
    }
    const holding = batches.filter((batch) => batch.bytes.length > 0);
    assert.ok(holding.length <= 16, `${holding.length}`);
    endTurn();
    for (const { writes } of transports) assert.equal(writes.join(''), 'ababab');
  });

  test('holds no buffer at rest', () => {
    const { batch } = make();
    put(batch, 'a');
    batch.flush();
    assert.equal(batch.bytes.length, 0);
  });

  test('writes everything before the end', () => {
    const { batch, transport } = make();
    put(batch, 'a');
    batch.end();
    assert.deepEqual(transport.writes, ['a']);
    assert.equal(transport.hasEnded, true);
  });

  test('forgets what it has when the transport is gone', () => {
    const { batch, transport, endTurn } = make();
    put(batch, 'a');
    batch.drop();
    endTurn();
    assert.deepEqual(transport.writes, []);
    assert.equal(batch.bufferedBytes, 0);
  });

  test('shares the end of the turn with other connections', () => {
    const { batch, transport, queue, endTurn } = make();
    const other = new FakeTransport();
    const second = new WriteBatch(other, queue);
    put(batch, 'a');
    put(second, 'b');
    endTurn();
    assert.deepEqual([transport.writes, other.writes], [['a'], ['b']]);
  });
});
