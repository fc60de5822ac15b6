// The server's opening handshake from outside: hooks, policies, deadlines, and clients that take their time.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidStatus, NegotiationError, Response, type ServeOptions } from 'websockets-ts';
import { TEXT } from '../conformance/wire.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { deferred, driver, echo, rejection, serving } from './meet.ts';

const status = (answer: string): string => answer.slice(9, 12);
const body = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

/** The whole answer to a request. */
async function answerTo(options: ServeOptions, headers: Readonly<Record<string, string | null>> = {}): Promise<string> {
  await using s = await serving(echo, { logger: new LogRecorder('error'), ...options });
  const peer = await driver.dial(s.port);
  peer.socket.write(peer.request(headers));
  const head = await peer.head();
  if (status(head) === '101') {
    peer.destroy();
    return head;
  }
  const rest = await peer.rest();
  peer.destroy();
  return head + rest;
}

const teapot = (): Response =>
  new Response(418, "I'm a teapot", [['X-Kind', 'tea']], new TextEncoder().encode('short\n'));
const later = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(value)));

describe('processRequest', () => {
  for (const [title, processRequest] of [
    ['nothing', () => undefined],
    ['null', () => null],
    ['nothing later', () => later(undefined)],
  ] as const) {
    test(`that returns ${title} lets the handshake go on`, async () => {
      assert.equal(status(await answerTo({ processRequest })), '101');
    });
  }

  for (const [title, processRequest] of [
    ['returns', teapot],
    ['resolves to', () => later(teapot())],
  ] as const) {
    test(`that ${title} a response has it sent instead, with our Server header`, async () => {
      const answer = await answerTo({ processRequest });
      assert.match(answer, /^HTTP\/1\.1 418 I'm a teapot\r\nX-Kind: tea\r\nServer: Node\.js\/\S+ websockets\/\S+\r\n/);
      assert.equal(body(answer), 'short\n');
    });
  }

  for (const [title, processRequest] of [
    [
      'throws',
      () => {
        throw new RangeError('secret');
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('secret'))],
  ] as const) {
    test(`that ${title} is a 500 that keeps its text, and a line in the log`, async () => {
      const logger = new LogRecorder();
      const answer = await answerTo({ processRequest, logger });
      assert.equal(status(answer), '500');
      assert.equal(body(answer), 'Failed to open a WebSocket connection.\nSee server log for more information.\n');
      assert.deepEqual(logger.texts('error'), ['process_request failed']);
    });
  }

  test('may return the same response again and again: nothing is added to it', async () => {
    const shared = teapot();
    const mine = teapot();
    mine.headers.append('Server', 'mine/1');
    await using s = await serving(echo, {
      processRequest: (_, { path }) => (path === '/mine' ? mine : shared),
    });
    for (let i = 0; i < 3; i++) {
      const error = await rejection(driver.connect(s.url));
      assert.equal((error as InvalidStatus).response.headers.getAll('Server').length, 1);
    }
    const error = await rejection(driver.connect(`${s.url}mine`));
    assert.deepEqual((error as InvalidStatus).response.headers.getAll('Server'), ['mine/1']);
    assert.equal(shared.headers.has('Server'), false);
  });

  test('sees the request, and may respond', async () => {
    const answer = await answerTo(
      {
        processRequest: (connection, request) => {
          assert.equal(connection.request, request);
          assert.equal(connection.state, 'CONNECTING');
          return connection.respond(403, `${request.path} ${request.headers.get('X-Mine')}\n`);
        },
      },
      { 'X-Mine': 'yes' },
    );
    assert.equal(status(answer), '403');
    assert.equal(body(answer), '/ yes\n');
  });

  test('sees requests that are no handshakes too, and may serve them', async () => {
    await using s = await serving(echo, {
      processRequest: (connection, { method, path, protocol }) =>
        path === '/healthz' ? connection.respond(200, 'OK\n') : connection.respond(404, `${method} ${protocol}\n`),
    });
    const answer = async (line: string): Promise<string> => {
      const peer = await driver.dial(s.port);
      peer.socket.write(`${line}\r\nHost: 127.0.0.1\r\n\r\n`);
      const text = await peer.rest();
      peer.destroy();
      return `${status(text)} ${body(text)}`;
    };
    assert.equal(await answer('GET /healthz HTTP/1.1'), '200 OK\n');
    assert.equal(await answer('GET /healthz HTTP/1.0'), '200 OK\n');
    assert.equal(await answer('POST /other HTTP/1.1'), '404 POST HTTP/1.1\n');
  });

  test('may open the connection by itself, with nothing agreed on', async () => {
    await using s = await serving(echo, {
      subprotocols: ['chat'],
      processRequest: (connection, request) => {
        const response = connection.protocol.accept(request);
        for (const name of ['Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions']) response.headers.delete(name);
        return new Response(101, 'Mine', response.headers);
      },
    });
    const peer = await driver.dial(s.port);
    assert.match(await peer.open({ 'Sec-WebSocket-Protocol': 'chat' }), /^HTTP\/1\.1 101 Mine\r\n/);
    peer.send({ opcode: TEXT, payload: 'x' });
    assert.equal((await peer.frame())?.payload.toString(), 'x');
    peer.destroy();
  });

  test('is not asked about a request that cannot be parsed', async () => {
    let asked = false;
    await using s = await serving(echo, {
      logger: new LogRecorder('error'),
      processRequest: () => {
        asked = true;
      },
    });
    const peer = await driver.dial(s.port);
    peer.socket.write('nonsense\r\n\r\n');
    assert.equal(status(await peer.rest()), '400');
    peer.destroy();
    assert.equal(asked, false);
  });

  test('may take longer than the client waits', async () => {
    const hook = deferred();
    const inside = deferred();
    await using s = await serving(echo, {
      processRequest: () => {
        inside.resolve();
        return hook.promise;
      },
    });
    const peer = await driver.dial(s.port);
    peer.socket.write(peer.request());
    await inside.promise;
    peer.socket.resetAndDestroy();
    hook.resolve();
    await using client = await driver.connect(s.url);
    await client.close();
  });
});

describe('processResponse', () => {
  test('may change the answer in place', async () => {
    const answer = await answerTo({ processResponse: (_c, _q, response) => response.headers.append('X-Mine', 'yes') });
    assert.equal(status(answer), '101');
    assert.match(answer, /\r\nX-Mine: yes\r\n/);
    assert.match(answer, /\r\nServer: /);
  });

  for (const [title, processResponse] of [
    ['returns', teapot],
    ['resolves to', () => later(teapot())],
  ] as const) {
    test(`that ${title} another response has it sent, without our Server header`, async () => {
      const answer = await answerTo({ processResponse });
      assert.equal(answer, "HTTP/1.1 418 I'm a teapot\r\nX-Kind: tea\r\n\r\nshort\n");
    });
  }

  for (const [title, processResponse] of [
    [
      'throws',
      () => {
        throw new RangeError('secret');
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('secret'))],
  ] as const) {
    test(`that ${title} is a 500, and a line in the log`, async () => {
      const logger = new LogRecorder();
      assert.equal(status(await answerTo({ processResponse, logger })), '500');
      assert.deepEqual(logger.texts('error'), ['process_response failed']);
    });
  }

  test('sees refusals too', async () => {
    const seen: number[] = [];
    const processResponse = (_c: unknown, _q: unknown, response: Response): void => {
      seen.push(response.statusCode);
    };
    assert.equal(status(await answerTo({ processResponse }, { Upgrade: null })), '426');
    assert.deepEqual(seen, [426]);
  });
});

describe('the Server header', () => {
  for (const [serverHeader, expected] of [
    ['mine/1', /\r\nServer: mine\/1\r\n/],
    [null, /^(?![\s\S]*\r\nServer:)/],
  ] as const) {
    test(`is as the option says: ${serverHeader}`, async () => {
      assert.match(await answerTo({ serverHeader }), expected);
    });
  }
});

describe('the policy of a server', () => {
  for (const [title, options, headers, expected] of [
    ['no Origin', {}, {}, '101'],
    ['a page of the same host', {}, { Origin: 'http://127.0.0.1:1234' }, '101'],
    ['a page of another host', {}, { Origin: 'https://evil.example' }, '403'],
    ['a page without an origin', {}, { Origin: 'null' }, '403'],
    ['any page with origins: null', { origins: null }, { Origin: 'https://evil.example' }, '101'],
    ['a listed page', { origins: ['https://a.example'] }, { Origin: 'https://a.example' }, '101'],
    ['a page that is not listed', { origins: ['https://a.example'] }, { Origin: 'http://a.example' }, '403'],
    ['no Origin, when the list has no null', { origins: ['https://a.example'] }, {}, '403'],
    ['a page that matches', { origins: [/^https:\/\/[a-z]+\.example$/] }, { Origin: 'https://b.example' }, '101'],
    ['a name that is not the loopback, on the loopback', {}, { Host: 'rebound.example' }, '403'],
    ['localhost, on the loopback', {}, { Host: 'localhost' }, '101'],
    ['any name with allowedHosts: null', { allowedHosts: null }, { Host: 'any.example' }, '101'],
    ['a name that is allowed', { allowedHosts: ['app.example'] }, { Host: 'app.example' }, '101'],
    ['a name that is not allowed', { allowedHosts: ['app.example'] }, { Host: '127.0.0.1' }, '403'],
    ['no Host', {}, { Host: null }, '400'],
  ] as const) {
    test(`answers ${title} with ${expected}`, async () => {
      const answer = await answerTo(options as ServeOptions, headers);
      assert.equal(status(answer), expected);
      if (expected === '403') assert.match(answer, /The option "(origins|allowedHosts)" of the server/);
    });
  }
});

describe('subprotocols', () => {
  const connectWith = async (options: ServeOptions, offered: readonly string[]): Promise<string | null> => {
    await using s = await serving(echo, options);
    await using client = await driver.connect(s.url, offered.length === 0 ? {} : { subprotocols: offered });
    return client.subprotocol;
  };

  test('are chosen by the order of the server', async () => {
    assert.equal(await connectWith({ subprotocols: ['b', 'a'] }, ['a', 'b']), 'b');
    assert.equal(await connectWith({}, ['a']), null);
  });

  test('are chosen by the function of the server', async () => {
    const seen: unknown[] = [];
    const options: ServeOptions = {
      selectSubprotocol: (connection, offered) => {
        seen.push(connection.state, offered);
        return offered.at(-1);
      },
    };
    assert.equal(await connectWith(options, ['a', 'b']), 'b');
    assert.deepEqual(seen, ['CONNECTING', ['a', 'b']]);
  });

  test('that fit none are refused with 400', async () => {
    const error = await rejection(connectWith({ subprotocols: ['a'] }, ['b']));
    assert.ok(error instanceof InvalidStatus);
    assert.equal(error.response.statusCode, 400);
    const refused = await rejection(
      connectWith(
        {
          selectSubprotocol: () => {
            throw new NegotiationError('not today');
          },
        },
        ['b'],
      ),
    );
    assert.match(Buffer.from((refused as InvalidStatus).response.body).toString(), /not today/);
  });
});

describe('a client that takes its time', () => {
  test('is answered with 408 when it says nothing', async () => {
    await using s = await serving(echo, { openTimeoutMs: 30, logger: new LogRecorder('error') });
    const peer = await driver.dial(s.port);
    assert.equal(status(await peer.rest()), '408');
    peer.destroy();
  });

  test('is answered with 408 when its request comes drop by drop', async () => {
    await using s = await serving(echo, { openTimeoutMs: 60, logger: new LogRecorder('error') });
    const peer = await driver.dial(s.port);
    const request = peer.request();
    let at = 0;
    const dripping = setInterval(() => peer.socket.write(request[at++]!), 10);
    const answer = await peer.rest();
    clearInterval(dripping);
    peer.destroy();
    assert.equal(status(answer), '408');
  });

  test('is answered with 408 when a hook takes longer', async () => {
    const hook = deferred();
    const answer = await answerTo({ openTimeoutMs: 30, processRequest: () => hook.promise });
    hook.resolve();
    assert.equal(status(answer), '408');
  });

  test('may take for ever with openTimeoutMs: null', async () => {
    await using s = await serving(echo, { openTimeoutMs: null });
    const peer = await driver.dial(s.port);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(status(await peer.open()), '101');
    peer.destroy();
  });

  test('is dropped when maxPending others came after it; who is quick gets in', async () => {
    await using s = await serving(echo, { maxPending: 2 });
    const idle = [];
    for (let i = 0; i < 3; i++) idle.push(await driver.dial(s.port));
    await idle[0]!.ended();
    await using client = await driver.connect(s.url);
    await client.send('x');
    assert.equal(await client.recv(), 'x');
    for (const peer of idle) peer.destroy();
  });

  test('may send frames together with its request', async () => {
    for (const options of [{}, { processRequest: () => later(null) }]) {
      await using s = await serving(echo, { compression: null, ...options });
      const peer = await driver.dial(s.port);
      peer.socket.cork();
      peer.socket.write(peer.request());
      peer.send({ opcode: TEXT, payload: 'early' });
      peer.socket.uncork();
      assert.equal(status(await peer.head()), '101');
      assert.equal((await peer.frame())?.payload.toString(), 'early');
      peer.destroy();
    }
  });
});
