// curl against our server: the opening handshake as a plain HTTP client sees it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { commandOf, requires } from '../support/requires.ts';
import { digestAuth, type Server, type ServerConnection, serve } from '../support/websockets.ts';

const skip = requires('curl');

/** The key and the answer to it of RFC 6455 §1.3. */
const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** What curl prints, headers first; it ends when the server closes. */
async function curl(...args: string[]): Promise<string> {
  const child = spawn(commandOf('curl'), ['-s', '-i', '-N', '--http1.1', '--max-time', '15', ...args]);
  let printed = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    printed += text;
  });
  await once(child, 'close');
  return printed;
}

const headers = (lines: readonly string[]): string[] => lines.flatMap((line) => ['-H', line]);

const chatIfOffered = (_: ServerConnection, offered: readonly string[]): string | null =>
  offered.includes('chat') ? 'chat' : null;

suite('curl', { skip }, () => {
  let server: Server;
  let url: string;
  before(async () => {
    const greet = async (connection: ServerConnection): Promise<void> => {
      await connection.send('Hello');
      await connection.close({ code: 1000, reason: 'bye' });
    };
    // curl answers no close frame.
    server = await serve(greet, { host: '127.0.0.1', closeTimeoutMs: 200, selectSubprotocol: chatIfOffered });
    url = `http://127.0.0.1:${server.addresses[0]![1]}/`;
  });
  after(async () => {
    server.close();
    await server.waitClosed();
  });

  test('gets 101 for the headers of an upgrade, and then frames', async () => {
    const printed = await curl(...headers(UPGRADE), url);
    const [head, frames] = printed.split('\r\n\r\n');
    assert.match(head!, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.ok(head!.includes(`\r\nSec-WebSocket-Accept: ${ACCEPT}`), head);
    assert.match(head!, /\r\nUpgrade: websocket\b/i);
    assert.match(head!, /\r\nConnection: Upgrade\b/i);
    assert.doesNotMatch(head!, /Sec-WebSocket-(Protocol|Extensions)/i, 'nothing that was not offered');
    assert.equal(frames, '\x81\x05Hello\x88\x05\x03\xe8bye');
  });

  test('gets the subprotocol and the extension that it offers', async () => {
    const offers = ['Sec-WebSocket-Protocol: other, chat', 'Sec-WebSocket-Extensions: permessage-deflate'];
    const printed = await curl(...headers([...UPGRADE, ...offers]), url);
    assert.match(printed, /^HTTP\/1\.1 101 /);
    assert.match(printed, /\r\nSec-WebSocket-Protocol: chat\r\n/);
    assert.match(printed, /\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12\r\n/);
  });

  test('gets 426 for a plain GET, with the way to upgrade and a word for people', async () => {
    const printed = await curl(url);
    assert.match(printed, /^HTTP\/1\.1 426 Upgrade Required\r\n/);
    assert.match(printed, /\r\nUpgrade: websocket\r\n/i);
    assert.match(printed, /\r\nConnection: .*\bclose\b/i);
    assert.match(printed, /\r\n\r\n.*WebSocket/s);
  });

  test('gets 426 with our version for another version of the protocol', async () => {
    const printed = await curl(...headers(UPGRADE.with(2, 'Sec-WebSocket-Version: 8')), url);
    assert.match(printed, /^HTTP\/1\.1 426 /);
    assert.match(printed, /\r\nSec-WebSocket-Version: 13\r\n/);
  });

  test('gets 400 for a key that is none', async () => {
    const printed = await curl(...headers(UPGRADE.with(3, 'Sec-WebSocket-Key: c2hvcnQ=')), url);
    assert.match(printed, /^HTTP\/1\.1 400 /);
  });

  test('gets 403 for the page of another host', async () => {
    const printed = await curl(...headers([...UPGRADE, 'Origin: https://elsewhere.example']), url);
    assert.match(printed, /^HTTP\/1\.1 403 /);
  });

  test('gets 400 for a request with a body', async () => {
    const printed = await curl(...headers(UPGRADE), '-d', 'a body', url);
    assert.match(printed, /^HTTP\/1\.1 400 /);
  });
});

suite('curl --digest', { skip }, () => {
  for (const algorithm of ['MD5', 'SHA-256'] as const) {
    test(`is let in by digestAuth with ${algorithm} and the right password, and with no other`, async (t) => {
      const server = await serve(
        async (connection: ServerConnection) => connection.send(`Hello ${connection.username}`),
        {
          host: '127.0.0.1',
          closeTimeoutMs: 200,
          processRequest: digestAuth({ realm: 'a "realm"', credentials: ['ada', 'lövelace'], algorithms: [algorithm] }),
        },
      );
      t.after(async () => {
        server.close();
        await server.waitClosed();
      });
      const url = `http://127.0.0.1:${server.addresses[0]![1]}/room?x=1`;
      const login = (password: string): Promise<string> =>
        curl('--digest', '-u', `ada:${password}`, ...headers(UPGRADE), url);
      const answers = await login('lövelace');
      assert.match(answers, /^HTTP\/1\.1 401 Unauthorized\r\n.*HTTP\/1\.1 101 .*\x81\x09Hello ada/s);
      const wrong = await login('iloveyou');
      assert.match(wrong, /^HTTP\/1\.1 401 .*\r\nHTTP\/1\.1 401 /s);
      assert.doesNotMatch(wrong, /stale=true/);
    });
  }
});
