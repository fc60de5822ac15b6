// The programs of examples/ run as their readers run them: as processes of their own, the demo with its terminal client too.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { connect } from 'websockets-ts';
import { Program } from '../support/program.ts';

const EXAMPLES = new URL('../../../examples/', import.meta.url);
const ANY_PORT = { PORT: '0' };

/** A server of the examples on a free port, and where it listens. */
async function startServer(name: string): Promise<{ readonly server: Program; readonly uri: string }> {
  const server = new Program(`build/examples/${name}.js`, [], ANY_PORT);
  // Node prints addresses over several lines when they are long.
  const [, port] = await server.printed(/listening on [\s\S]*?(\d{4,5})\b/);
  return { server, uri: `ws://localhost:${port}` };
}

async function startDemo(): Promise<{ readonly demo: Program; readonly url: string; readonly uri: string }> {
  const demo = new Program('build/examples/demo/server.js', [], ANY_PORT);
  const [url] = await demo.printed(/http:\/\/\S+/);
  const [uri] = await demo.printed(/ws:\/\/\S+/);
  return { demo, url, uri };
}

const endedWell = { code: 0, signal: null };
const shell = { skip: process.platform === 'win32' && 'Windows has no signals to end a program in order' };

suite('the examples', shell, () => {
  const tested = ['broadcast', 'client', 'direct-handlers', 'echo-client', 'echo-server', 'sans-io', 'tls'];

  test('are all tested here', () => {
    const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.ts'));
    assert.deepEqual(files.map((name) => name.replace('.ts', '')).sort(), tested);
  });

  for (const name of ['echo-server', 'sans-io']) {
    test(`${name} answers echo-client, and ends on Ctrl-C`, async () => {
      const { server, uri } = await startServer(name);
      await using _ = server;
      await using client = new Program('build/examples/echo-client.js', [uri]);
      assert.deepEqual(await client.ended(), endedWell, client.output);
      assert.match(client.output, /^received: Hello, world!\nround trip: \d+\.\d ms\n$/);
      server.kill('SIGINT');
      assert.deepEqual(await server.ended(), endedWell, server.output);
    });
  }

  test('sans-io gives fragments back as they came, and refuses what is no handshake', async () => {
    const { server, uri } = await startServer('sans-io');
    await using _ = server;
    await using connection = await connect(uri);
    await connection.send(['three ', 'fragments ', 'of text']);
    const fragments: unknown[] = [];
    for await (const fragment of connection.recvStreaming()) fragments.push(fragment);
    assert.equal(fragments.join(''), 'three fragments of text');
    assert.ok(fragments.length > 1, 'it came back in one');
    const response = await fetch(uri.replace('ws', 'http'));
    assert.equal(response.status, 426);
  });

  test('broadcast tells everybody the same time', async () => {
    const { server, uri } = await startServer('broadcast');
    await using _ = server;
    await using first = await connect(uri);
    await using second = await connect(uri);
    const [here, there] = await Promise.all([first.recv({ decode: true }), second.recv({ decode: true })]);
    assert.ok(Number.isFinite(Date.parse(here)), here);
    assert.equal(there, here);
    server.kill('SIGINT');
    assert.deepEqual(await server.ended(), endedWell, server.output);
    await first.closed;
    assert.equal(first.closeCode, 1001);
  });

  test('direct-handlers passes messages on to the others and tells who closed', async () => {
    const { server, uri } = await startServer('direct-handlers');
    await using _ = server;
    await using speaker = await connect(uri);
    await using listener = await connect(uri);
    await speaker.send('to the others');
    assert.equal(await listener.recv(), 'to the others');
    await listener.send('and back');
    // Its own message was not sent back before.
    assert.equal(await speaker.recv(), 'and back');
    await speaker.close({ code: 3000, reason: 'enough' });
    await server.printed(/closed with 3000 enough/);
  });

  test('tls serves and connects with the certificate that its first lines tell how to make', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'websockets-ts-examples-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
    const request =
      'req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost';
    const openssl = spawnSync('openssl', [...request.split(' '), '-keyout', key, '-out', certificate]);
    if (openssl.error !== undefined && !process.env['CI']) return t.skip('openssl is not installed');
    assert.equal(openssl.status, 0, String(openssl.stderr));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['build/examples/tls.js', certificate, key], {
      cwd: new URL('..', EXAMPLES),
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.equal(stdout, 'received: Nobody else can read this.\n', stderr);
    assert.equal(status, 0);
  });
});

