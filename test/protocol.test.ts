// The sans-I/O entry as users have it: no host to bring, masks and keys that are random.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SERVER, USER_AGENT, version } from 'websockets-ts';
import {
  acceptKey,
  applyMask,
  ClientProtocol,
  type Event,
  Frame,
  generateKey,
  Opcode,
  Protocol,
  Request,
  SEND_EOF,
  ServerProtocol,
  Side,
  State,
} from 'websockets-ts/protocol';
import { ClientProtocol as CoreClientProtocol } from '#dist/core/client-protocol.js';
import { Protocol as CoreProtocol } from '#dist/core/protocol.js';
import { ServerProtocol as CoreServerProtocol } from '#dist/core/server-protocol.js';
import { fakeHost } from './support/fake-host.js';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

test('two sides shake hands, talk and close with what the runtime brings along', () => {
  const client = new ClientProtocol('ws://example.com/chat');
  const server = new ServerProtocol();
  const toServer = (): void => {
    for (const chunk of client.dataToSend()) if (chunk !== SEND_EOF) server.receiveData(chunk);
  };
  const toClient = (): void => {
    for (const chunk of server.dataToSend()) {
      if (chunk === SEND_EOF) client.receiveEof();
      else client.receiveData(chunk);
    }
  };

  client.sendRequest(client.connect());
  toServer();
  const [request] = server.eventsReceived();
  assert.ok(request instanceof Request);
  server.sendResponse(server.accept(request));
  toClient();
  assert.deepEqual([client.state, server.state], [State.OPEN, State.OPEN]);

  client.sendText(bytesOf('hello'));
  client.sendClose(1000, 'bye');
  toServer();
  const [message] = server.eventsReceived();
  assert.ok(message instanceof Frame);
  assert.deepEqual([message.opcode, message.data], [Opcode.TEXT, bytesOf('hello')]);
  toClient();
  server.receiveEof();
  assert.deepEqual([client.closeCode, client.closeReason], [1000, 'bye']);
  assert.equal(server.closeExc.message, 'received 1000 (OK) bye; then sent 1000 (OK) bye');
});

test('a client takes a random mask for each frame, and a random key for each connection', () => {
  const protocol = new Protocol(Side.CLIENT);
  for (let i = 0; i < 3000; i++) protocol.sendText(new Uint8Array(0));
  const masks = protocol.dataToSend().map((chunk) => Buffer.from(chunk.subarray(2)).toString('hex'));
  // That two of 3,000 are equal happens once in a thousand runs; that ten are never happens.
  assert.ok(new Set(masks).size > 2990);
  const [one, two] = [new ClientProtocol('ws://example.com/'), new ClientProtocol('ws://example.com/')];
  assert.notEqual(one.key, two.key);
  assert.notEqual(one.id, two.id);
});

test('a key is 16 random bytes, and is answered as in RFC 6455 §1.3', () => {
  assert.equal(Buffer.from(generateKey(), 'base64').length, 16);
  assert.notEqual(generateKey(), generateKey());
  assert.equal(acceptKey('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('a mask goes on a copy, and comes off again', () => {
  const mask = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);
  const data = bytesOf('Hello');
  const masked = applyMask(data, mask);
  assert.deepEqual(masked, Uint8Array.of(0x7f, 0x9f, 0x4d, 0x51, 0x58)); // RFC 6455 §5.7
  assert.deepEqual(data, bytesOf('Hello'));
  assert.deepEqual(applyMask(masked, mask), data);
  assert.equal(applyMask(Buffer.from('Hello'), mask).constructor, Uint8Array);
  for (const length of [0, 3, 5]) {
    assert.throws(() => applyMask(data, new Uint8Array(length)), {
      name: 'RangeError',
      message: 'mask must contain 4 bytes',
    });
  }
});

test('headers name the version', () => {
  for (const name of [USER_AGENT, SERVER])
    assert.match(name ?? '', new RegExp(`^Node\\.js/\\S+ websockets/${version}$`));
});

test('an event is a request, a response or a frame', () => {
  const protocol = new Protocol(Side.CLIENT);
  protocol.receiveData(Uint8Array.of(0x89, 0));
  const events: Event[] = protocol.eventsReceived();
  assert.ok(events[0] instanceof Frame);
});

test('instanceof knows what connect and serve make, and each side from the other', () => {
  const host = fakeHost();
  const made = [
    new CoreProtocol(Side.CLIENT, { host }),
    new CoreClientProtocol('ws://example.com/', { host }),
    new CoreServerProtocol({ host }),
    new Protocol(Side.CLIENT),
    new ClientProtocol('ws://example.com/'),
    new ServerProtocol(),
    {},
  ];
  assert.deepEqual(
    made.map((one) => [one instanceof Protocol, one instanceof ClientProtocol, one instanceof ServerProtocol]),
    [
      [true, false, false],
      [true, true, false],
      [true, false, true],
      [true, false, false],
      [true, true, false],
      [true, false, true],
      [false, false, false],
    ],
  );
});

test('instanceof of a class of your own knows its own objects only', () => {
  class Mine extends ServerProtocol {}
  assert.ok(new Mine() instanceof Mine);
  assert.ok(new Mine() instanceof ServerProtocol);
  assert.equal(new ServerProtocol() instanceof Mine, false);
  assert.equal(new CoreServerProtocol({ host: fakeHost() }) instanceof Mine, false);
});
