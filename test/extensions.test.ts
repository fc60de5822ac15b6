// The entry `websockets-ts/extensions`: permessage-deflate that needs no engine to be given.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import {
  ClientPerMessageDeflateFactory,
  type DeflateEngine,
  enableClientPermessageDeflate,
  enableServerPermessageDeflate,
  PerMessageDeflate,
  ServerPerMessageDeflateFactory,
} from 'websockets-ts/extensions';
import { Frame } from '#dist/core/frame.js';
import { Opcode } from '#dist/core/opcode.js';

suite('websockets-ts/extensions', () => {
  test('the factories negotiate and compress with the settings alone', () => {
    const client = new ClientPerMessageDeflateFactory({ serverMaxWindowBits: 12 });
    const server = new ServerPerMessageDeflateFactory({ clientMaxWindowBits: 11 });
    assertTalking(client, server);
  });

  test('the factories need no settings', () => {
    assertTalking(new ClientPerMessageDeflateFactory(), new ServerPerMessageDeflateFactory());
  });

  test('the defaults need nothing either', () => {
    const [client] = enableClientPermessageDeflate();
    const [server] = enableServerPermessageDeflate();
    assertTalking(client!, server!);
    assert.deepEqual(enableClientPermessageDeflate([client!]), [client]);
    assert.deepEqual(enableServerPermessageDeflate([server!]), [server]);
  });

  test('the extension itself needs nothing, and an engine of your own is used', () => {
    const sender = new PerMessageDeflate();
    const receiver = new PerMessageDeflate({ remoteNoContextTakeover: true });
    assert.deepEqual(receiver.decode(sender.encode(hello), { maxSize: null }).data, hello.data);
    sender.close();
    receiver.close();
    const engine: DeflateEngine = {
      createDeflator: () => assert.fail('asked for'),
      createInflator: () => assert.fail('nothing is received'),
    };
    assert.throws(() => new PerMessageDeflate({ engine }).encode(hello), { message: 'asked for' });
  });

  test('instanceof knows the extension that the factories make', () => {
    const made = new ClientPerMessageDeflateFactory().processResponseParams([], []);
    assert.ok(made instanceof PerMessageDeflate);
    assert.ok(new PerMessageDeflate() instanceof PerMessageDeflate);
    const other: object = { name: made.name };
    assert.equal(other instanceof PerMessageDeflate, false);
  });

  test('an engine of your own is used by all that make the extension', () => {
    const asked: number[] = [];
    const engine: DeflateEngine = {
      createDeflator: ({ windowBits }) => {
        asked.push(windowBits);
        return { deflate: () => new Uint8Array(4), reset() {}, release() {}, close() {} };
      },
      createInflator: () => assert.fail('nothing is received'),
    };
    for (const [extension] of [
      [new ClientPerMessageDeflateFactory({ engine }).processResponseParams([], [])],
      [new ServerPerMessageDeflateFactory({ engine }).processRequestParams([], [])[1]],
      [enableClientPermessageDeflate(null, { engine })[0]!.processResponseParams([], [])],
      [enableServerPermessageDeflate(null, { engine })[0]!.processRequestParams([], [])[1]],
    ] as const) {
      extension.encode(hello);
    }
    assert.deepEqual(asked, [15, 15, 15, 12]);
  });
});

const hello = new Frame({ opcode: Opcode.TEXT, data: new TextEncoder().encode('Hello, hello, hello, hello') });

function assertTalking(
  client: ReturnType<typeof enableClientPermessageDeflate>[number],
  server: ReturnType<typeof enableServerPermessageDeflate>[number],
): void {
  const [answer, theirs] = server.processRequestParams(client.getRequestParams(), []);
  const ours = client.processResponseParams(answer, []);
  for (const [from, to] of [
    [ours, theirs],
    [theirs, ours],
  ] as const) {
    assert(from instanceof PerMessageDeflate);
    const sent = from.encode(hello);
    assert(sent.data.byteLength < hello.data.byteLength);
    assert.deepEqual(to.decode(sent, { maxSize: null }).data, hello.data);
  }
  ours.close?.();
  theirs.close?.();
}

test('limits of a factory are for the connections that it makes', () => {
  const text = new Frame({ opcode: Opcode.TEXT, data: new TextEncoder().encode(randomUUID() + randomUUID()) });
  for (const [limits, remembers] of [
    [{ maxContexts: 0 }, false],
    [{ maxContexts: 1 }, true],
  ] as const) {
    for (const extension of [
      new ClientPerMessageDeflateFactory({ limits }).processResponseParams([], []),
      new ServerPerMessageDeflateFactory({ limits }).processRequestParams([], [])[1],
      new PerMessageDeflate({ limits }),
    ]) {
      extension.encode(text);
      assert.equal(extension.encode(text).data.length < 20, remembers);
      extension.close();
    }
  }
});
