// The client through proxies, moved by hand: what it asks for, what it makes of every answer, and that nothing stays behind.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import {
  type ConnectOptions,
  getProxy,
  InvalidHandshake,
  InvalidProxy,
  InvalidProxyMessage,
  InvalidProxyStatus,
  InvalidStatus,
  ProxyError,
  TimeoutError,
} from 'websockets-ts';
import { tcpHandles } from '#dist/node/tcp-handle.js';
import { CERT, KEY, LEAF_CERT, LEAF_KEY } from '../support/certificate.ts';
import { type ForwardingOptions, forwardingProxy } from '../support/forwarding-proxy.ts';
import type { RawPeer } from '../support/raw-peer.ts';
import { driver, echo, rejection, rejectionText, serving } from './meet.ts';

// What the machine says about proxies is no business of these tests.
const environment = { ...process.env };
const VARIABLES = /^(?:\w+_proxy|request_method)$/i;
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (VARIABLES.test(name)) delete process.env[name];
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (VARIABLES.test(name)) delete process.env[name];
  Object.assign(process.env, environment);
});

const OK = 'HTTP/1.1 200 OK\r\n\r\n';
const httpAt = (port: number, user = ''): string => `http://${user}127.0.0.1:${port}`;

/** What a client says to a proxy that then lets it down. */
async function connectRequest(uri: string, options: ConnectOptions = {}, user = ''): Promise<string> {
  await using proxy = await driver.listen();
  const connecting = rejection(driver.connect(uri, { proxy: httpAt(proxy.port, user), ...options }));
  const peer = await proxy.peer();
  const request = await peer.head();
  peer.destroy();
  await connecting;
  return request;
}

/** What becomes of a connection when a proxy, which tests move by hand, treats it so. The client's socket has to be gone. */
async function failure(
  treat: (peer: RawPeer) => unknown,
  options: ConnectOptions = {},
  uri = 'ws://server.example/',
): Promise<Error> {
  await using proxy = await driver.listen();
  const connecting = rejection(driver.connect(uri, { proxy: httpAt(proxy.port), openTimeoutMs: 20_000, ...options }));
  const peer = await proxy.peer();
  await peer.head();
  await treat(peer);
  const error = await connecting;
  await peer.ended();
  return error;
}

/** The sockets of Node in this process that lead to a port. Not public, and the only way to see them. */
function socketsTo(port: number): readonly object[] {
  const { _getActiveHandles } = process as unknown as { _getActiveHandles(): readonly object[] };
  return _getActiveHandles().filter((each) => each instanceof Socket && each.remotePort === port);
}

/** Waits until nothing leads to the port any more. */
async function noSocketTo(port: number): Promise<void> {
  for (const deadline = Date.now() + 5000; socketsTo(port).length > 0; await new Promise(setImmediate)) {
    assert.ok(Date.now() < deadline, 'a socket stays behind');
  }
}

describe('the request for a tunnel', () => {
  test('names the host and the port of the URI, and who asks', async () => {
    assert.match(
      await connectRequest('ws://server.example/path'),
      /^CONNECT server\.example:80 HTTP\/1\.1\r\nHost: server\.example\r\nUser-Agent: Node\.js\/\S+ websockets\/\S+\r\n\r\n$/,
    );
    assert.match(
      await connectRequest('wss://[::1]:8443/'),
      /^CONNECT \[::1\]:8443 HTTP\/1\.1\r\nHost: \[::1\]:8443\r\n/,
    );
  });

  test('names the host and the port of the options, where they say so', async () => {
    const request = await connectRequest('ws://server.example/', { host: '192.0.2.1', port: 81 });
    assert.match(request, /^CONNECT 192\.0\.2\.1:81 HTTP\/1\.1\r\nHost: 192\.0\.2\.1:81\r\n/);
  });

  for (const host of ['høst', 'other.example:443 HTTP/1.1']) {
    test(`cannot name the host ${host}, and then leaves no socket behind`, async () => {
      await using proxy = await driver.listen();
      const error = await rejection(driver.connect('ws://h/', { proxy: httpAt(proxy.port), host, openTimeoutMs: 500 }));
      assert.ok(error instanceof TypeError, String(error));
      await noSocketTo(proxy.port);
    });
  }

  test('has the user agent of the options, or none', async () => {
    assert.match(await connectRequest('ws://h/', { userAgentHeader: 'mine/1' }), /\r\nUser-Agent: mine\/1\r\n\r\n$/);
    assert.doesNotMatch(await connectRequest('ws://h/', { userAgentHeader: null }), /User-Agent/);
  });

  test('carries the credentials of the proxy as they are written, and not those of the server', async () => {
    const request = await connectRequest('ws://me:mine@h/', {}, 'us%65r:p:ss@');
    assert.match(request, new RegExp(`\r\nProxy-Authorization: Basic ${btoa('us%65r:p:ss')}\r\n`));
    assert.doesNotMatch(request, /\r\nAuthorization/);
  });

  test('carries no header of the options, which are for the server', async () => {
    assert.doesNotMatch(await connectRequest('ws://h/', { additionalHeaders: { Cookie: 'secret' } }), /secret/);
  });
});

