// A real Chromium, headless: two pages of the demo that see each other, and the browser's own WebSocket against `serve`.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import type { Server as NetServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { Program } from '../support/program.ts';
import { commandOf, requires } from '../support/requires.ts';
import {
  type Logger,
  Response,
  type ServeOptions,
  type Server,
  type ServerConnection,
  serve,
} from '../support/websockets.ts';

const skip = requires('chromium');
/** Pictures for people: outside the repository, and never compared with anything. */
const ARTEFACTS = process.env['ARTEFACTS'] ?? join(tmpdir(), 'websockets-ts-artefacts');

let browser: Browser;
before(async () => {
  if (skip !== false) return;
  // The profile is a new folder, which Playwright deletes at the end.
  browser = await chromium.launch({
    executablePath: pathOf(commandOf('chromium')),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
});
after(() => browser?.close());

/** Playwright wants a path, and our tools are found by name. */
function pathOf(command: string): string {
  if (command.includes('/')) return command;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path)) ?? command;
}

suite('the demo in Chromium', { skip, timeout: 100_000 }, () => {
  test('shows two pages to each other: words, counter, round-trip times, compression, and how one left', async (t) => {
    await using demo = new Program('build/examples/demo/server.js', [], { PORT: '0' });
    const [url] = await demo.printed(/http:\/\/\S+/);
    const problems: string[] = [];
    const ada = await openDemo(url, 'Ada', problems, { viewport: { width: 1180, height: 900 } });
    const grace = await openDemo(url, 'Grace', problems, {
      viewport: { width: 390, height: 844 },
      deviceScaleFactor: 2,
      colorScheme: 'dark',
    });
    await shows(guest(ada, 'Grace'));
    await shows(guest(grace, 'Ada'));

    await say(ada, 'Hello, Grace. Every message here is a compressed text frame.');
    await shows(log(grace, 'Hello, Grace.'));
    await say(grace, 'Hello, Ada. <img src="x" onerror="throw 0"> stays what it is: text.');
    await shows(log(ada, 'Hello, Ada. <img src="x" onerror="throw 0"> stays'));
    assert.equal(await ada.locator('#log img').count(), 0);

    await ada.getByRole('button', { name: 'One more' }).click();
    await grace.getByRole('button', { name: 'One more' }).click();
    for (const page of [ada, grace]) await shows(page.locator('#count', { hasText: /^2$/ }));
    await grace.getByRole('button', { name: 'One less' }).click();
    for (const page of [ada, grace]) await shows(page.locator('#count', { hasText: /^1$/ }));

    for (const page of [ada, grace]) {
      for (const rtt of ['#rtt', '#server-rtt']) await shows(page.locator(rtt, { hasText: /^\d+(\.\d)? ms$/ }));
      assert.match(
        (await page.locator('#extensions').textContent()) ?? '',
        /^permessage-deflate; .*max_window_bits=12/,
      );
      await shows(page.locator('#guests .rtt', { hasText: /^\d+(\.\d)? ms$/ }).nth(1));
    }

    const third = await openDemo(url, 'Leonhard', problems);
    await shows(guest(ada, 'Leonhard'));
    await third.close();
    await shows(log(ada, 'Leonhard left, closed by Leonhard'));
    await shows(log(ada, 'received 1001 (going away); then sent 1001 (going away)'));

    mkdirSync(ARTEFACTS, { recursive: true });
    for (const [page, name] of [
      [ada, 'demo-desktop.png'],
      [grace, 'demo-phone.png'],
    ] as const) {
      const path = join(ARTEFACTS, name);
      await page.screenshot({ path, fullPage: page === grace });
      t.diagnostic(`screenshot: ${path}`);
    }

    await grace.fill('#code', '3000');
    await grace.fill('#reason', 'off to lunch');
    await grace.getByRole('button', { name: 'Close' }).click();
    await shows(grace.locator('#state', { hasText: 'Closed with 3000' }));
    await shows(log(grace, '3000 (private use) off to lunch'));
    await shows(log(ada, 'received 3000 (registered) off to lunch'));
    await grace.getByRole('button', { name: 'Connect' }).click();
    await shows(grace.locator('#state', { hasText: 'Connected' }));

    assert.deepEqual(problems, []);
    for (const page of [ada, grace]) await page.context().close();
    assert.doesNotMatch(demo.output, /failed|Error/);
  });

  test('tells why the server went away, and comes back with it', async () => {
    await using demo = new Program('build/examples/demo/server.js', [], { PORT: '0' });
    const [url] = await demo.printed(/http:\/\/\S+/);
    const page = await openDemo(url, 'Ada');
    demo.kill('SIGTERM');
    await shows(page.locator('#last-close', { hasText: '1001 (going away) the demo was stopped, by the server' }));
    assert.deepEqual(await demo.ended(), { code: 0, signal: null });
    await using again = new Program('build/examples/demo/server.js', ['--port', new URL(url).port]);
    await again.printed(/http:\/\/\S+/);
    await shows(page.locator('#state', { hasText: 'Connected' }));
    await shows(guest(page, 'Ada'));
    await page.context().close();
  });
});

