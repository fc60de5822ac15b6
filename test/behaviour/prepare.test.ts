// prepare: a message made ready once, and sent as often as one likes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { broadcast, ConnectionClosedError, prepare } from 'websockets-ts';
import { deferred, meet, pair, SIDES } from './meet.ts';

for (const side of SIDES) {
  describe(`a ${side} that sends a prepared message`, () => {
    for (const [title, message, options, frame] of [
      ['a string as text', 'é', {}, '1 é'],
      ['bytes as binary', Uint8Array.of(97), {}, '2 a'],
      ['a view of an ArrayBuffer as binary', new DataView(Uint8Array.of(0, 97).buffer, 1), {}, '2 a'],
      ['bytes as text with text: true', Uint8Array.of(97), { text: true }, '1 a'],
      ['a string as binary with text: false', 'é', { text: false }, '2 é'],
    ] as const) {
      test(`sends ${title}, again and again`, async () => {
        await using m = await meet(side);
        const prepared = prepare(message, options);
        await m.connection.send(prepared);
        // Whether it is text was said when it was prepared.
        await m.connection.send(prepared, { text: frame.startsWith('2') });
        for (let i = 0; i < 2; i++) {
          const { opcode, payload } = (await m.peer.frame())!;
          assert.equal(`${opcode} ${payload}`, frame);
        }
      });
    }

    test('sends it behind a fragmented message that is on its way', async () => {
      await using m = await meet(side);
      const gate = deferred();
      async function* source(): AsyncGenerator<string> {
        yield 'a';
        await gate.promise;
      }
      const first = m.connection.send(source());
      const second = m.connection.send(prepare('b'));
      gate.resolve();
      await Promise.all([first, second]);
      const frames: string[] = [];
      for (let i = 0; i < 3; i++) frames.push(String((await m.peer.frame())?.payload));
      assert.deepEqual(frames, ['a', '', 'b']);
    });

    test('hears that the connection is closed', async () => {
      await using m = await meet(side);
      m.connection.abort();
      await m.connection.closed;
      await assert.rejects(m.connection.send(prepare('x')), ConnectionClosedError);
    });
  });
}

test('prepare copies the bytes', async () => {
  await using p = await pair();
  const bytes = Buffer.alloc(100_000, 'a');
  const prepared = prepare(bytes);
  bytes.fill('b');
  broadcast([p.peer], prepared);
  assert.equal(await p.client.recv({ decode: true }), 'a'.repeat(100_000));
});

test('prepare refuses anything else, fragments too', () => {
  for (const message of [42, ['a'], {}, null, prepare('x')]) {
    assert.throws(
      () => prepare(message as unknown as string),
      (error) => String(error) === 'TypeError: data must be str or bytes',
    );
  }
});

test('prepared, broadcast and plain messages come through in order, compressed or not, both ways', async () => {
  await using p = await pair();
  const texts = Array.from({ length: 6 }, (_, i) => `${i} abcdefgh`.repeat(100 + i));
  const prepared = texts.map((text, i) => prepare(text, { compress: i % 2 === 0 ? true : 'auto' }));
  const order = [0, 1, 2, 0, 0, 3, 1, 4, 5, 4];
  for (const [from, to] of [
    [p.peer, p.client],
    [p.client, p.peer],
  ] as const) {
    for (const [turn, what] of order.entries()) {
      if (turn % 4 === 0) void from.send(prepared[what]!);
      else if (turn % 4 === 1) broadcast([from], prepared[what]!);
      else if (turn % 4 === 2) broadcast([from], texts[what]!, { compress: turn > 5 });
      else void from.send(texts[what]!);
    }
    for (const what of order) assert.equal(await to.recv(), texts[what]);
  }
});