describe('the tunnel of an HTTP proxy', () => {
  for (const [title, answer] of [
    ['in one piece', [OK]],
    ['in two pieces', [OK.slice(0, 20), OK.slice(20)]],
    ['byte by byte', [...OK]],
    ['of HTTP/1.0', ['HTTP/1.0 200 OK\r\n\r\n']],
    ['with a status beside 200 and a length', ['HTTP/1.1 201 Made\r\nContent-Length: 7\r\n\r\n']],
  ] as const) {
    test(`is there after an answer ${title}`, async () => {
      await using proxy = await driver.listen();
      const connecting = driver.connect('ws://server.example/', { proxy: httpAt(proxy.port) }).then((c) => c);
      const peer = await proxy.peer();
      await peer.head();
      for (const piece of answer) {
        peer.socket.write(piece);
        await new Promise(setImmediate);
      }
      const request = await peer.accept();
      assert.match(request, /^GET \/ HTTP\/1\.1\r\nHost: server\.example\r\n/);
      const client = await connecting;
      assert.deepEqual(client.remoteAddress, ['127.0.0.1', proxy.port]);
      peer.send({ opcode: 1, payload: 'through' });
      assert.equal(await client.recv(), 'through');
      const closing = client.close();
      await peer.finishClosing();
      await closing;
      assert.equal(client.closeCode, 1000);
    });
  }

  // The server speaks first, which it should not. It tells that none of its bytes is lost.
  for (const socketHandles of [true, false]) {
    for (const isInOnePiece of [true, false]) {
      const title = `${isInOnePiece ? 'together with' : 'right after'} the answer, ${socketHandles ? 'handles' : 'sockets'}`;
      test(`delivers what the server says ${title}`, async () => {
        const refusal = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\n\r\nno entry';
        const error = await failure(
          async (peer) => {
            if (isInOnePiece) peer.socket.write(OK + refusal);
            else {
              peer.socket.write(OK);
              peer.socket.write(refusal);
            }
          },
          { socketHandles },
        );
        assert.ok(error instanceof InvalidStatus);
        assert.equal(Buffer.from(error.response.body).toString(), 'no entry');
      });
    }
  }

  test('tells that the server ended at once', async () => {
    const error = await failure((peer) => peer.socket.end(OK));
    assert.equal(error.name, 'InvalidMessage');
  });

  test('does without a socket of Node where connections without a proxy do', async () => {
    await using s = await serving(echo);
    await using proxy = await forwardingProxy(s.port);
    await using client = await driver.connect(s.url.replace('127.0.0.1', 'localhost'), { proxy: httpAt(proxy.port) });
    assert.equal(socketsTo(proxy.port).length > 0, tcpHandles === null);
    await client.send('x');
    assert.equal(await client.recv(), 'x');
  });
});

