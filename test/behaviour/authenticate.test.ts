// `authenticate`: when a server asks who its client is, what becomes of the answer, and who sees it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type InvalidStatus, type Request, Response, type ServeOptions, ServerConnection } from 'websockets-ts';
import { TEXT } from '../conformance/wire.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { deferred, driver, echo, isPending, rejection, serving, untilClosed } from './meet.ts';

interface User {
  readonly name: string;
}

/** The user that the path names; nobody else is let in. */
const byPath = ({ path }: Request): User | Response =>
  path === '/ann' ? { name: 'Ann' } : new Response(401, 'Unauthorized', [['WWW-Authenticate', 'Mine']]);

const refusal = async (connecting: PromiseLike<unknown>): Promise<InvalidStatus['response']> =>
  ((await rejection(connecting)) as InvalidStatus).response;

describe('authenticate', () => {
  for (const [title, authenticate] of [
    ['returns', byPath],
    ['resolves to', async (request: Request) => byPath(request)],
  ] as const) {
    test(`lets in with the data that it ${title}`, async () => {
      const seen = deferred<unknown>();
      const handler = (connection: ServerConnection): Promise<void> => {
        seen.resolve(connection.data);
        return connection.closed;
      };
      await using s = await serving(handler, { authenticate });
      await using _client = await driver.connect(`${s.url}ann`);
      assert.deepEqual(await seen.promise, { name: 'Ann' });
    });

    test(`refuses with the response that it ${title}`, async () => {
      const logger = new LogRecorder();
      await using s = await serving(echo, { authenticate, logger });
      const response = await refusal(driver.connect(`${s.url}bob`));
      assert.equal(response.statusCode, 401);
      assert.equal(response.headers.get('WWW-Authenticate'), 'Mine');
      assert.match(response.headers.get('Server') ?? '', /websockets/);
      assert.ok(logger.texts('info').includes('HTTP response sent (401 Unauthorized)'));
    });
  }

  for (const [title, authenticate] of [
    [
      'throws',
      () => {
        throw new RangeError('secret');
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('secret'))],
  ] as const) {
    test(`that ${title} is a 500 that keeps its text, and an error in the log`, async () => {
      const logger = new LogRecorder();
      await using s = await serving(echo, { authenticate, logger });
      const response = await refusal(driver.connect(s.url));
      assert.equal(response.statusCode, 500);
      assert.doesNotMatch(Buffer.from(response.body).toString(), /secret/);
      assert.deepEqual(logger.texts('error'), ['authenticate failed']);
      const line = logger.lines.find(({ level }) => level === 'error');
      assert.equal(String(line?.context?.error), 'RangeError: secret');
    });
  }

  test('refuses with 500 when it returns the Response of fetch, which was meant as a refusal', async () => {
    const logger = new LogRecorder();
    const authenticate = () => new globalThis.Response('no', { status: 401 });
    await using s = await serving(echo, { authenticate, logger });
    assert.equal((await refusal(driver.connect(s.url))).statusCode, 500);
    const line = logger.lines.find(({ level }) => level === 'error');
    assert.equal(String(line?.context?.error), 'TypeError: this Response is not the one of websockets-ts');
  });

  test('lets in with null and undefined too', async () => {
    for (const data of [null, undefined]) {
      const seen: unknown[] = [];
      await using s = await serving({ open: (connection) => seen.push(connection.data) }, { authenticate: () => data });
      await using client = await driver.connect(s.url);
      await client.ping();
      assert.deepEqual(seen, [data]);
    }
  });

  test('may respond by the connection, and knows where the client is', async () => {
    await using s = await serving(echo, {
      authenticate: (_, connection) => connection.respond(403, `not you, ${connection.remoteAddress?.[0]}\n`),
    });
    const response = await refusal(driver.connect(s.url));
    assert.equal(Buffer.from(response.body).toString(), 'not you, 127.0.0.1\n');
  });

  for (const [title, headers, expected] of [
    ['names another host', { Host: 'rebound.example' }, 403],
    ['comes from a page of another host', { Origin: 'https://evil.example' }, 403],
    ['speaks another version', { 'Sec-WebSocket-Version': '8' }, 426],
    ['has no key', { 'Sec-WebSocket-Key': null }, 400],
    ['is no upgrade', { Upgrade: null }, 426],
  ] as const) {
    test(`is not asked about a request that ${title}`, async () => {
      let isAsked = false;
      const logger = new LogRecorder();
      const authenticate = (): void => {
        isAsked = true;
      };
      await using s = await serving(echo, { authenticate, logger });
      const peer = await driver.dial(s.port);
      assert.equal((await peer.open(headers)).slice(9, 12), String(expected));
      peer.destroy();
      assert.equal(isAsked, false);
      assert.match(logger.texts('info').join('\n'), new RegExp(`connection rejected \\(${expected} `));
    });
  }

  test('is asked after processRequest, and before anybody who may look at the data', async () => {
    const calls: string[] = [];
    const note =
      (name: string) =>
      ({ data }: ServerConnection): undefined => {
        calls.push(`${name} ${JSON.stringify(data)}`);
      };
    const options: ServeOptions = {
      processRequest: note('processRequest'),
      authenticate: (_, connection) => {
        note('authenticate')(connection);
        return 1;
      },
      selectSubprotocol: note('selectSubprotocol'),
      processResponse: note('processResponse'),
    };
    await using s = await serving({ open: note('open') }, options);
    await using client = await driver.connect(s.url);
    await client.ping();
    assert.deepEqual(calls, [
      'processRequest undefined',
      'authenticate undefined',
      'selectSubprotocol 1',
      'processResponse 1',
      'open 1',
    ]);
  });

  test('is not asked about a request that processRequest has answered', async () => {
    let isAsked = false;
    await using s = await serving(echo, {
      processRequest: (connection) => connection.respond(200, 'OK\n'),
      authenticate: () => {
        isAsked = true;
      },
    });
    assert.equal((await refusal(driver.connect(s.url))).statusCode, 200);
    assert.equal(isAsked, false);
  });

  test('has nothing sent to the client while it thinks, and keeps what comes meanwhile', async () => {
    const answer = deferred();
    const asked = deferred();
    await using s = await serving(echo, {
      compression: null,
      authenticate: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    const peer = await driver.dial(s.port);
    peer.socket.write(peer.request());
    peer.send({ opcode: TEXT, payload: 'early' });
    const head = peer.head();
    await asked.promise;
    assert.equal(await isPending(head), true);
    answer.resolve();
    assert.match(await head, /^HTTP\/1\.1 101 /);
    assert.equal((await peer.frame())?.payload.toString(), 'early');
    peer.destroy();
  });

  test('is within the time for opening', async () => {
    const answer = deferred();
    await using s = await serving(echo, { openTimeoutMs: 30, authenticate: () => answer.promise });
    const response = await refusal(driver.connect(s.url));
    assert.equal(response.statusCode, 408);
    answer.resolve();
  });

  test('lets nobody in who has gone meanwhile', async () => {
    const answer = deferred();
    const asked = deferred();
    const gone = deferred();
    let opened = 0;
    await using s = await serving(
      { open: () => opened++ },
      {
        authenticate: (_, connection) => {
          asked.resolve();
          void connection.closed.then(gone.resolve);
          return answer.promise;
        },
      },
    );
    const peer = await driver.dial(s.port);
    peer.socket.write(peer.request());
    await asked.promise;
    peer.socket.resetAndDestroy();
    await gone.promise;
    answer.resolve();
    await using client = await driver.connect(s.url);
    await client.ping();
    assert.equal(opened, 1);
  });

  test('fills in the data of a class of the user', async () => {
    class Mine extends ServerConnection<null, User> {
      get greeting(): string {
        return `hello ${this.data.name}`;
      }
    }
    await using server = await driver.serve((connection) => connection.send(connection.greeting), {
      host: '127.0.0.1',
      createConnection: (...args: ConstructorParameters<typeof Mine>) => new Mine(...args),
      authenticate: byPath,
    });
    await using client = await driver.connect(`ws://127.0.0.1:${server.addresses[0]![1]}/ann`);
    assert.equal(await client.recv(), 'hello Ann');
  });
});

test('the data of a connection is yours to assign without authenticate', async () => {
  const seen: unknown[] = [];
  await using server = await driver.serve<never, { count: number } | undefined>(
    (connection) => {
      seen.push(connection.data);
      connection.data = { count: 1 };
      return untilClosed(connection);
    },
    { host: '127.0.0.1' },
  );
  await using client = await driver.connect(`ws://127.0.0.1:${server.addresses[0]![1]}/`);
  await client.ping();
  assert.deepEqual(seen, [undefined]);
  assert.deepEqual(
    [...server.connections].map(({ data }) => data),
    [{ count: 1 }],
  );
});
