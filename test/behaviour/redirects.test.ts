// Redirects: where a client follows, what it takes along, and where it stops.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type ConnectOptions, InvalidStatus, InvalidURI, SecurityError } from 'websockets-ts';
import { CERT, KEY } from '../support/certificate.ts';
import type { RawServer } from '../support/raw-peer.ts';
import { driver, echo, rejection, rejectionText, serving } from './meet.ts';

const run = promisify(execFile);

const redirect = (location: string, status = 302): string =>
  `HTTP/1.1 ${status} x\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`;

/** Answers one request after the other, and keeps them. A null answer accepts the connection. */
async function answering(server: RawServer, ...answers: readonly (string | null)[]): Promise<string[]> {
  const requests: string[] = [];
  for (const answer of answers) {
    const peer = await server.peer();
    if (answer === null) requests.push(await peer.accept());
    else {
      requests.push(await peer.head());
      peer.socket.write(answer);
      // The refused connection is dropped, and never used again.
      await peer.ended();
    }
  }
  return requests;
}

const lineOf = (request: string): string => request.slice(0, request.indexOf(' HTTP/1.1'));
const headerOf = (request: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\r$`, 'im').exec(request)?.[1];

describe('a redirect', () => {
  for (const status of [300, 301, 302, 303, 307, 308]) {
    test(`with ${status} is followed`, async () => {
      await using server = await driver.listen();
      const connecting = driver.connect(`${server.url}a/b?c`).then((client) => client);
      const requests = await answering(server, redirect('../d?e', status), null);
      const client = await connecting;
      assert.deepEqual(requests.map(lineOf), ['GET /a/b?c', 'GET /d?e']);
      const keys = requests.map((request) => headerOf(request, 'Sec-WebSocket-Key'));
      assert.notEqual(keys[0], keys[1]);
      assert.equal(client.request?.path, '/d?e');
      assert.equal(client.state, 'OPEN');
      client.abort();
    });
  }

  for (const [title, answer] of [
    ['another status', redirect('/a', 304)],
    ['no Location', 'HTTP/1.1 302 x\r\nContent-Length: 0\r\n\r\n'],
    ['two Locations', 'HTTP/1.1 302 x\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n'],
  ] as const) {
    test(`with ${title} is none`, async () => {
      await using server = await driver.listen();
      const connecting = rejection(driver.connect(server.url));
      await answering(server, answer);
      assert.ok((await connecting) instanceof InvalidStatus);
    });
  }

  test('within the origin keeps all headers, and the user of the URI where it is relative', async () => {
    await using server = await driver.listen();
    const additionalHeaders = { Cookie: 'a=b', 'X-Mine': '1' };
    const uri = `ws://user:secret@127.0.0.1:${server.port}/a`;
    const connecting = driver.connect(uri, { additionalHeaders }).then((client) => client);
    const requests = await answering(server, redirect('/b'), redirect(`${server.url}c`), null);
    (await connecting).abort();
    const rows = requests.map((request) => [
      lineOf(request),
      headerOf(request, 'Authorization') !== undefined,
      headerOf(request, 'Cookie'),
      headerOf(request, 'X-Mine'),
    ]);
    assert.deepEqual(rows, [
      ['GET /a', true, 'a=b', '1'],
      ['GET /b', true, 'a=b', '1'],
      // An absolute URI says itself who the user is.
      ['GET /c', false, 'a=b', '1'],
    ]);
  });

  test('keeps headers that can be read only once', async () => {
    await using server = await driver.listen();
    const additionalHeaders = new Map([['X-Mine', '1']]).entries();
    const connecting = driver.connect(server.url, { additionalHeaders }).then((client) => client);
    const requests = await answering(server, redirect('/b'), redirect('/c'), null);
    (await connecting).abort();
    assert.deepEqual(
      requests.map((request) => headerOf(request, 'X-Mine')),
      ['1', '1', '1'],
    );
  });

  test('of an IRI is a URI, in which nothing is encoded a second time', async () => {
    await using server = await driver.listen();
    const options = { host: '127.0.0.1', port: server.port };
    const connecting = driver.connect('ws://ü:ü@bücher.example/ø', options).then((client) => client);
    const requests = await answering(server, redirect('/a%20b?%C3%B8'), redirect('?c'), null);
    (await connecting).abort();
    assert.deepEqual(requests.map(lineOf), ['GET /%C3%B8', 'GET /a%20b?%C3%B8', 'GET /a%20b?c']);
    assert.equal(new Set(requests.map((request) => headerOf(request, 'Authorization'))).size, 1);
  });

  test('to another origin takes no secrets along, nor does any that follows, back home either', async () => {
    await using home = await driver.listen();
    await using away = await driver.listen();
    const connecting = driver
      .connect(`ws://user:secret@127.0.0.1:${home.port}/`, {
        additionalHeaders: [
          ['Authorization', 'Bearer 1'],
          ['authorization', 'Bearer 2'],
          ['COOKIE', 'a=b'],
          ['Proxy-Authorization', 'Basic x'],
          ['X-Mine', '1'],
        ],
        credentials: { username: 'user', password: 'secret' },
      })
      .then((client) => client);
    const [first] = await answering(home, redirect(`//127.0.0.1:${away.port}/b`));
    const [second] = await answering(away, redirect(`ws://127.0.0.1:${home.port}/c`));
    const [third] = await answering(home, null);
    (await connecting).abort();
    const secrets = (request: string): string[] => request.match(/^(?:\S*authorization|cookie):/gim) ?? [];
    assert.equal(secrets(first!).length, 5);
    assert.deepEqual([secrets(second!), secrets(third!)], [[], []]);
    assert.deepEqual([headerOf(second!, 'X-Mine'), headerOf(third!, 'X-Mine')], ['1', '1']);
    assert.equal(headerOf(second!, 'Host'), `127.0.0.1:${away.port}`);
    assert.equal(lineOf(third!), 'GET /c');
  });

  test('to another origin takes no secrets of a function along, nor does the next connection', async () => {
    await using home = await driver.listen();
    await using away = await driver.listen();
    const additionalHeaders = () => ({ Cookie: 'secret', 'X-Kind': 'kept' });
    const loop = (async () => {
      let turns = 0;
      for await (const _ of driver.connect(home.url, { additionalHeaders })) if (++turns === 2) break;
    })();
    const [first] = await answering(home, redirect(away.url));
    const requests = await Promise.all(
      [away.peer(), away.peer()].map(async (arriving) => {
        const peer = await arriving;
        const request = await peer.accept();
        peer.destroy();
        return request;
      }),
    );
    await loop;
    assert.equal(headerOf(first!, 'Cookie'), 'secret');
    for (const request of requests) {
      assert.deepEqual([headerOf(request, 'Cookie'), headerOf(request, 'X-Kind')], [undefined, 'kept']);
    }
  });

  test('may lead from ws to wss, which is another origin', async () => {
    await using plain = await driver.listen();
    await using s = await serving(echo, { tls: { cert: CERT, key: KEY } });
    const connecting = rejection(driver.connect(plain.url, { additionalHeaders: { Cookie: 'a=b' } }));
    await answering(plain, redirect(`wss://localhost:${s.port}/`));
    // It got as far as the certificate.
    assert.equal(((await connecting) as NodeJS.ErrnoException).code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  });

  test('may not lead to wss where TLS is switched off', async () => {
    await using plain = await driver.listen();
    const connecting = rejectionText(driver.connect(plain.url, { tls: null }));
    await answering(plain, redirect('wss://localhost/'));
    assert.equal(await connecting, 'RangeError: ssl=None is incompatible with a wss:// URI');
  });

  test('from wss to ws is refused', async () => {
    await using s = await serving(echo, {
      tls: { cert: CERT, key: KEY },
      processRequest: (connection) => {
        const response = connection.respond(302, '');
        response.headers.append('Location', 'ws://localhost/plain');
        return response;
      },
    });
    const error = await rejection(driver.connect(`wss://localhost:${s.port}/`, { tls: { ca: CERT } }));
    assert.ok(error instanceof SecurityError);
    assert.equal(error.message, 'cannot follow redirect to non-secure URI ws://localhost/plain');
    assert.ok(error.cause instanceof InvalidStatus);
  });

  for (const location of [
    'http://127.0.0.1/',
    '/a#fragment',
    'ws://',
    'ws://user@h/',
    '/a b',
    'ws://127.0.0.1/a?b c',
  ]) {
    test(`to ${location} is an InvalidURI`, async () => {
      await using server = await driver.listen();
      const connecting = rejection(driver.connect(server.url));
      await answering(server, redirect(location));
      assert.ok((await connecting) instanceof InvalidURI);
    });
  }

  test('that fails does not show the password of the URI that it is relative to', async () => {
    await using server = await driver.listen();
    const connecting = rejection(driver.connect(`ws://user:s3cr@t@127.0.0.1:${server.port}/a`));
    await answering(server, redirect('b#c'));
    const error = await connecting;
    assert.ok(error instanceof InvalidURI);
    assert.equal(error.uri, `ws://127.0.0.1:${server.port}/b#c`);
    assert.equal(error.message, `${error.uri} isn't a valid URI: fragment identifier is meaningless`);
    assert.ok(error.cause instanceof InvalidStatus);

    const socket = tcpConnect({ host: '127.0.0.1', port: server.port, allowHalfOpen: true });
    await once(socket, 'connect');
    const withSocket = rejectionText(driver.connect('ws://user:s3cr@t@localhost/', { socket }));
    await answering(server, redirect('/b'));
    assert.equal(await withSocket, 'RangeError: cannot follow redirect to ws://localhost/b with a preexisting socket');
  });

  test('is not followed with a socket of the user', async () => {
    await using server = await driver.listen();
    const socket = tcpConnect({ host: '127.0.0.1', port: server.port, allowHalfOpen: true });
    await once(socket, 'connect');
    const connecting = rejection(driver.connect('ws://localhost/', { socket }));
    await answering(server, redirect('/b'));
    const error = await connecting;
    assert.equal(String(error), 'RangeError: cannot follow redirect to ws://localhost/b with a preexisting socket');
    assert.ok(error.cause instanceof InvalidStatus);
  });

  for (const given of ['host', 'port'] as const) {
    test(`stays within the origin where a ${given} is given`, async () => {
      await using server = await driver.listen();
      const options: ConnectOptions = given === 'host' ? { host: '127.0.0.1' } : { port: server.port };
      const port = given === 'host' ? server.port : 1;
      const host = given === 'host' ? 'a.example' : '127.0.0.1';
      const connecting = rejection(driver.connect(`ws://${host}:${port}/`, options));
      const requests = await answering(server, redirect('/b'), redirect(`ws://b.example:${port}/c`));
      const error = await connecting;
      assert.deepEqual(requests.map(lineOf), ['GET /', 'GET /b']);
      assert.equal(
        String(error),
        `RangeError: cannot follow cross-origin redirect to ws://b.example:${port}/c with an explicit host or port`,
      );
      assert.ok(error.cause instanceof InvalidStatus);
    });
  }

  test('stays within the origin over a Unix socket', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'websockets-ts-')), 'socket');
    let location = '/b';
    const server = await driver.unixServe(echo, path, {
      processRequest: (connection, request) => {
        if (request.path === '/c') return null;
        const response = connection.respond(302, '');
        response.headers.append('Location', location);
        location = request.path === '/' ? 'ws://localhost/c' : 'ws://localhost:81/d';
        return response;
      },
    });
    try {
      const client = await driver.unixConnect(path);
      assert.equal(client.request?.path, '/c');
      await client.close();
      const error = await rejection(driver.unixConnect(path, 'ws://localhost/x'));
      assert.equal(
        String(error),
        'RangeError: cannot follow cross-origin redirect to ws://localhost:81/d with a Unix socket',
      );
      assert.ok(error.cause instanceof InvalidStatus);
    } finally {
      server.close();
      await server.waitClosed();
      await rm(dirname(path), { recursive: true });
    }
  });

  test('is followed ten attempts far, and no further', async () => {
    await using server = await driver.listen();
    const connecting = rejection(driver.connect(server.url));
    const requests = await answering(server, ...Array.from({ length: 10 }, (_, index) => redirect(`/${index + 1}`)));
    const error = await connecting;
    assert.ok(error instanceof SecurityError);
    assert.equal(error.message, 'more than 10 redirects');
    assert.equal(lineOf(requests.at(-1)!), 'GET /9');
  });

  test('is followed as far as WEBSOCKETS_MAX_REDIRECTS says', async () => {
    await using server = await driver.listen();
    const script = `
      import { connect } from 'websockets-ts';
      await connect('${server.url}').catch((error) => console.log(String(error)));`;
    const child = run(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, WEBSOCKETS_MAX_REDIRECTS: '2' },
    });
    await answering(server, redirect('/1'), redirect('/2'));
    assert.equal((await child).stdout, 'SecurityError: more than 2 redirects\n');
  });

  test('of which there are many has one deadline', async () => {
    await using server = await driver.listen();
    const connecting = rejectionText(driver.connect(server.url, { openTimeoutMs: 80 }));
    let attempts = 0;
    for (;;) {
      const peer = await Promise.race([server.peer(), connecting]);
      if (typeof peer === 'string') break;
      await peer.head();
      attempts++;
      setTimeout(() => peer.socket.write(redirect('/again')), 30);
    }
    assert.equal(await connecting, 'TimeoutError: timed out during opening handshake');
    assert.ok(attempts <= 4, `${attempts} attempts`);
  });

  test('is not followed any more when the signal is aborted', async () => {
    await using server = await driver.listen();
    const controller = new AbortController();
    const connecting = rejection(driver.connect(server.url, { signal: controller.signal }));
    await answering(server, redirect('/b'));
    const peer = await server.peer();
    await peer.head();
    const reason = new Error('enough');
    controller.abort(reason);
    assert.equal(await connecting, reason);
    await peer.ended();
  });
});