describe('a proxy that does not grant the tunnel', () => {
  test('is told apart with its status and headers; its body is not read', async () => {
    const error = await failure((peer) => {
      peer.socket.write('HTTP/1.1 403 Forbidden\r\nX-Why: because\r\nContent-Length: 1000000000\r\n\r\n');
      peer.socket.write(Buffer.alloc(1024 * 1024));
    });
    assert.ok(error instanceof InvalidProxyStatus);
    assert.ok(error instanceof ProxyError && error instanceof InvalidHandshake);
    assert.equal(error.message, 'proxy rejected connection: HTTP 403');
    assert.equal(error.response.statusCode, 403);
    assert.equal(error.response.headers.get('X-Why'), 'because');
    assert.equal(error.response.body.length, 0);
  });

  test('is not asked again when it wants credentials and there are none', async () => {
    const error = await failure((peer) =>
      peer.socket.write('HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm="r", nonce="n"\r\n\r\n'),
    );
    assert.ok(error instanceof InvalidProxyStatus && error.response.statusCode === 407);
  });

  for (const [title, treat, cause] of [
    ['ends at once', (peer) => peer.socket.end(), 'EndOfStreamError: connection closed while reading HTTP status line'],
    [
      'ends in its answer',
      (peer) => peer.socket.end('HTTP/1.1 200 OK\r\n'),
      'EndOfStreamError: connection closed while reading HTTP headers',
    ],
    [
      'answers in another protocol',
      (peer) => peer.socket.write('SSH-2.0-x\r\n'),
      'RangeError: invalid HTTP status line: SSH-2.0-x',
    ],
    [
      'sends headers without end',
      (peer) => peer.socket.write(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(100_000)}`),
      'TooManyHeaders',
    ],
    ['sends a line without end', (peer) => peer.socket.write('x'.repeat(1024 * 1024)), 'StatusLineTooLong'],
  ] as readonly [string, (peer: RawPeer) => unknown, string][]) {
    test(`but ${title} did not answer`, async () => {
      const error = await failure(treat);
      assert.ok(error instanceof InvalidProxyMessage);
      assert.equal(error.message, 'did not receive a valid HTTP response from proxy');
      assert.ok(String(error.cause).startsWith(cause), String(error.cause));
    });
  }

  test('but resets the connection is an error of the network', async () => {
    const error = await failure((peer) => void peer.socket.resetAndDestroy());
    assert.equal((error as NodeJS.ErrnoException).code, 'ECONNRESET');
  });

  test('and cannot be reached is an error of the network', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    for (const proxy of [httpAt(port), `https://127.0.0.1:${port}`, `socks5h://127.0.0.1:${port}`]) {
      const error = await rejection(driver.connect('ws://server.example/', { proxy }));
      assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED', proxy);
    }
  });

  test('and says nothing is given up after openTimeoutMs', async () => {
    for (const treat of [() => {}, (peer: RawPeer) => void peer.socket.write('HTTP/1.1 200 OK\r\n')]) {
      const error = await failure(treat, { openTimeoutMs: 50 });
      assert.ok(error instanceof TimeoutError);
      assert.equal(error.message, 'timed out during opening handshake');
    }
  });

  test('is given up when the signal says so', async () => {
    const abort = new AbortController();
    const error = await failure(() => abort.abort(new Error('enough')), { signal: abort.signal });
    assert.equal(error.message, 'enough');
  });
});

describe('a proxy that asks for Digest', () => {
  const ASKING =
    'HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\nContent-Length: 9\r\n\r\nnot read!';

  test('is asked a second time, on a connection of its own', async () => {
    await using proxy = await driver.listen();
    const connecting = driver.connect('ws://server.example/', { proxy: httpAt(proxy.port, 'user:pw@') }).then((c) => c);
    const first = await proxy.peer();
    assert.match(await first.head(), /\r\nProxy-Authorization: Basic /);
    first.socket.write(ASKING);
    const second = await proxy.peer();
    const request = await second.head();
    assert.match(request, /^CONNECT server\.example:80 HTTP\/1\.1\r\n/);
    assert.match(
      request,
      /\r\nProxy-Authorization: Digest username="user", realm="r", nonce="n", uri="server\.example:80", /,
    );
    await first.ended();
    second.socket.write(OK);
    await second.accept();
    await using client = await connecting;
    second.send({ opcode: 1, payload: 'in' });
    assert.equal(await client.recv(), 'in');
    second.destroy();
  });

  test('is not asked a third time', async () => {
    await using proxy = await driver.listen();
    const connecting = rejection(driver.connect('ws://server.example/', { proxy: httpAt(proxy.port, 'user:pw@') }));
    for (let asked = 0; asked < 2; asked++) {
      const peer = await proxy.peer();
      await peer.head();
      peer.socket.write(ASKING);
      await peer.ended();
    }
    const error = await connecting;
    assert.ok(error instanceof InvalidProxyStatus && error.response.statusCode === 407);
  });
});