/** A page of the demo in a profile of its own, connected under this name. What it complains about is collected. */
async function openDemo(
  url: string,
  name: string,
  problems: string[] = [],
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(`${name}: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(`${name}: ${message.text()}`);
  });
  await page.goto(url);
  await shows(page.locator('#state', { hasText: 'Connected' }));
  await page.fill('#name', name);
  await page.press('#name', 'Tab');
  await shows(guest(page, `${name} (you)`));
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

const shows = (locator: Locator): Promise<void> => locator.first().waitFor();
const log = (page: Page, text: string): Locator => page.getByRole('log').getByText(text);
const guest = (page: Page, name: string): Locator => page.locator('#guests .who', { hasText: name });

suite("Chromium's WebSocket", { skip, timeout: 100_000 }, () => {
  test('gets its text back, whatever the characters', async () => {
    await using server = await start(echo);
    const page = await open(server);
    const texts = ['hello', '', 'ünï\u0000cödé \u{1f600} \ufeff', 'x'.repeat(65_536)];
    const received = await page.evaluate(
      async ([uri, texts]) => {
        const socket = new WebSocket(uri);
        const messages: unknown[] = [];
        await new Promise((resolve) => {
          socket.onopen = () => texts.forEach((text) => void socket.send(text));
          socket.onmessage = ({ data }) => messages.push(data) === texts.length && resolve(null);
        });
        socket.close();
        return messages;
      },
      [uriOf(server), texts] as const,
    );
    assert.deepEqual(received, texts);
  });

  for (const type of ['arraybuffer', 'blob'] as const) {
    test(`gets its bytes back as ${type}, sent as a view, a buffer and a Blob`, async () => {
      await using server = await start(echo);
      const page = await open(server);
      const received = await page.evaluate(
        async ([uri, type]) => {
          const socket = new WebSocket(uri);
          socket.binaryType = type;
          const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
          const messages: (ArrayBuffer | Blob)[] = [];
          await new Promise((resolve) => {
            socket.onopen = () => {
              socket.send(bytes.subarray(1));
              socket.send(bytes.buffer);
              socket.send(new Blob([bytes]));
            };
            socket.onmessage = ({ data }) => messages.push(data) === 3 && resolve(null);
          });
          socket.close();
          return Promise.all(
            messages.map(async (data) => ({
              type: data.constructor.name,
              bytes: [...new Uint8Array(data instanceof Blob ? await data.arrayBuffer() : data)],
            })),
          );
        },
        [uriOf(server), type] as const,
      );
      const bytes = Array.from({ length: 300 }, (_, i) => i & 255);
      const constructorName = type === 'blob' ? 'Blob' : 'ArrayBuffer';
      assert.deepEqual(received, [
        { type: constructorName, bytes: bytes.slice(1) },
        { type: constructorName, bytes },
        { type: constructorName, bytes },
      ]);
    });
  }

  test('gets a message of 1 MiB back, and 1009 for one byte more', async () => {
    await using server = await start(echo, { logger: silent });
    const page = await open(server);
    const result = await page.evaluate(async (uri) => {
      const socket = new WebSocket(uri);
      socket.binaryType = 'arraybuffer';
      // Noise of six bits a byte: compression helps a little. With eight it would add bytes, which count too.
      const noise = Uint8Array.from({ length: 1_048_577 }, () => Math.random() * 64);
      const isSame = await new Promise((resolve) => {
        socket.onopen = () => socket.send(noise.subarray(1));
        socket.onmessage = ({ data }) => {
          const back = new Uint8Array(data);
          resolve(back.length === 1_048_576 && back.every((byte, i) => byte === noise[i + 1]));
        };
      });
      const closed = new Promise((resolve) => {
        socket.onclose = ({ code, wasClean }) => resolve({ code, wasClean });
      });
      socket.send(noise);
      return { isSame, closed: await closed };
    }, uriOf(server));
    assert.deepEqual(result, { isSame: true, closed: { code: 1009, wasClean: true } });
  });

  test('gets a message in fragments as one', async () => {
    await using server = await start(async (connection) => {
      await connection.send(['in ', 'three ', 'pieces']);
      await connection.closed;
    });
    const page = await open(server);
    assert.equal(await page.evaluate(firstMessage, uriOf(server)), 'in three pieces');
  });

  test('answers pings', async () => {
    let rtt: Promise<number> | null = null;
    await using server = await start(async (connection) => {
      rtt = connection.ping().then(({ pong }) => pong);
      await rtt;
      await connection.send('answered');
    });
    const page = await open(server);
    assert.equal(await page.evaluate(firstMessage, uriOf(server)), 'answered');
    assert.ok((await rtt!) > 0);
  });

  test('speaks the subprotocol that the server likes best', async () => {
    await using server = await start((connection) => connection.send(`${connection.subprotocol}`), {
      subprotocols: ['chat.v2', 'chat.v1'],
    });
    const page = await open(server);
    const result = await page.evaluate(async (uri) => {
      const socket = new WebSocket(uri, ['chat.v0', 'chat.v1', 'chat.v2']);
      const seenByServer = await new Promise((resolve) => {
        socket.onmessage = ({ data }) => resolve(data);
      });
      return { seenByServer, protocol: socket.protocol };
    }, uriOf(server));
    assert.deepEqual(result, { seenByServer: 'chat.v2', protocol: 'chat.v2' });
  });

  test('compresses both ways', async () => {
    await using server = await start(echo);
    const sockets: Socket[] = [];
    (server.sockets[0] as NetServer).on('connection', (socket) => sockets.push(socket));
    const page = await open(server);
    const { length, extensions } = await page.evaluate(async (uri) => {
      const socket = new WebSocket(uri);
      const length = await new Promise<number>((resolve) => {
        socket.onopen = () => socket.send('compress me '.repeat(50_000));
        socket.onmessage = ({ data }) => resolve(data.length);
      });
      return { length, extensions: socket.extensions };
    }, uriOf(server));
    assert.equal(length, 600_000);
    assert.match(extensions, /^permessage-deflate; server_max_window_bits=12; client_max_window_bits=12$/);
    for (const count of ['bytesRead', 'bytesWritten'] as const) {
      const bytes = sockets.reduce((sum, socket) => sum + socket[count], 0);
      assert.ok(bytes > 0 && bytes < 20_000, `${count} is ${bytes}`);
    }
  });

  test('does without compression where the server has none', async () => {
    await using server = await start(echo, { compression: null });
    const page = await open(server);
    const result = await page.evaluate(async (uri) => {
      const socket = new WebSocket(uri);
      const message = await new Promise((resolve) => {
        socket.onopen = () => socket.send('plain');
        socket.onmessage = ({ data }) => resolve(data);
      });
      return { message, extensions: socket.extensions };
    }, uriOf(server));
    assert.deepEqual(result, { message: 'plain', extensions: '' });
  });

  const closes = [
    { code: 1000, reason: '' },
    { code: 1000, reason: 'done' },
    { code: 3000, reason: 'registered' },
    { code: 4999, reason: 'grüße \u{1f44b}' },
  ];
  for (const close of closes) {
    test(`closes with ${close.code} and the reason "${close.reason}", and gets both back`, async () => {
      let seen: unknown;
      await using server = await start(async (connection) => {
        await connection.closed;
        const { closeCode: code, closeReason: reason } = connection;
        seen = { code, reason };
      });
      const page = await open(server);
      const event = await page.evaluate(
        ([uri, { code, reason }]) => {
          const socket = new WebSocket(uri);
          socket.onopen = () => socket.close(code, reason);
          return new Promise((resolve) => {
            socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean });
          });
        },
        [uriOf(server), close] as const,
      );
      // Then the handler has come to its end.
      await server[Symbol.asyncDispose]();
      assert.deepEqual(seen, close);
      assert.deepEqual(event, { ...close, wasClean: true });
    });
  }

  test('closes without a code: 1005 on both sides', async () => {
    let seen: number | null = null;
    await using server = await start(async (connection) => {
      await connection.closed;
      seen = connection.closeCode;
    });
    const page = await open(server);
    const code = await page.evaluate((uri) => {
      const socket = new WebSocket(uri);
      socket.onopen = () => socket.close();
      return new Promise((resolve) => {
        socket.onclose = ({ code }) => resolve(code);
      });
    }, uriOf(server));
    await server[Symbol.asyncDispose]();
    assert.deepEqual([code, seen], [1005, 1005]);
  });

  for (const close of [...closes, { code: 1001, reason: 'restart' }, { code: 1011, reason: 'sorry' }]) {
    test(`sees that the server closed with ${close.code} and the reason "${close.reason}"`, async () => {
      await using server = await start((connection) => connection.close(close));
      const page = await open(server);
      assert.deepEqual(await page.evaluate(closeEvent, uriOf(server)), {
        events: ['open', 'close'],
        ...close,
        wasClean: true,
      });
    });
  }

  test('sees 1011 when the handler threw, and nothing of what it said', async () => {
    const handler = (): never => {
      throw new Error('a secret');
    };
    await using server = await start(handler, { logger: silent });
    const page = await open(server);
    const { code, reason } = await page.evaluate(closeEvent, uriOf(server));
    assert.deepEqual({ code, reason }, { code: 1011, reason: '' });
  });

  test('sees 1006 when the connection is dropped', async () => {
    await using server = await start((connection) => connection.abort());
    const page = await open(server);
    const { code, wasClean } = await page.evaluate(closeEvent, uriOf(server));
    assert.deepEqual({ code, wasClean }, { code: 1006, wasClean: false });
  });

  test('is refused for a page of another host, with an error event and 1006', async () => {
    await using server = await start(echo);
    const page = await open(server);
    const response = page.waitForEvent('websocket').then((socket) => socket.waitForEvent('socketerror'));
    // The page is from 127.0.0.1, which is another name.
    const refused = await page.evaluate(closeEvent, uriOf(server).replace('127.0.0.1', 'localhost'));
    assert.deepEqual(refused, { events: ['error', 'close'], code: 1006, reason: '', wasClean: false });
    assert.match(String(await response), /403/);
  });

  test('is admitted for a page of another host that is listed', async () => {
    await using server = await start((connection) => connection.send('welcome'), {
      origins: [/http:\/\/127\.0\.0\.1:\d+/],
    });
    const page = await open(server);
    assert.equal(await page.evaluate(firstMessage, uriOf(server).replace('127.0.0.1', 'localhost')), 'welcome');
  });
});

/** For servers whose handlers are meant to fail. */
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

async function echo(connection: ServerConnection): Promise<void> {
  for await (const message of connection) await connection.send(message);
}

/** A server that has an empty page too. */
function start(handler: (connection: ServerConnection) => unknown, options: ServeOptions = {}): Promise<Server> {
  return serve(handler, {
    host: '127.0.0.1',
    ...options,
    processRequest: (_, request) =>
      request.headers.has('Upgrade')
        ? null
        : new Response(200, 'OK', { 'Content-Type': 'text/html', 'Content-Length': '0', Connection: 'close' }),
  });
}

/** The server's page, so that scripts run in its origin. It is closed when the next one is opened, or with the browser. */
async function open(server: Server): Promise<Page> {
  await lastPage?.close();
  lastPage = await browser.newPage();
  await lastPage.goto(uriOf(server).replace('ws', 'http'));
  return lastPage;
}
let lastPage: Page | null = null;

function uriOf({ addresses: [address] }: Server): string {
  assert.ok(typeof address === 'object');
  return `ws://127.0.0.1:${address[1]}/`;
}

// What runs in the page

function firstMessage(uri: string): Promise<unknown> {
  const socket = new WebSocket(uri);
  return new Promise((resolve) => {
    socket.onmessage = ({ data }) => resolve(data);
  });
}

function closeEvent(uri: string): Promise<{ events: string[]; code: number; reason: string; wasClean: boolean }> {
  const socket = new WebSocket(uri);
  const events: string[] = [];
  for (const type of ['open', 'error', 'close'] as const) socket.addEventListener(type, () => void events.push(type));
  return new Promise((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => resolve({ events, code, reason, wasClean });
  });
}
