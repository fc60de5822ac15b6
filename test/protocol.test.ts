// The sans-I/O entry as users have it: no host to bring, masks and keys that are random.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ClientProtocol,
  Frame,
  Opcode,
  Protocol,
  Request,
  SEND_EOF,
  ServerProtocol,
  Side,
  State,
} from 'websockets-ts/protocol';

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