describe('TLS through a proxy', () => {
  const tls = { ca: CERT };
  /** The kinds of proxy: how it is addressed, and what a client needs. */
  const KINDS: readonly (readonly [
    title: string,
    scheme: string,
    options: ForwardingOptions,
    client: ConnectOptions,
  ])[] = [
    ['a plain proxy', 'http', {}, {}],
    ['a proxy over TLS', 'https', { tls: { cert: LEAF_CERT, key: LEAF_KEY } }, { proxyTls: { ca: CERT } }],
  ];
  for (const [title, scheme, proxyOptions, client] of KINDS) {
    for (const secure of [true, false]) {
      for (const isByteByByte of [false, true]) {
        const how = `${title} to ${secure ? 'wss' : 'ws'}${isByteByByte ? ', byte by byte' : ''}`;
        test(`works through ${how}`, async () => {
          await using s = await serving(echo, secure ? { tls: { cert: CERT, key: KEY } } : {});
          await using proxy = await forwardingProxy(s.port, { ...proxyOptions, isByteByByte });
          await using connection = await driver.connect(`${secure ? 'wss' : 'ws'}://localhost:${s.port}/`, {
            proxy: `${scheme}://localhost:${proxy.port}`,
            ...client,
            ...(secure ? { tls } : {}),
          });
          assert.deepEqual(connection.remoteAddress?.[1], proxy.port);
          const text = 'x'.repeat(isByteByByte ? 1000 : 300_000);
          await connection.send(text);
          assert.equal(await connection.recv(), text);
          await connection.close();
          assert.equal(connection.closeCode, 1000);
          assert.match(proxy.requests.join(), new RegExp(`^CONNECT localhost:${s.port} HTTP/1\\.1\r\n`));
        });
      }
    }

    test(`takes what ${title} says behind its answer for the beginning of TLS`, async () => {
      await using silent = await driver.listen();
      const greeting = Buffer.from('\x15\x03\x03\x00\x02\x02\x28', 'latin1'); // the alert handshake_failure
      await using proxy = await forwardingProxy(silent.port, { ...proxyOptions, greeting });
      const error = await rejection(
        driver.connect('wss://localhost/', { proxy: `${scheme}://localhost:${proxy.port}`, ...client, tls }),
      );
      assert.match(String((error as NodeJS.ErrnoException).code), /ALERT_HANDSHAKE_FAILURE/);
    });

    test(`leaves nothing behind in ${title} when the server's certificate is refused, or TLS does not come`, async () => {
      await using s = await serving(echo, { tls: { cert: CERT, key: KEY } });
      await using proxy = await forwardingProxy(s.port, proxyOptions);
      const url = `wss://localhost:${s.port}/`;
      const through = { proxy: `${scheme}://localhost:${proxy.port}`, ...client };
      const refused = await rejection(driver.connect(url, through));
      assert.equal((refused as NodeJS.ErrnoException).code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
      const wrongName = await rejection(driver.connect(url, { ...through, tls, serverName: 'other.example' }));
      assert.equal((wrongName as NodeJS.ErrnoException).code, 'ERR_TLS_CERT_ALTNAME_INVALID');

      await using silent = await driver.listen();
      await using dead = await forwardingProxy(silent.port, proxyOptions);
      const reset = rejection(driver.connect(url, { proxy: `${scheme}://localhost:${dead.port}`, ...client, tls }));
      const peer = await silent.peer();
      await peer.link.take(1); // ClientHello
      for (const socket of dead.sockets) socket.resetAndDestroy();
      assert.equal(((await reset) as NodeJS.ErrnoException).code, 'ECONNRESET');

      // Last: on a busy machine the time may be over before the server has heard of it.
      const late = rejection(
        driver.connect(url, { proxy: `${scheme}://localhost:${dead.port}`, ...client, tls, openTimeoutMs: 200 }),
      );
      assert.ok((await late) instanceof TimeoutError);
      for (const { port } of [proxy, dead]) await noSocketTo(port);
    });
  }

  test('checks the certificate of the proxy against its own name, with its own settings', async () => {
    await using s = await serving(echo, { tls: { cert: CERT, key: KEY } });
    await using proxy = await forwardingProxy(s.port, { tls: { cert: LEAF_CERT, key: LEAF_KEY } });
    const url = `wss://localhost:${s.port}/`;
    const unknown = await rejection(driver.connect(url, { proxy: `https://localhost:${proxy.port}`, tls }));
    assert.equal((unknown as NodeJS.ErrnoException).code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    const wrongName = await rejection(
      driver.connect(url, { proxy: `https://127.0.0.1:${proxy.port}`, tls, proxyTls: { ca: CERT } }),
    );
    assert.equal((wrongName as NodeJS.ErrnoException).code, 'ERR_TLS_CERT_ALTNAME_INVALID');
    assert.equal(proxy.requests.length, 0);
    const nonsense = driver.connect(url, {
      proxy: `https://localhost:${proxy.port}`,
      tls,
      proxyTls: { cert: 'nonsense' },
    });
    assert.match(String(((await rejection(nonsense)) as NodeJS.ErrnoException).code), /^ERR_OSSL/);
    await noSocketTo(proxy.port);
  });
});

describe('the option proxy', () => {
  for (const [proxy, proxyTls, expected] of [
    ['nonsense', undefined, "InvalidProxy: nonsense isn't a valid proxy: scheme  isn't supported"],
    ['http://user@p', undefined, "InvalidProxy: http://user@p isn't a valid proxy: username provided without password"],
    ['http://p', {}, 'RangeError: proxy_ssl argument is incompatible with an http:// proxy'],
    ['socks5h://p', {}, 'RangeError: proxy_ssl argument is incompatible with a SOCKS proxy'],
    ['https://p', null, 'RangeError: proxy_ssl=None is incompatible with an https:// proxy'],
    [false, undefined, 'TypeError: proxy must be a string, true or null'],
    [{}, undefined, 'TypeError: proxy must be a string, true or null'],
  ] as const) {
    test(`throws at once for ${JSON.stringify(proxy)} with ${JSON.stringify(proxyTls)}: ${expected}`, () => {
      const options = { proxy, proxyTls } as unknown as ConnectOptions;
      assert.throws(
        () => driver.connect('wss://h/', options),
        (error) => String(error) === expected,
      );
    });
  }

  test('is by default what the environment says, as it is when connecting begins', async () => {
    await using s = await serving(echo);
    await using proxy = await forwardingProxy(s.port);
    const connecting = driver.connect(`ws://localhost:${s.port}/`);
    process.env['https_proxy'] = httpAt(proxy.port);
    assert.equal(getProxy('ws://server.example/'), httpAt(proxy.port));
    await using client = await connecting;
    assert.deepEqual(client.remoteAddress, ['127.0.0.1', proxy.port]);

    process.env['no_proxy'] = '127.0.0.1';
    assert.equal(getProxy(s.url), null);
    await using direct = await driver.connect(s.url, { proxy: true });
    assert.deepEqual(direct.remoteAddress, ['127.0.0.1', s.port]);
  });

  test('null goes to the server whatever the environment says', async () => {
    await using s = await serving(echo);
    process.env['ws_proxy'] = 'nonsense';
    await using client = await driver.connect(s.url, { proxy: null });
    assert.deepEqual(client.remoteAddress, ['127.0.0.1', s.port]);
  });

  test('rejects when the environment names no proxy that can be used', async () => {
    process.env['ws_proxy'] = 'proxy.example:3128';
    const error = await rejection(driver.connect('ws://server.example/'));
    assert.ok(error instanceof InvalidProxy);
    assert.equal(error.message, "proxy.example:3128 isn't a valid proxy: scheme proxy.example isn't supported");
    process.env['ws_proxy'] = 'http://proxy.example';
    assert.equal(
      await rejectionText(driver.connect('ws://server.example/', { proxyTls: {} })),
      'RangeError: proxy_ssl argument is incompatible with an http:// proxy',
    );
  });

  test('says nothing about a socket that is connected already', async () => {
    await using s = await serving(echo);
    process.env['ws_proxy'] = 'nonsense';
    const socket = new Socket({ allowHalfOpen: true }).connect(s.port, '127.0.0.1');
    await once(socket, 'connect');
    await using client = await driver.connect(s.url, { socket });
    assert.equal(client.state, 'OPEN');
  });
});

describe('the tunnel of a SOCKS proxy', () => {
  const GRANTED_5 = '\x05\x00\x00\x01\0\0\0\0\0\0';
  const GRANTED_4 = '\0\x5a\0\0\0\0\0\0';
  const socks = (scheme: string, port: number, user = ''): string => `${scheme}://${user}127.0.0.1:${port}`;
  const text = async (peer: RawPeer, count: number): Promise<string> =>
    (await peer.link.take(count))!.toString('latin1');

  /** Talks SOCKS with a client up to the last answer, which is for the test to give. Gives what the client asked for. */
  async function requested(uri: string, scheme: string, take: number, user = ''): Promise<string> {
    await using proxy = await driver.listen();
    const connecting = rejection(driver.connect(uri, { proxy: socks(scheme, proxy.port, user) }));
    const peer = await proxy.peer();
    if (scheme.startsWith('socks5')) {
      await peer.link.take(user === '' ? 3 : 4);
      peer.socket.write(user === '' ? '\x05\x00' : '\x05\x02');
    }
    const asked = await text(peer, take);
    peer.destroy();
    await connecting;
    return asked;
  }

  test('is asked for with the name of the server where the proxy resolves it', async () => {
    assert.equal(await requested('ws://server.example/', 'socks5h', 21), '\x05\x01\0\x03\x0eserver.example\0\x50');
    assert.equal(await requested('ws://server.example/', 'socks4a', 24), '\x04\x01\0\x50\0\0\0\x01\0server.example\0');
  });

  test('is asked for with the address of the server where we resolve it', async () => {
    assert.match(
      await requested('ws://localhost:258/', 'socks5', 10),
      /^\x05\x01\0(?:\x01\x7f\0\0\x01\x01\x02|\x04\0{6})$/,
    );
    assert.equal(await requested('ws://localhost:258/', 'socks4', 9), '\x04\x01\x01\x02\x7f\0\0\x01\0');
    assert.equal(await requested('ws://[::1]:258/', 'socks5h', 22), `\x05\x01\0\x04${'\0'.repeat(15)}\x01\x01\x02`);
  });

  test('is asked for with user name and password, or the user name alone for SOCKS4', async () => {
    assert.equal(await requested('ws://h/', 'socks5h', 10, 'user:pass@'), '\x01\x04user\x04pas'.slice(0, 10));
    assert.equal(await requested('ws://127.0.0.1/', 'socks4', 13, 'user:pass@'), '\x04\x01\0\x50\x7f\0\0\x01user\0');
  });

  for (const [scheme, greeting, answers] of [
    ['socks5h', 3, ['\x05\x00', GRANTED_5]],
    ['socks4a', 24, [GRANTED_4]],
  ] as const) {
    const last = scheme === 'socks5h' ? 21 : 0;
    for (const isByteByByte of [false, true]) {
      test(`is there after the answers of ${scheme}${isByteByByte ? ', byte by byte' : ''}`, async () => {
        await using proxy = await driver.listen();
        const openTimeoutMs = isByteByByte ? null : 2_147_483_000;
        const options = { proxy: socks(scheme, proxy.port), openTimeoutMs };
        const connecting = driver.connect('ws://server.example/', options).then((c) => c);
        const peer = await proxy.peer();
        await peer.link.take(greeting);
        for (const [index, answer] of answers.entries()) {
          if (index > 0) await peer.link.take(last);
          await peer.link.write(Buffer.from(answer, 'latin1'), isByteByByte ? 'bytes' : 'whole');
        }
        await peer.accept();
        const client = await connecting;
        peer.send({ opcode: 1, payload: 'through' });
        assert.equal(await client.recv(), 'through');
        const closing = client.close();
        await peer.finishClosing();
        await closing;
        assert.equal(client.closeCode, 1000);
      });
    }

    test(`delivers what the server says together with the answer of ${scheme}`, async () => {
      await using proxy = await driver.listen();
      const connecting = rejection(driver.connect('ws://server.example/', { proxy: socks(scheme, proxy.port) }));
      const peer = await proxy.peer();
      await peer.link.take(greeting);
      for (const answer of answers.slice(0, -1)) {
        peer.socket.write(answer, 'latin1');
        await peer.link.take(last);
      }
      peer.socket.write(`${answers.at(-1)}HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\n\r\nno entry`, 'latin1');
      const error = await connecting;
      assert.ok(error instanceof InvalidStatus);
      assert.equal(Buffer.from(error.response.body).toString(), 'no entry');
    });
  }

  for (const [title, scheme, treat, cause] of [
    ['speaks another protocol', 'socks5h', (peer) => peer.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), /version/],
    [
      'accepts no way to log in',
      'socks5h',
      (peer) => peer.socket.write('\x05\xff', 'latin1'),
      /no accepted authentication/i,
    ],
    [
      'answers with an address of no known kind',
      'socks5h',
      (peer) => peer.socket.write('\x05\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x50', 'latin1'),
      /no known kind of address/,
    ],
    ['ends at once', 'socks5h', (peer) => peer.socket.end(), /connection closed while negotiating/],
    ['refuses', 'socks4a', (peer) => peer.socket.write('\0\x5b\0\0\0\0\0\0', 'latin1'), /rejected/i],
    ['ends in its answer', 'socks4a', (peer) => peer.socket.end('\0\x5a'), /connection closed while negotiating/],
  ] as readonly [string, string, (peer: RawPeer) => unknown, RegExp][]) {
    test(`is not there when the proxy ${title}`, async () => {
      const error = await socksFailure(scheme, treat);
      assert.ok(error instanceof ProxyError);
      assert.equal(error.message, 'failed to connect to SOCKS proxy');
      assert.match((error.cause as Error).message, cause);
    });
  }

  /** As {@link failure}, for a SOCKS proxy after the client's first words. */
  async function socksFailure(
    scheme: string,
    treat: (peer: RawPeer) => unknown,
    options: ConnectOptions = {},
    user = '',
  ): Promise<Error> {
    await using proxy = await driver.listen();
    const connecting = rejection(
      driver.connect('ws://server.example/', { proxy: socks(scheme, proxy.port, user), ...options }),
    );
    const peer = await proxy.peer();
    await peer.link.take(3);
    await treat(peer);
    const error = await connecting;
    await peer.ended();
    return error;
  }

  test('is not there when the proxy resets the connection: an error of the network', async () => {
    const error = await socksFailure('socks5h', (peer) => void peer.socket.resetAndDestroy());
    assert.equal((error as NodeJS.ErrnoException).code, 'ECONNRESET');
  });

  test('is given up after openTimeoutMs, and when the signal says so', async () => {
    assert.ok((await socksFailure('socks5h', () => {}, { openTimeoutMs: 50 })) instanceof TimeoutError);
    const abort = new AbortController();
    const error = await socksFailure('socks5h', () => abort.abort(new Error('enough')), { signal: abort.signal });
    assert.equal(error.message, 'enough');
  });

  test('does not show the password in its errors', async () => {
    const { inspect } = await import('node:util');
    const refused = await socksFailure(
      'socks5h',
      (peer) => peer.socket.write('\x05\xff', 'latin1'),
      {},
      'user:secret@',
    );
    assert.doesNotMatch(inspect(refused, { depth: 9 }), /secret/);
    const tooLong = `user:${'x'.repeat(300)}@`;
    const error = await socksFailure('socks5h', (peer) => peer.socket.write('\x05\x02', 'latin1'), {}, tooLong);
    assert.equal(error.message, 'failed to connect to SOCKS proxy');
  });

  test('cannot lead to an IPv6 address by SOCKS4', async () => {
    await using proxy = await driver.listen();
    const error = await rejection(driver.connect('ws://[::1]/', { proxy: socks('socks4', proxy.port) }));
    assert.ok(error instanceof ProxyError);
    assert.equal((error.cause as Error).message, 'SOCKS4 knows no IPv6 addresses: ::1');
  });
});
