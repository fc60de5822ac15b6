// permessage-deflate as two sides really agree on it: a handshake with random settings, then random messages both ways.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ClientProtocol } from '#dist/core/client-protocol.js';
import { PerMessageDeflate } from '#dist/core/extensions/permessage-deflate.js';
import {
  ClientPerMessageDeflateFactory,
  ServerPerMessageDeflateFactory,
} from '#dist/core/extensions/permessage-deflate-negotiation.js';
import { Request } from '#dist/core/http-message.js';
import { Opcode } from '#dist/core/opcode.js';
import { ServerProtocol } from '#dist/core/server-protocol.js';
import { State } from '#dist/core/state.js';
import { NodeDeflateEngine } from '#dist/node/deflate-engine.js';
import { fakeHost } from '../support/fake-host.js';
import { dataFrameText, deliverAll, finish, WireEnd } from '../support/random-wire.js';

const engine = new NodeDeflateEngine(undefined, { maxContexts: null });

// 8 bits are left out: zlib cannot compress with them, and declining has its own tests.
const bits = fc.option(fc.integer({ min: 9, max: 15 }));
const compressSettings = fc.record(
  { level: fc.integer({ min: 0, max: 9 }), memLevel: fc.integer({ min: 1, max: 9 }), strategy: fc.nat(4) },
  { requiredKeys: [] },
);
const common = {
  serverNoContextTakeover: fc.boolean(),
  clientNoContextTakeover: fc.boolean(),
  serverMaxWindowBits: bits,
};
const clientSettings = fc.record({
  ...common,
  clientMaxWindowBits: fc.oneof(bits, fc.constant(true as const)),
  compressSettings,
});
const serverSettings = fc
  .record({ ...common, clientMaxWindowBits: bits, requireClientMaxWindowBits: fc.boolean(), compressSettings })
  .map((settings) => ({
    ...settings,
    requireClientMaxWindowBits: settings.requireClientMaxWindowBits && settings.clientMaxWindowBits !== null,
  }));

/** Text that repeats itself, so that windows matter, or noise. */
const fragment = fc.oneof(
  fc
    .tuple(fc.constantFrom('', 'hello ', 'the quick brown fox '), fc.nat(40))
    .map(([word, times]) => word.repeat(times)),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const messages = fc.array(
  fc.record({
    byClient: fc.boolean(),
    fragments: fc.array(fragment, { minLength: 1, maxLength: 4 }),
    count: fc.nat(300),
  }),
  { maxLength: 10 },
);

/** Both sides after their handshake. */
function shakeHands(client: ClientProtocol, server: ServerProtocol): void {
  client.sendRequest(client.connect());
  for (const chunk of client.dataToSend()) server.receiveData(chunk);
  const [request] = server.eventsReceived();
  assert.ok(request instanceof Request);
  server.sendResponse(server.accept(request));
  for (const chunk of server.dataToSend()) client.receiveData(chunk);
  client.eventsReceived();
  assert.deepEqual([client.handshakeExc, server.handshakeExc], [null, null]);
  assert.deepEqual([client.state, server.state], [State.OPEN, State.OPEN]);
}

test('both sides agree on what they do, and every message comes through', () => {
  fc.assert(
    fc.property(clientSettings, serverSettings, messages, (clientOptions, serverOptions, script) => {
      const client = new ClientProtocol('ws://example.com/', {
        host: fakeHost(),
        extensions: [new ClientPerMessageDeflateFactory({ ...clientOptions, engine })],
      });
      const server = new ServerProtocol({
        host: fakeHost(),
        extensions: [new ServerPerMessageDeflateFactory({ ...serverOptions, engine })],
      });
      shakeHands(client, server);
      assertAgreed(
        client,
        server,
        serverOptions.requireClientMaxWindowBits && clientOptions.clientMaxWindowBits === null,
      );

      const ends = { client: new WireEnd(client), server: new WireEnd(server) };
      const sent: Record<'client' | 'server', string[]> = { client: [], server: [] };
      for (const { byClient, fragments, count } of script) {
        const who = byClient ? 'client' : 'server';
        const { protocol } = ends[who];
        for (const [i, text] of fragments.entries()) {
          const fin = i === fragments.length - 1;
          const data = Buffer.from(text, 'latin1');
          if (i === 0) protocol.sendBinary(data, fin);
          else protocol.sendContinuation(data, fin);
          sent[who].push(dataFrameText(i === 0 ? Opcode.BINARY : Opcode.CONT, fin, text));
        }
        ends[who].settle();
        ends[who].deliver(ends[byClient ? 'server' : 'client'], count);
      }
      deliverAll(ends.client, ends.server);
      assert.deepEqual(ends.server.receivedData, sent.client);
      assert.deepEqual(ends.client.receivedData, sent.server);
      finish(ends.client, ends.server);
      assert.deepEqual([client.closeCode, server.closeCode], [1000, 1000]);
    }),
    { numRuns: 150 },
  );
});

/** What is local on one side is remote on the other. */
function assertAgreed(client: ClientProtocol, server: ServerProtocol, isDeclined: boolean): void {
  assert.equal(client.extensions.length, isDeclined ? 0 : 1);
  assert.equal(server.extensions.length, client.extensions.length);
  const [ours] = client.extensions;
  const [theirs] = server.extensions;
  if (ours === undefined) return;
  assert.ok(ours instanceof PerMessageDeflate && theirs instanceof PerMessageDeflate);
  // A client may do more than it was asked for: a smaller window, or a new one for each message.
  assert.equal(ours.remoteNoContextTakeover, theirs.localNoContextTakeover);
  assert.ok(ours.localNoContextTakeover || !theirs.remoteNoContextTakeover);
  assert.equal(ours.remoteMaxWindowBits, theirs.localMaxWindowBits);
  assert.ok(ours.localMaxWindowBits <= theirs.remoteMaxWindowBits);
}
