// `websockets bench` against real servers, most of it in this process; what only a process has is tested with one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ServeOptions, type Server, type ServerHandler, serve } from 'websockets-ts';
import { runProgram } from '#dist/cli/program.js';
import { CERT, KEY } from '../support/certificate.ts';
import { FakeTerminal } from './fake-terminal.ts';

const ECHO: ServerHandler = { message: (connection, data) => void connection.send(data) };
const QUICK = ['-c', '4', '--warmup', '0', '--messages', '200'];

/** A server for as long as the function takes. */
async function withServer<T>(
  handler: ServerHandler,
  options: ServeOptions,
  use: (uri: string, server: Server) => Promise<T>,
): Promise<T> {
  await using server = await serve(handler, { host: '127.0.0.1', port: 0, ...options });
  const [, port] = server.addresses[0] as [string, number];
  return await use(`${options.tls === undefined ? 'ws://127.0.0.1' : 'wss://localhost'}:${port}/`, server);
}

async function bench(args: readonly string[], terminal: FakeTerminal = new FakeTerminal()) {
  const code = await runProgram(['bench', ...args], terminal);
  return { code, out: terminal.out.text, err: terminal.err.text };
}

interface Report {
  readonly [key: string]: unknown;
  readonly begun: number;
  readonly done: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly latencyMs: Readonly<Record<string, number>> | null;
  readonly errors: readonly { readonly kind: string; readonly count: number }[];
  readonly closeCodes: Readonly<Record<string, number>>;
}

async function report(...args: string[]): Promise<{ code: number; report: Report; err: string }> {
  const { code, out, err } = await bench([...args, '--json']);
  assert.equal(out.split('\n').length, 2, `not one line: ${out}${err}`);
  return { code, report: JSON.parse(out) as Report, err };
}

/** The program in a process of its own. */
function start(...args: string[]) {
  const program = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const result = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    result.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    result.err += text;
  });
  return { child, result, ended: once(child, 'close').then(([code]) => code as number | null) };
}

