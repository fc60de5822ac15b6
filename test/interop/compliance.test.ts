// The two programs that the public conformance suites talk to: what such a suite relies on beyond the protocol itself.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import { freePort } from '../conformance/program.ts';
import { Program } from '../support/program.ts';
import { ConnectionClosedOK, connect } from '../support/websockets.ts';

const LIMIT = 67_108_864;

const echoServer = (port: number): Program =>
  new Program('compliance/server.js', ['--host', '127.0.0.1', '--port', String(port)]);

suite('the echo server of the conformance suites', () => {
  test('takes connections as soon as it says that it listens', async () => {
    const port = await freePort();
    await using program = echoServer(port);
    await program.printed(/^listening$/m);
    const socket = connectTcp(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    assert.equal(program.output, 'listening\n');
  });

  test('ends in order on SIGTERM, also while somebody is connected', async () => {
    const port = await freePort();
    await using program = echoServer(port);
    await program.printed(/^listening$/m);
    const connection = await connect(`ws://127.0.0.1:${port}/`);
    program.kill('SIGTERM');
    await assert.rejects(connection.recv(), ConnectionClosedOK);
    assert.equal(connection.closeCode, 1001);
    assert.deepEqual(await program.ended(), { code: 0, signal: null });
  });

  test('echoes a message of 64 MiB, and answers one byte more with 1009', async () => {
    const port = await freePort();
    await using program = echoServer(port);
    await program.printed(/^listening$/m);
    const connection = await connect(`ws://127.0.0.1:${port}/`, { compression: null, maxSize: null });
    await connection.send(new Uint8Array(LIMIT));
    assert.equal((await connection.recv()).length, LIMIT);
    await connection.send('still here');
    assert.equal(await connection.recv(), 'still here');
    connection.send(new Uint8Array(LIMIT + 1)).catch(() => {}); // The server need not read to its end.
    await connection.closed;
    assert.equal(connection.closeCode, 1009);
  });

  test('compresses what it echoes, however short', async () => {
    const port = await freePort();
    await using program = echoServer(port);
    await program.printed(/^listening$/m);
    const socket = connectTcp(port, '127.0.0.1');
    const received: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => received.push(bytes));
    // RFC 7692 §7.2.3.1: "Hello", compressed, and masked with zeros.
    const hello = Buffer.from('c18700000000f248cdc9c90700', 'hex');
    socket.write(`${UPGRADE}Host: 127.0.0.1:${port}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`);
    socket.write(hello);
    while (!Buffer.concat(received).includes(Buffer.from([0xc1]))) await once(socket, 'data');
    socket.destroy();
  });
});

const UPGRADE =
  'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** What a badly mannered server does to a request, by the case in which it does that. */
const CASES: Readonly<Record<string, (socket: Socket, key: string) => void>> = {
  'resets the connection before the handshake': (socket) => socket.resetAndDestroy(),
  'refuses the handshake': (socket) => socket.end('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n'),
  'answers with garbage': (socket) => socket.end('\0\x01garbage\r\n\r\n\xff\xfe'),
  'ends the stream without an answer': (socket) => socket.end(),
  'answers with another key': (socket) => socket.end(accept('wrong')),
  'sends garbage for frames': (socket, key) => socket.write(Buffer.concat([accept(key), Buffer.alloc(1000, 0xff)])),
  'sends text that is no UTF-8': (socket, key) =>
    socket.write(Buffer.concat([accept(key), Buffer.from('8102c328', 'hex')])),
  'sends a length beyond all limits': (socket, key) =>
    socket.write(Buffer.concat([accept(key), Buffer.from('827f7fffffffffffffff', 'hex')])),
  'sends garbage for compressed data': (socket, key) =>
    socket.write(Buffer.concat([accept(key), Buffer.from('c104ffffffff', 'hex')])),
  'resets the connection within a message': (socket, key) => {
    socket.write(Buffer.concat([accept(key), Buffer.from('817e0100', 'hex'), Buffer.alloc(10, 'a')]), () =>
      setTimeout(() => socket.resetAndDestroy(), 50),
    );
  },
  'ends the stream within a message': (socket, key) =>
    socket.end(Buffer.concat([accept(key), Buffer.from('817e0100', 'hex'), Buffer.alloc(10, 'a')])),
  'ends the stream between messages': (socket, key) => socket.end(accept(key)),
  'closes with a code that it must not send': (socket, key) =>
    socket.write(Buffer.concat([accept(key), Buffer.from('880203ed', 'hex')])),
  'closes in order': (socket, key) => socket.write(Buffer.concat([accept(key), Buffer.from('880203e8', 'hex')])),
};

const accept = (key: string): Buffer => {
  const answer = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return Buffer.from(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${answer}\r\n` +
      `Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
  );
};

/** A suite's server; notes what it is asked. */
class FuzzingServer implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #sockets: Socket[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.push(socket);
      socket.on('error', () => {}); // Resets are what this is about.
      socket.once('data', (request) => this.#answer(socket, request.toString('latin1')));
    });
  }

  static async listen(): Promise<FuzzingServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FuzzingServer(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(socket: Socket, request: string): void {
    const path = /^GET (\S+)/.exec(request)![1]!;
    const key = /Sec-WebSocket-Key: (\S+)/i.exec(request)![1]!;
    this.requests.push(path);
    const number = /case=(\d+)/.exec(path)?.[1];
    socket.once('data', () => socket.end()); // Whatever the client says then, it waits for us to end TCP (RFC 6455 §7.1.1).
    if (number !== undefined) {
      Object.values(CASES)[Number(number) - 1]!(socket, key);
      return;
    }
    const count = Buffer.from(String(Object.keys(CASES).length));
    const message = Buffer.concat([Buffer.from([0x81, count.length]), count]);
    const isCount = path === '/getCaseCount';
    socket.write(Buffer.concat([accept(key), ...(isCount ? [message] : []), Buffer.from('880203e8', 'hex')]));
  }
}

suite('the echo client of the conformance suites', () => {
  test('runs every case to the end and asks for the report, however badly the server behaves', async (t) => {
    t.diagnostic(`a server that ${Object.keys(CASES).join(', ')}`);
    await using server = await FuzzingServer.listen();
    await using program = new Program('compliance/client.js', ['--url', server.url, '--agent', 'a b&c']);
    assert.deepEqual(await program.ended(), { code: 0, signal: null }, program.output);
    assert.deepEqual(server.requests, [
      '/getCaseCount',
      ...Object.keys(CASES).map((_, index) => `/runCase?case=${index + 1}&agent=a%20b%26c`),
      '/updateReports?agent=a%20b%26c',
    ]);
    assert.equal(program.output, '', 'what a case does is no news');
  });
});
