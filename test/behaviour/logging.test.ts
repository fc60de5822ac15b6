// What is logged, on which level, and what it costs when nobody listens.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { Data } from 'websockets-ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { driver, echo, rejection, serving } from './meet.ts';

const run = promisify(execFile);

/** A connection's life on both sides: one message there and back, then a normal close. */
async function life(client: LogRecorder, server: LogRecorder): Promise<void> {
  await using s = await serving(echo, { logger: server, compression: null, pingIntervalMs: null });
  const connection = await driver.connect(s.url, { logger: client, compression: null, pingIntervalMs: null });
  await connection.send('hello');
  await connection.recv();
  await connection.close();
  const isClosed = (): boolean => server.texts('info').includes('connection closed');
  while (server.isEnabled('info') && !isClosed()) await new Promise((resolve) => setImmediate(resolve));
}

describe('the log', () => {
  test('tells the life of a server and its connections at INFO', async () => {
    const server = new LogRecorder();
    await life(new LogRecorder('error'), server);
    assert.deepEqual(
      server.texts('info').map((text) => text.replace(/\d+$/, 'PORT')),
      ['server listening on 127.0.0.1:PORT', 'connection open', 'connection closed', 'server closing', 'server closed'],
    );
    assert.deepEqual([...server.texts('warn'), ...server.texts('error')], []);
  });

  test('tells every frame and state at DEBUG', async () => {
    const client = new LogRecorder();
    await life(client, new LogRecorder('error'));
    const texts = client.texts('debug');
    assert.match(texts[0]!, /^> GET \/ HTTP\/1\.1$/);
    for (const text of [
      '< HTTP/1.1 101 Switching Protocols',
      '= connection is OPEN',
      "> TEXT 'hello' [5 bytes]",
      "< TEXT 'hello' [5 bytes]",
      '> CLOSE 1000 (OK) [2 bytes]',
      '= connection is CLOSING',
      '< CLOSE 1000 (OK) [2 bytes]',
      '< EOF',
      '> EOF',
      '= connection is CLOSED',
    ]) {
      assert.ok(texts.includes(text), `${text} is missing in\n${texts.join('\n')}`);
    }
  });

  test('tells refusals at INFO, and why at DEBUG', async () => {
    const logger = new LogRecorder();
    await using s = await serving(echo, { logger, origins: ['https://a.example'] });
    await rejection(driver.connect(s.url));
    assert.ok(logger.texts('info').includes('connection rejected (403 Forbidden)'));
    assert.ok(logger.texts('debug').includes('! invalid origin'));
  });

  test('tells responses of hooks at INFO', async () => {
    const logger = new LogRecorder();
    await using s = await serving(echo, { logger, processRequest: (connection) => connection.respond(200, 'OK\n') });
    await rejection(driver.connect(s.url));
    assert.ok(logger.texts('info').includes('HTTP response sent (200 OK)'));
  });

  test('never carries errors, and so stacks, at INFO and WARN', async () => {
    const logger = new LogRecorder();
    await using s = await serving(
      () => {
        throw new Error('mine');
      },
      { logger },
    );
    const client = await driver.connect(s.url);
    await client.closed;
    for (const { level, message, context } of logger.lines) {
      assert.ok(!message.includes('\n    at '), message);
      if (level === 'info' || level === 'warn') assert.equal(context?.error, undefined);
    }
  });

  test('may go out over another connection without mixing with what is being sent', async () => {
    const messages: Data[] = [];
    await using s = await serving(async (connection) => {
      for await (const message of connection) messages.push(message);
    });
    const options = { compression: null };
    const carrier = await driver.connect(s.url, options);
    const logger = new LogRecorder();
    const client = await driver.connect(s.url, { ...options, logger });
    logger.debug = (line) => {
      if (line.startsWith('> ')) void carrier.send(`a line in the log: ${line}`);
    };
    await client.send('important');
    await client.send(Uint8Array.of(1, 2, 3));
    await client.send('x'.repeat(20_000));
    await client.close();
    await carrier.close();
    const isLine = (message: Data): boolean => typeof message === 'string' && message.startsWith('a line in the log: ');
    assert.deepEqual(
      messages.filter((message) => !isLine(message)),
      ['important', Uint8Array.of(1, 2, 3), 'x'.repeat(20_000)],
    );
    assert.ok(messages.some(isLine));
  });

  test('gets no line of a level that it does not want', async () => {
    const client = new LogRecorder('error');
    const server = new LogRecorder('warn', 'error');
    await life(client, server);
    assert.deepEqual([...client.lines, ...server.lines], []);
  });

  test('tells keepalive at DEBUG', async () => {
    const logger = new LogRecorder();
    await using s = await serving(echo);
    await using client = await driver.connect(s.url, { logger, pingIntervalMs: 5 });
    while (!logger.texts('debug').includes('% received keepalive pong')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(logger.texts('debug').includes('% sent keepalive ping'));
    await client.close();
    assert.deepEqual(logger.texts('error'), []);
  });

  test('tells a lost connection at DEBUG', async () => {
    const logger = new LogRecorder();
    await using server = await driver.listen();
    const connecting = driver.connect(server.url, { logger }).then((connection) => connection);
    const peer = await server.peer();
    await peer.accept();
    const client = await connecting;
    peer.socket.resetAndDestroy();
    await client.closed;
    const line = logger.lines.find(({ message }) => message === '! error while receiving data');
    assert.match(String(line?.context?.error), /ECONNRESET/);
  });
});

describe('without a logger', () => {
  const program = (body: string): string =>
    `import { connect, serve } from 'websockets-ts';
     const server = await serve((c) => { ${body} }, { host: '127.0.0.1', port: 0 });
     const client = await connect('ws://127.0.0.1:' + server.addresses[0][1]);
     await client.closed; server.close(); await server.waitClosed();`;

  test('nothing is printed when all goes well', async () => {
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', program('')]);
    assert.equal(stdout + stderr, '');
  });

  test('errors go to the console, with their stack', async () => {
    const { stderr } = await run(process.execPath, ['--input-type=module', '-e', program("throw new Error('mine')")]);
    assert.match(stderr, /^connection handler failed Error: mine\n {4}at /);
  });
});

describe('the environment', () => {
  const program = `import { connect, serve } from 'websockets-ts';
    const lines = [];
    const logger = { debug: (line) => lines.push(line), info() {}, warn() {}, error() {} };
    const server = await serve((c) => c.send('x'.repeat(200)), { host: '127.0.0.1', port: 0 });
    const options = process.argv[1] === 'option' ? { userAgentHeader: 'option/1' } : {};
    const client = await connect('ws://127.0.0.1:' + server.addresses[0][1], { logger, compression: null, ...options });
    await client.recv(); await client.close(); server.close();
    console.log(JSON.stringify({ agent: client.request.headers.get('User-Agent'), server: client.response.headers.get('Server'),
      shown: lines.find((line) => line.startsWith('< TEXT')).length }));`;
  const runWith = async (
    env: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<Record<string, unknown>> => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program, ...args], {
      env: { ...process.env, ...env },
    });
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  test('names the agent and the server, and says how much of a frame is logged', async () => {
    const plain = await runWith({});
    assert.match(String(plain['agent']), /^Node\.js\//);
    const changed = await runWith({
      WEBSOCKETS_USER_AGENT: 'env/1',
      WEBSOCKETS_SERVER: 'env/2',
      WEBSOCKETS_MAX_LOG_SIZE: '150',
    });
    assert.equal(changed['agent'], 'env/1');
    assert.equal(changed['server'], 'env/2');
    assert.equal(Number(changed['shown']) - Number(plain['shown']), 75);
  });

  test('removes headers when it is empty, and gives way to options', async () => {
    const empty = await runWith({ WEBSOCKETS_USER_AGENT: '', WEBSOCKETS_SERVER: '' });
    assert.equal(empty['agent'], undefined);
    assert.equal(empty['server'], undefined);
    assert.equal((await runWith({ WEBSOCKETS_USER_AGENT: 'env/1' }, 'option'))['agent'], 'option/1');
  });

  const answers = `import { connect, serve, Response } from 'websockets-ts';
    const server = await serve(() => {}, { host: '127.0.0.1', processRequest: (_, { path }) =>
      path === '/body' ? new Response(200, 'OK', [['Content-Length', '200']], new Uint8Array(200)) : undefined });
    const url = 'ws://127.0.0.1:' + server.addresses[0][1];
    const ask = async (path, additionalHeaders = []) => {
      try {
        const client = await connect(url + path, { additionalHeaders, logger: { debug() {}, info() {}, warn() {}, error() {} } });
        await client.close();
        return 'open';
      } catch (error) {
        if (error.response === undefined) return error.name + ': ' + error.cause?.message;
        const { statusCode, body } = error.response;
        return path === '/body' ? statusCode + ', ' + body.length + ' bytes' : statusCode;
      }
    };
    const many = Array.from({ length: 20 }, (_, i) => ['X-' + i, 'y']);
    console.log(JSON.stringify({ plain: await ask('/'), line: await ask('/' + 'x'.repeat(300)),
      headers: await ask('/', many), body: await ask('/body') }));
    server.close();`;

  for (const [env, expected] of [
    [{}, { plain: 'open', line: 'open', headers: 'open', body: '200, 200 bytes' }],
    [{ WEBSOCKETS_MAX_LINE_LENGTH: '250' }, { plain: 'open', line: 414, headers: 'open', body: '200, 200 bytes' }],
    [{ WEBSOCKETS_MAX_NUM_HEADERS: '15' }, { plain: 'open', line: 'open', headers: 431, body: '200, 200 bytes' }],
    [{ WEBSOCKETS_MAX_BODY_SIZE: '1_00' }, { plain: 'open', line: 'open', headers: 'open', body: '200, 100 bytes' }],
  ] as const) {
    test(`limits HTTP messages on both sides: ${JSON.stringify(env)}`, async () => {
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', answers], {
        env: { ...process.env, ...env },
      });
      assert.deepEqual(JSON.parse(stdout), expected);
    });
  }

  test('refuses to load with a number that is none', async () => {
    const error = await rejection(runWith({ WEBSOCKETS_MAX_LINE_LENGTH: '8k' }));
    assert.match(error.message, /RangeError: WEBSOCKETS_MAX_LINE_LENGTH must be a whole number, not "8k"/);
  });
});