suite('the demo', shell, () => {
  test('lets terminals talk, count and change names, and tells how one left', async () => {
    const { demo, uri } = await startDemo();
    await using _ = demo;
    await using ada = new Program('build/examples/client.js', [uri, 'Ada']);
    await ada.printed(/Connected .*permessage-deflate/);
    await using grace = new Program('build/examples/client.js', [uri, 'Grace']);
    await ada.printed(/Grace joined/);
    grace.type('Hello, Ada');
    await ada.printed(/Grace: Hello, Ada/);
    ada.type('+1');
    await grace.printed(/Ada set the counter to 1/);
    grace.type('/name Rear Admiral Hopper');
    await ada.printed(/Grace is now Rear Admiral Hopper/);

    grace.kill('SIGINT');
    assert.deepEqual(await grace.ended(), endedWell, grace.output);
    assert.match(grace.output, /Closed: sent 1000 \(OK\) bye; then received 1000 \(OK\) bye\n$/);
    await ada.printed(/Rear Admiral Hopper left: received 1000 \(OK\) bye; then sent 1000 \(OK\) bye/);

    // Whoever comes later sees what was said.
    await using late = new Program('build/examples/client.js', [uri, 'Late']);
    await late.printed(/Grace: Hello, Ada[\s\S]*The counter stands at 1\./);
    late.endInput();
    assert.deepEqual(await late.ended(), endedWell, late.output);
  });

  test('closes with 1001 on SIGTERM; terminals and the demo end by themselves', async () => {
    const { demo, uri } = await startDemo();
    await using _ = demo;
    await using terminal = new Program('build/examples/client.js', [uri, 'Ada']);
    await terminal.printed(/Ada joined/);
    demo.kill('SIGTERM');
    assert.deepEqual(await demo.ended(), endedWell, demo.output);
    assert.deepEqual(await terminal.ended(), endedWell, terminal.output);
    assert.match(terminal.output, /Closed: received 1001 \(going away\) the demo was stopped; then sent 1001/);
  });

  test('shows out who breaks the rules, and the others stay', async () => {
    const { demo, uri } = await startDemo();
    await using _ = demo;
    await using guest = await connect(`${uri}?name=Guest`);
    const bad: readonly (string | Uint8Array)[] = [
      'not JSON',
      'null',
      '{"type":"say"}',
      '{"type":"say","text":""}',
      `{"type":"say","text":"${'x'.repeat(501)}"}`,
      `{"type":"rename","name":"${'x'.repeat(25)}"}`,
      '{"type":"count","step":1000}',
      '{"type":"welcome"}',
      new Uint8Array([1, 2, 3]),
    ];
    for (const message of bad) {
      await using rude = await connect(uri);
      await rude.send(message);
      await rude.closed;
      assert.equal(rude.closeCode, 1008, String(message));
      assert.equal(rude.closeReason, 'that was no message of this demo');
    }

    await using loud = await connect(uri);
    await loud.send('x'.repeat(5_000));
    await loud.closed;
    assert.equal(loud.closeCode, 1009);

    // Handlers read on their own: unread messages would hold up the close frame.
    await using hasty = await connect(uri, { handlers: {} });
    for (let i = 0; i < 61; i++) await hasty.send('{"type":"count","step":1}').catch(() => {});
    await hasty.closed;
    assert.deepEqual([hasty.closeCode, hasty.closeReason], [1008, 'too many messages']);

    await guest.send('{"type":"say","text":"  still\\u001b[2J\\u202e here "}');
    for (;;) {
      const { type, line } = JSON.parse(await guest.recv({ decode: true, timeoutMs: 10_000 }));
      if (type !== 'line' || line.kind !== 'said') continue;
      assert.equal(line.text, 'still [2J  here');
      break;
    }
    await guest.close();
    assert.doesNotMatch(demo.output, /failed|Error/);
  });

  test('serves its page, and nothing else', async () => {
    const { demo, url, uri } = await startDemo();
    await using _ = demo;
    const page = await fetch(url);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('Content-Security-Policy') ?? '', /default-src 'none'/);
    assert.match(await page.text(), /^<!doctype html>/i);
    const head = await fetch(url, { method: 'HEAD' });
    assert.equal(head.headers.get('Content-Length'), page.headers.get('Content-Length'));
    assert.equal(await head.text(), '');
    assert.equal((await fetch(`${url}../../package.json`)).status, 404);
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 405);
    assert.equal((await fetch(uri.replace('ws', 'http'))).status, 426);
  });

  test('says so when the port is taken', async () => {
    const { demo, url } = await startDemo();
    await using _ = demo;
    const { port } = new URL(url);
    await using second = new Program('build/examples/demo/server.js', ['--port', port]);
    assert.deepEqual(await second.ended(), { code: 1, signal: null });
    assert.match(second.output, new RegExp(`^Port ${port} is taken\\. Try another: `));
  });

  test('has a terminal client that says so when nobody answers', async () => {
    const { demo, uri } = await startDemo();
    demo.kill('SIGTERM');
    await demo.ended();
    await using terminal = new Program('build/examples/client.js', [uri]);
    assert.deepEqual(await terminal.ended(), { code: 1, signal: null });
    assert.match(terminal.output, /^Can't connect to ws:/);
  });
});
