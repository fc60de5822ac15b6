// A bare TCP client against our server: handshake and frames written by hand, and cut wherever a network might cut them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { type Server, type ServerConnection, serve } from '../support/websockets.ts';

/** The example of RFC 6455 §5.7: a masked text frame that says "Hello". */
const MASKED_HELLO = Buffer.from('818537fa213d7f9f4d5158', 'hex');
const UNMASKED_HELLO = Buffer.from('810548656c6c6f', 'hex');
/** Masked with zeros: 1000. */
const MASKED_CLOSE = Buffer.from('88820000000003e8', 'hex');
const UNMASKED_CLOSE = Buffer.from('880203e8', 'hex');

/** Bytes that no answer ends in. */
const NEVER = Buffer.from('never');

suite('a bare TCP client', () => {
  let server: Server;
  let port: number;
  before(async () => {
    const echo = async (connection: ServerConnection): Promise<void> => {
      for await (const message of connection) await connection.send(message);
    };
    server = await serve(echo, { host: '127.0.0.1' });
    port = Number(server.addresses[0]![1]);
  });
  after(async () => {
    server.close();
    await server.waitClosed();
  });

  const request = (): Buffer =>
    Buffer.from(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );

  /**
   * Writes the pieces, each in a segment of its own, waits for the answer to end in `answer`, and says goodbye. Gives all
   * that came until the server ended the connection.
   */
  async function talk(pieces: Iterable<Uint8Array>, answer: Uint8Array): Promise<Buffer> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    let received = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.subarray(-answer.length).equals(answer)) socket.write(MASKED_CLOSE);
    });
    const ended = once(socket, 'close');
    for (const piece of pieces) await write(socket, piece);
    await ended;
    return received;
  }

  const write = (socket: Socket, bytes: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      socket.write(bytes, () => setImmediate(resolve));
    });

  function* oneByOne(bytes: Uint8Array): Iterable<Uint8Array> {
    for (let i = 0; i < bytes.length; i += 1) yield bytes.subarray(i, i + 1);
  }

  const assertEchoed = (received: Buffer): void => {
    const end = received.indexOf('\r\n\r\n') + 4;
    assert.match(received.subarray(0, end).toString(), /^HTTP\/1\.1 101 /);
    assert.deepEqual(received.subarray(end), Buffer.concat([UNMASKED_HELLO, UNMASKED_CLOSE]));
  };

  test('is understood when it sends everything in one segment', async () => {
    assertEchoed(await talk([Buffer.concat([request(), MASKED_HELLO])], UNMASKED_HELLO));
  });

  test('is understood when it sends every byte in a segment of its own', async () => {
    assertEchoed(await talk(oneByOne(Buffer.concat([request(), MASKED_HELLO])), UNMASKED_HELLO));
  });

  test('is understood when it cuts a frame in header, mask and payload', async () => {
    for (let cut = 1; cut < MASKED_HELLO.length; cut += 1) {
      const pieces = [request(), MASKED_HELLO.subarray(0, cut), MASKED_HELLO.subarray(cut)];
      assertEchoed(await talk(pieces, UNMASKED_HELLO));
    }
  });

  test('is closed with 1002 when it does not mask', async () => {
    const received = await talk([request(), UNMASKED_HELLO], NEVER);
    const frame = received.subarray(received.indexOf('\r\n\r\n') + 4);
    assert.equal(frame[0], 0x88);
    assert.equal(frame.readUInt16BE(2), 1002);
  });
});