suite('websockets bench', () => {
  test('measures an echo server, and shows it in words', async () => {
    await withServer(ECHO, {}, async (uri) => {
      const { code, out, err } = await bench([uri, ...QUICK, '-n', '2', '-s', '1KiB', '--text']);
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /^echo ws:\S+: 4 connections, 2 in flight, 1 KiB text\n/);
      assert.match(out, /^[\d.]+ m?s, 200 messages: [\d,]+\/s, [\d.]+ [KM]iB\/s out, [\d.]+ [KM]iB\/s in$/m);
      assert.match(
        out,
        /^latency from sending a message to its echo\n +p50 +p75 +p90 +p99 +p99\.9 +max\n( +[\d.]+ [µm]s){6}\n/m,
      );
      assert.match(out, /^ {2}≤ +[\d.]+ [µm]s +\d+ {2}█+$/m);
      assert.match(out, /^close codes: 4 × 1000\n$/m);
      assert.doesNotMatch(out, /\x1b/);
    });
  });

  test('shows it as one line of JSON, too', async () => {
    await withServer(ECHO, {}, async (uri) => {
      const { code, report: result } = await report(uri, ...QUICK, '-n', '3');
      assert.equal(code, 0);
      assert.deepEqual(Object.keys(result), [
        ...[
          'version',
          'uri',
          'mode',
          'connections',
          'inFlight',
          'ratePerSecond',
          'sizeBytes',
          'isText',
          'isCompressed',
        ],
        ...['ending', 'opened', 'seconds', 'begun', 'done', 'doneInTime', 'unanswered', 'strays'],
        ...['perSecond', 'bytesOutPerSecond', 'bytesInPerSecond', 'latencyMs', 'errors', 'closeCodes', 'clientBusy'],
      ]);
      const { version, seconds, perSecond, bytesOutPerSecond, bytesInPerSecond, latencyMs, clientBusy, ...rest } =
        result;
      assert.deepEqual(rest, {
        uri,
        mode: 'echo',
        connections: 4,
        inFlight: 3,
        ratePerSecond: null,
        sizeBytes: 64,
        isText: false,
        isCompressed: false,
        ending: 'complete',
        opened: 4,
        begun: 200,
        done: 200,
        doneInTime: 200,
        unanswered: 0,
        strays: 0,
        errors: [],
        closeCodes: { '1000': 4 },
      });
      assert.equal(typeof version, 'string');
      assert.ok(Math.abs(perSecond - 200 / seconds) < 1e-6);
      assert.equal(bytesOutPerSecond, perSecond * 64);
      assert.equal(bytesInPerSecond, perSecond * 64);
      assert.ok((clientBusy as number) > 0);
      const order = ['min', 'p50', 'p75', 'p90', 'p99', 'p999', 'max'].map((name) => latencyMs![name]!);
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      );
      assert.ok(order[0]! > 0 && order.at(-1)! < seconds * 1000);
    });
  });

  test('sends what was asked for, from as many connections, with their headers', async () => {
    const seen = new Set<string>();
    const handler: ServerHandler = {
      open: ({ request }) => {
        const [custom, origin, protocol] = ['X-Custom', 'Origin', 'Sec-WebSocket-Protocol'].map((name) =>
          request?.headers.get(name),
        );
        seen.add([custom, origin, protocol, request?.headers.get('Sec-WebSocket-Extensions')].join('; '));
      },
      message: (connection, data, isText) => {
        seen.add(`${isText ? 'text' : 'binary'} of ${data.length}`);
        void connection.send(data);
      },
    };
    await withServer(handler, { origins: null, subprotocols: ['chat'] }, async (uri) => {
      const request = ['-H', 'X-Custom: a: b', '-o', 'https://example.com', '--subprotocol', 'chat'];
      const { code, report: result } = await report(uri, ...QUICK, '-c', '7', ...request, '-s', '100');
      assert.deepEqual([code, result['opened']], [0, 7]);
      assert.deepEqual([...seen], ['a: b; https://example.com; chat; ', 'binary of 100']);
    });
  });

  test('compresses when it is asked to', async () => {
    const extensions = new Set<string>();
    const handler: ServerHandler = {
      ...ECHO,
      open: ({ protocol }) => {
        for (const { name } of protocol.extensions) extensions.add(name);
      },
    };
    await withServer(handler, {}, async (uri) => {
      const { code, report: result } = await report(uri, ...QUICK, '--compress', '--text', '-s', '4KiB');
      assert.deepEqual([code, result['isCompressed']], [0, true]);
      assert.deepEqual([...extensions], ['permessage-deflate']);
    });
  });

  test('runs for the time that is asked for, after warming up', async () => {
    let messages = 0;
    const handler: ServerHandler = {
      message: (connection, data) => {
        messages += 1;
        void connection.send(data);
      },
    };
    await withServer(handler, {}, async (uri) => {
      const { code, report: result } = await report(uri, '-c', '2', '-d', '150ms', '--warmup', '800ms');
      assert.equal(code, 0);
      assert.ok(result.seconds >= 0.14, `${result.seconds}`);
      assert.equal(result.done, result.begun);
      assert.ok(messages > result.done, 'nothing was sent to warm up');
    });
  });

  test('shows progress where somebody looks, and takes it back', async () => {
    await withServer(ECHO, {}, async (uri) => {
      const terminal = new FakeTerminal({ isTerminal: true });
      const { code } = await bench([uri, '-c', '2', '-d', '1100ms', '--warmup', '0'], terminal);
      assert.equal(code, 0);
      assert.match(terminal.err.text, /\r\x1b\[K +1 s {2}measuring {2}[\d,]+ messages\/s\r\x1b\[K$/);
      assert.match(terminal.out.text, /^\x1b\[1mecho ws:/);
    });
  });

  test('measures how fast a server takes messages that it does not answer', async () => {
    let bytes = 0;
    const handler: ServerHandler = {
      message: (_, data) => {
        bytes += data.length;
      },
    };
    await withServer(handler, {}, async (uri) => {
      const { code, report: result } = await report(uri, ...QUICK, '--mode', 'send', '-s', '1000');
      assert.deepEqual([code, result.done, result['bytesInPerSecond']], [0, 200, 0]);
      assert.equal(bytes, 200_000);
    });
  });

  test('measures pings', async () => {
    await withServer({}, {}, async (uri) => {
      const { code, report: result } = await report(uri, ...QUICK, '--ping', '-n', '4');
      assert.deepEqual([code, result['mode'], result.done, result.errors], [0, 'ping', 200, []]);
    });
  });

  test('sends ten pings a second on a connection unless it is told otherwise', async () => {
    await withServer({}, {}, async (uri) => {
      const { report: result } = await report(uri, '-c', '3', '--messages', '3', '--warmup', '0', '--ping');
      assert.equal(result['ratePerSecond'], 30);
    });
  });

  test('measures opening handshakes', async () => {
    let opened = 0;
    const handler: ServerHandler = {
      open: () => {
        opened += 1;
      },
    };
    await withServer(handler, {}, async (uri) => {
      const { code, report: result } = await report(
        uri,
        '-c',
        '4',
        '--warmup',
        '0',
        '--messages',
        '40',
        '--mode',
        'connect',
      );
      assert.deepEqual([code, result.done, result.closeCodes], [0, 40, { '1000': 40 }]);
      assert.equal(opened, 4 + 40, 'once for each without counting, to see that it works');
    });
  });

  test('counts a stall of the server for all who would have come meanwhile', async () => {
    // The server answers nothing until everything is there. The last message leaves 299 ms after the first, at least.
    const held: (() => void)[] = [];
    const handler: ServerHandler = {
      message: (connection, data) => {
        held.push(() => void connection.send(data));
        if (held.length === 300) for (const answer of held) answer();
      },
    };
    await withServer(handler, {}, async (uri) => {
      const { code, report: result } = await report(
        uri,
        '-c',
        '3',
        '--warmup',
        '0',
        '--messages',
        '300',
        '--rate',
        '1000',
      );
      assert.equal(code, 0);
      assert.equal(result['inFlight'], null);
      assert.ok(result.latencyMs!['max']! >= 299 && result.latencyMs!['p50']! >= 149, JSON.stringify(result.latencyMs));
    });
  });

  test('trusts what it is told to trust', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'websockets-bench-'));
    const file = join(directory, 'ca.pem');
    writeFileSync(file, CERT);
    try {
      await withServer(ECHO, { tls: { cert: CERT, key: KEY } }, async (uri) => {
        assert.equal((await bench([uri, ...QUICK, '--ca', file])).code, 0);
        assert.equal((await bench([uri, ...QUICK, '--insecure'])).code, 0);
        const { code, err } = await bench([uri, ...QUICK]);
        assert.equal(code, 4);
        assert.match(err, /self-signed certificate/);
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

suite('websockets bench, when it does not work,', () => {
  test('ends with 4 when nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const { code, err } = await bench([`ws://127.0.0.1:${port}`]);
    assert.equal(code, 4);
    assert.match(err, /^websockets bench: connect ECONNREFUSED 127\.0\.0\.1:\d+\n$/);
  });

  test('ends with 3 when the handshake is refused', async () => {
    const server = createHttpServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { code, err } = await bench([`ws://127.0.0.1:${(server.address() as AddressInfo).port}`]);
      assert.equal(code, 3);
      assert.equal(err, 'websockets bench: the server refused: HTTP 404 Not Found\n');
    } finally {
      server.close();
    }
  });

  test('ends with 124 when the handshake is not answered', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const uri = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { code, err } = await bench([uri, '-c', '2', '--timeout', '800ms']);
      assert.equal(code, 124);
      assert.match(err, /timed out during opening handshake/);
    } finally {
      server.close();
    }
  });

  test('ends with 124 when the server is silent, and says what was expected', async () => {
    await withServer({}, {}, async (uri) => {
      const { code, out } = await bench([uri, '-c', '2', '--timeout', '800ms']);
      assert.equal(code, 124);
      assert.match(out, /^No answer, for 800 ms\. A server that sends each message back is expected\. .*--mode send/m);
    });
  });

  test('ends with 124 when the server stops to answer, and shows what was measured', async () => {
    let messages = 0;
    const handler: ServerHandler = {
      message: (connection, data) => {
        messages += 1;
        if (messages <= 50) void connection.send(data);
      },
    };
    await withServer(handler, {}, async (uri) => {
      const { code, report: result, err } = await report(uri, '-c', '2', '--warmup', '0', '--timeout', '800ms');
      assert.deepEqual([code, result['ending'], result.done, result['unanswered']], [124, 'silent', 50, 2]);
      assert.match(err, /^no answer\. A server that sends each message back is expected\./);
    });
  });

  test('takes nothing for an echo that is none', async () => {
    const handler: ServerHandler = { message: (connection) => void connection.send('You said something') };
    await withServer(handler, {}, async (uri) => {
      const { code, out } = await bench([uri, '-c', '2', '--warmup', '0', '--timeout', '800ms']);
      assert.equal(code, 124);
      assert.match(out, /^2 messages came that were not an echo of ours$/m);
    });
  });

  test('goes on after a greeting, and says that there was one', async () => {
    await withServer({ ...ECHO, open: (connection) => void connection.send('hello') }, {}, async (uri) => {
      const { code, report: result } = await report(uri, ...QUICK);
      assert.deepEqual([code, result.done, result['strays']], [0, 200, 4]);
    });
  });

  test('ends with 1 when the server closes, and says how', async () => {
    const handler: ServerHandler = {
      message: (connection) => void connection.close({ code: 1008, reason: 'no\x1bload' }),
    };
    await withServer(handler, {}, async (uri) => {
      const { code, out } = await bench([uri, '-c', '3', '--warmup', '0']);
      assert.equal(code, 1);
      assert.match(out, /^3 × the server closed with 1008 no\\x1bload$/m);
      assert.match(out, /^close codes: 3 × 1008$/m);
    });
  });

  test('goes on with the connections that are left, and ends with 1 all the same', async () => {
    let isFirst = true;
    const handler: ServerHandler = {
      message: (connection, data) => {
        if (isFirst) connection.abort();
        else void connection.send(data);
        isFirst = false;
      },
    };
    await withServer(handler, {}, async (uri) => {
      const { code, report: result } = await report(uri, ...QUICK);
      assert.equal(code, 1);
      assert.deepEqual([result.begun, result.done, result['unanswered']], [200, 199, 1]);
      assert.deepEqual(result.errors, [{ kind: 'the connection was lost', count: 1 }]);
      assert.deepEqual(result.closeCodes, { '1000': 3, '1006': 1 });
    });
  });

  test('goes on when some connections are refused, and ends with 3 all the same', async () => {
    let requests = 0;
    const options: ServeOptions = {
      processRequest: (connection) => (++requests % 2 === 0 ? connection.respond(503, 'full\n') : null),
    };
    await withServer(ECHO, options, async (uri) => {
      const { code, report: result } = await report(uri, ...QUICK);
      assert.deepEqual([code, result['opened'], result.done], [3, 2, 200]);
      assert.deepEqual(result.errors, [{ kind: 'the server refused: HTTP 503 Service Unavailable', count: 2 }]);
    });
  });
});

suite('websockets bench, interrupted,', () => {
  test('shows what was measured until then', async () => {
    const terminal = new FakeTerminal();
    let messages = 0;
    const handler: ServerHandler = {
      message: (connection, data) => {
        messages += 1;
        if (messages === 500) terminal.interrupt();
        void connection.send(data);
      },
    };
    await withServer(handler, {}, async (uri) => {
      const { code, out } = await bench([uri, '-c', '2', '--warmup', '0', '-d', '1h'], terminal);
      assert.equal(code, 0);
      assert.match(out, /^interrupted: this is what was measured until then$/m);
      assert.match(out, /^close codes: 2 × 1000$/m);
    });
  });

  test('before it began has nothing to show', async () => {
    const terminal = new FakeTerminal();
    const options: ServeOptions = {
      processRequest: () => {
        terminal.interrupt();
        return null;
      },
    };
    await withServer(ECHO, options, async (uri) => {
      const { code, err } = await bench([uri, '-c', '2'], terminal);
      assert.deepEqual([code, err], [130, 'interrupted before anything was measured\n']);
    });
  });
});

suite('websockets bench, as a process,', () => {
  test('ends with its exit code, and prints nothing but the result into a pipe', async () => {
    await withServer(ECHO, {}, async (uri) => {
      const { result, ended } = start('bench', uri, ...QUICK, '--json');
      assert.equal(await ended, 0);
      assert.equal((JSON.parse(result.out) as Report).done, 200);
      assert.equal(result.err, '');
    });
  });

  test('shows on Ctrl-C what was measured until then', { skip: process.platform === 'win32' }, async () => {
    let messages = 0;
    let interrupt = (): void => {};
    const handler: ServerHandler = {
      message: (connection, data) => {
        messages += 1;
        if (messages === 500) interrupt();
        void connection.send(data);
      },
    };
    await withServer(handler, {}, async (uri) => {
      const { child, result, ended } = start('bench', uri, '-c', '2', '-d', '1h');
      interrupt = () => child.kill('SIGINT');
      assert.equal(await ended, 0, result.err);
      assert.match(result.out, /^interrupted: this is what was measured until then$/m);
    });
  });

  test('ends without a complaint when nobody reads on', async () => {
    const { child, result, ended } = start('bench', '--help');
    child.stdout.destroy();
    await ended;
    assert.equal(result.err, '');
  });

  test('tells of a mistake by its exit code', async () => {
    const { result, ended } = start('bench');
    assert.equal(await ended, 2);
    assert.match(result.err, /^websockets bench: URI is missing/);
    assert.equal(result.out, '');
  });
});
