// Basic and Digest of a client: when it says who it is, to whom, and what it does when the server asks.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as tcpConnect } from 'node:net';
import { describe, test } from 'node:test';
import { basicAuth, type ClientCredentials, type ConnectOptions, digestAuth, InvalidStatus } from 'websockets-ts';
import { LogRecorder } from '../support/log-recorder.ts';
import type { RawServer } from '../support/raw-peer.ts';
import { driver, echo, rejection, serving } from './meet.ts';

const user: ClientCredentials = { username: 'hello', password: 'iloveyou' };
const { username, password } = user;

const ASK = 'Digest realm="dev", nonce="n1", qop="auth", algorithm=SHA-256, opaque="o"';
const unauthorized = (...challenges: readonly string[]): string =>
  `HTTP/1.1 401 x\r\n${challenges.map((value) => `WWW-Authenticate: ${value}\r\n`).join('')}Content-Length: 0\r\n\r\n`;
const redirect = (location: string): string => `HTTP/1.1 302 x\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`;

/** What the requests say in `Authorization`, as the server answers them. A null answer accepts. */
async function authorizations(server: RawServer, ...answers: readonly (string | null)[]): Promise<string[]> {
  const seen: string[] = [];
  for (const answer of answers) {
    const peer = await server.peer();
    const request = answer === null ? await peer.accept() : await peer.head();
    seen.push(...(request.match(/(?<=^Authorization: ).*(?=\r$)/gim) ?? ['']));
    if (answer !== null) {
      peer.socket.write(answer);
      await peer.ended();
    }
  }
  return seen;
}

const field = (authorization: string, name: string): string | undefined =>
  new RegExp(`[ ,]${name}="?([^",]*)`).exec(authorization)?.[1];
const schemes = (seen: readonly string[]): string[] => seen.map((value) => value.split(' ')[0]!);

/** Opens and closes a connection while a server answers, and gives what it was told. */
async function opening(options: ConnectOptions, ...answers: readonly (string | null)[]): Promise<string[]> {
  await using server = await driver.listen();
  const connecting = driver.connect(`${server.url}chat?a=b`, options).then((client) => client);
  const seen = await authorizations(server, ...answers);
  (await connecting).abort();
  return seen;
}

/** The error of a connection that is not made, and what the server was told. */
async function refusal(options: ConnectOptions, ...answers: readonly (string | null)[]): Promise<string[]> {
  await using server = await driver.listen();
  const connecting = rejection(driver.connect(server.url, options));
  const seen = await authorizations(server, ...answers);
  const error = await connecting;
  assert.ok(error instanceof InvalidStatus, String(error));
  assert.equal(error.response.statusCode, 401);
  return seen;
}

describe('credentials', () => {
  test('go out at once as Basic by default', async () => {
    assert.deepEqual(await opening({ credentials: user }, null), ['Basic aGVsbG86aWxvdmV5b3U=']);
  });

  test('are preferred to those of the URI', async () => {
    await using server = await driver.listen();
    const uri = `ws://other:secret@127.0.0.1:${server.port}/`;
    const connecting = driver.connect(uri, { credentials: user }).then((client) => client);
    assert.deepEqual(await authorizations(server, null), ['Basic aGVsbG86aWxvdmV5b3U=']);
    (await connecting).abort();
  });

  test('answer a challenge for a digest, with the target of the request', async () => {
    const seen = await opening({ credentials: user }, unauthorized('Basic realm="dev"', ASK), null);
    assert.deepEqual(schemes(seen), ['Basic', 'Digest']);
    const digest = seen[1]!;
    assert.deepEqual(
      ['username', 'realm', 'nonce', 'uri', 'algorithm', 'qop', 'nc', 'opaque'].map((name) => field(digest, name)),
      ['hello', 'dev', 'n1', '/chat?a=b', 'SHA-256', 'auth', '00000001', 'o'],
    );
    assert.ok(field(digest, 'cnonce')!.length >= 20);
  });

  test('of scheme digest never go out as Basic', async () => {
    const credentials = { ...user, scheme: 'digest' } as const;
    assert.deepEqual(schemes(await opening({ credentials }, unauthorized(ASK), null)), ['', 'Digest']);
    assert.deepEqual(await refusal({ credentials }, unauthorized('Basic realm="dev"')), ['']);
  });

  test('of scheme basic answer no challenge', async () => {
    const seen = await refusal({ credentials: { ...user, scheme: 'basic' } }, unauthorized(ASK));
    assert.deepEqual(schemes(seen), ['Basic']);
  });

  test('are tried once: a second 401 is the end', async () => {
    const seen = await refusal({ credentials: user }, unauthorized(ASK), unauthorized(ASK));
    assert.deepEqual(schemes(seen), ['Basic', 'Digest']);
  });

  test('are tried once more when only the nonce was too old, and then no more', async () => {
    const stale = ASK.replace('n1', 'n2').concat(', stale=true');
    const again = await opening({ credentials: user }, unauthorized(ASK), unauthorized(stale), null);
    assert.deepEqual(
      again.map((value) => field(value, 'nonce')),
      [undefined, 'n1', 'n2'],
    );
    const seen = await refusal({ credentials: user }, unauthorized(ASK), unauthorized(stale), unauthorized(stale));
    assert.equal(seen.length, 3);
  });

  test('answer nothing that cannot be answered', async () => {
    for (const challenge of ['Digest realm="dev"', 'Digest realm="d", nonce="n", qop="auth-int"', 'Negotiate', '@']) {
      assert.equal((await refusal({ credentials: user }, unauthorized(challenge))).length, 1);
    }
    assert.equal((await refusal({ credentials: user }, unauthorized())).length, 1);
    assert.equal((await refusal({}, unauthorized(ASK))).length, 1);
  });

  test('answer no second time over a socket of the user: it is used up', async () => {
    await using server = await driver.listen();
    const socket = tcpConnect({ host: '127.0.0.1', port: server.port, allowHalfOpen: true });
    await once(socket, 'connect');
    const connecting = rejection(driver.connect('ws://localhost/', { socket, credentials: user }));
    await authorizations(server, unauthorized(ASK));
    assert.ok((await connecting) instanceof InvalidStatus);
  });

  test('stay across redirects within the origin, with the nonce counted', async () => {
    const seen = await opening({ credentials: user }, unauthorized(ASK), redirect('/next'), null);
    assert.deepEqual(
      seen.slice(1).map((value) => [field(value, 'uri'), field(value, 'nonce'), field(value, 'nc')]),
      [
        ['/chat?a=b', 'n1', '00000001'],
        ['/next', 'n1', '00000002'],
      ],
    );
  });

  test('of the URI are those of the URI that a redirect names, if it names any', async () => {
    await using server = await driver.listen();
    const at = `127.0.0.1:${server.port}`;
    const connecting = driver.connect(`ws://hello:iloveyou@${at}/`).then((client) => client);
    const there = [redirect('/a'), redirect(`ws://other:secret@${at}/b`), redirect(`ws://${at}/c`)];
    const seen = await authorizations(server, unauthorized(ASK), ...there, null);
    (await connecting).abort();
    assert.deepEqual(
      seen.map((value) => field(value, 'username') ?? value),
      ['Basic aGVsbG86aWxvdmV5b3U=', 'hello', 'hello', 'Basic b3RoZXI6c2VjcmV0', ''],
    );
  });

  test('may be asked for anew where a redirect leads', async () => {
    const seen = await opening({ credentials: user }, unauthorized(ASK), redirect('/next'), unauthorized(ASK), null);
    assert.deepEqual(schemes(seen), ['Basic', 'Digest', 'Digest', 'Digest']);
  });

  test('never go to another origin, though it asks', async () => {
    await using home = await driver.listen();
    await using away = await driver.listen();
    const connecting = rejection(driver.connect(home.url, { credentials: user }));
    await authorizations(home, unauthorized(ASK), redirect(away.url));
    assert.deepEqual(await authorizations(away, unauthorized(ASK)), ['']);
    assert.ok((await connecting) instanceof InvalidStatus);
  });

  test('count on with the same nonce when connections follow each other', async () => {
    await using server = await driver.listen();
    const seen: string[] = [];
    const serve = (async () => {
      seen.push(...(await authorizations(server, unauthorized(ASK))));
      for (let nc = 1; nc <= 3; nc++) seen.push(...(await authorizations(server, null)));
    })();
    let connections = 0;
    for await (const client of driver.connect(server.url, { credentials: user })) {
      client.abort();
      if (++connections === 3) break;
    }
    await serve;
    const digests = seen.slice(1);
    assert.deepEqual(
      digests.map((value) => field(value, 'nc')),
      ['00000001', '00000002', '00000003'],
    );
    assert.equal(new Set(digests.map((value) => field(value, 'cnonce'))).size, 1);
    assert.equal(new Set(digests.map((value) => field(value, 'response'))).size, 3);
  });

  for (const [credentials, name] of [
    [{ username: 'a' }, 'TypeError'],
    [{ password: 'a' }, 'TypeError'],
    [{ username: 1, password: 'a' }, 'TypeError'],
    [{ ...user, scheme: 'bearer' }, 'RangeError'],
    [{ username: 'a:b', password: 'c' }, 'RangeError'],
  ] as const) {
    test(`that are ${JSON.stringify(credentials)} throw a ${name} at once`, () => {
      assert.throws(() => driver.connect('ws://localhost/', { credentials } as unknown as ConnectOptions), { name });
    });
  }
});

describe('our own servers', () => {
  const logger = new LogRecorder('error');

  for (const algorithm of ['MD5', 'SHA-256', 'SHA-512-256', 'MD5-sess', 'SHA-256-sess', 'SHA-512-256-sess'] as const) {
    test(`let a client in by ${algorithm}, with user and password of the URI as well`, async () => {
      const processRequest = digestAuth({ realm: 'dev', credentials: [username, password], algorithms: [algorithm] });
      await using s = await serving(echo, { processRequest, logger });
      for (const [uri, options] of [
        [s.url, { credentials: { ...user, scheme: 'digest' } }],
        [`ws://${username}:${password}@127.0.0.1:${s.port}/`, {}],
      ] as const) {
        await using client = await driver.connect(uri, options);
        assert.equal(client.state, 'OPEN');
        assert.match(client.request?.headers.get('Authorization') ?? '', new RegExp(`algorithm=${algorithm},`));
      }
      const wrong = { username, password: 'wrong' };
      assert.ok((await rejection(driver.connect(s.url, { credentials: wrong }))) instanceof InvalidStatus);
    });
  }

  test('let a client in by Basic', async () => {
    const processRequest = basicAuth({ realm: 'dev', credentials: [username, password] });
    await using s = await serving(echo, { processRequest, logger });
    await using client = await driver.connect(s.url, { credentials: { username, password, scheme: 'basic' } });
    assert.equal(client.state, 'OPEN');
  });

  test('let users in whose name and password are not ASCII', async () => {
    const credentials = ['Jäsøn Doe', 'pässwörd, "quoted"'] as const;
    const processRequest = digestAuth({ realm: 'dev', credentials });
    await using s = await serving(echo, { processRequest, logger });
    await using client = await driver.connect(s.url, {
      credentials: { username: credentials[0], password: credentials[1], scheme: 'digest' },
    });
    assert.equal(client.state, 'OPEN');
  });
});
