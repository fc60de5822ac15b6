// Basic and Digest on a server: who is let in, and what the others hear.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { basicAuth, digestAuth, type RequestHook, type ServeOptions, type ServerConnection } from 'websockets-ts';
import { buildAuthorizationBasic, parseChallenges } from 'websockets-ts/headers';
import { bestDigestChallenge, DigestSession } from '#dist/core/digest.js';
import { LogRecorder } from '../support/log-recorder.ts';
import { driver, serving } from './meet.ts';

/** What a request with this Authorization comes to: the status, the body, the challenges, and who it is for the handler. */
interface Outcome {
  readonly status: string;
  readonly body: string;
  readonly challenges: readonly string[];
  readonly username: string | undefined;
}

type Ask = (authorization?: string | readonly string[], path?: string) => Promise<Outcome>;

/** Asks a server with this hook, as often as the test likes. */
async function asking(processRequest: RequestHook, test: (ask: Ask) => Promise<void>, options: ServeOptions = {}) {
  let username: string | undefined;
  const greet = (connection: ServerConnection): void => {
    username = connection.username;
  };
  await using s = await serving(greet, { logger: new LogRecorder('error'), ...options, processRequest });
  await test(async (authorization = [], path = '/') => {
    username = undefined;
    const peer = await driver.dial(s.port);
    const values = typeof authorization === 'string' ? [authorization] : authorization;
    const repeated = values.map((value) => `Authorization: ${value}\r\n`).join('');
    peer.socket.write(peer.request({}, path).replace('\r\n', `\r\n${repeated}`), 'latin1');
    const head = await peer.head();
    const status = head.slice(9, 12);
    const body = status === '101' ? '' : await peer.rest();
    peer.destroy();
    const challenges = [...head.matchAll(/^WWW-Authenticate: (.*)\r$/gm)].map(([, value]) => value!);
    return { status, body, challenges, username };
  });
}

const basic = (username: string, password: string): string => buildAuthorizationBasic(username, password);
const BASIC_CHALLENGE = 'Basic realm="dev", charset="UTF-8"';

describe('basicAuth', () => {
  const credentials = ['hello', 'iloveyou'] as const;

  test('lets the right user in, and names it', () =>
    asking(basicAuth({ realm: 'dev', credentials }), async (ask) => {
      const outcome = await ask(basic('hello', 'iloveyou'));
      assert.deepEqual([outcome.status, outcome.username], ['101', 'hello']);
    }));

  test('refuses everybody else with 401 and a challenge', () =>
    asking(basicAuth({ realm: 'dev', credentials }), async (ask) => {
      for (const [authorization, body] of [
        [[], 'Missing credentials\n'],
        ['Basic ****', 'Unsupported credentials\n'],
        ['Digest username="hello"', 'Unsupported credentials\n'],
        [[basic('hello', 'iloveyou'), basic('hello', 'iloveyou')], 'Unsupported credentials\n'],
        [basic('hello', 'ihateyou'), 'Invalid credentials\n'],
        [basic('hello', 'iloveyo'), 'Invalid credentials\n'],
        [basic('hello', ''), 'Invalid credentials\n'],
        [basic('goodbye', 'iloveyou'), 'Invalid credentials\n'],
        [basic('', ''), 'Invalid credentials\n'],
      ] as const) {
        assert.deepEqual(
          await ask(authorization),
          { status: '401', body, challenges: [BASIC_CHALLENGE], username: undefined },
          String(authorization),
        );
      }
    }));

  test('knows several users, and passwords that are not ASCII', () => {
    const users = new Map([
      ['ada', 'päss:wörd'],
      ['grace', ''],
    ]);
    return asking(basicAuth({ credentials: users }), async (ask) => {
      assert.equal((await ask(basic('ada', 'päss:wörd'))).username, 'ada');
      assert.equal((await ask(basic('grace', ''))).username, 'grace');
      assert.equal((await ask(basic('ada', ''))).status, '401');
    });
  });

  for (const [title, later] of [
    ['at once', <T>(value: T) => value],
    ['later', <T>(value: T) => Promise.resolve(value)],
  ] as const) {
    test(`asks checkCredentials, which answers ${title}`, () => {
      const checkCredentials = (username: string, password: string) => later(username === password);
      return asking(basicAuth({ realm: 'dev', checkCredentials }), async (ask) => {
        assert.equal((await ask(basic('same', 'same'))).username, 'same');
        const { status, body } = await ask(basic('same', 'other'));
        assert.deepEqual([status, body], ['401', 'Invalid credentials\n']);
      });
    });
  }

  test('tells the client nothing when checkCredentials throws', () => {
    const checkCredentials = () => Promise.reject(new Error('the database is on fire'));
    return asking(basicAuth({ checkCredentials }), async (ask) => {
      const { status, body } = await ask(basic('a', 'b'));
      assert.equal(status, '500');
      assert.doesNotMatch(body, /database/);
    });
  });

  test('says at once what is wrong with its options', () => {
    const make = basicAuth as (options: unknown) => unknown;
    const either = { name: 'RangeError', message: 'provide either credentials or checkCredentials' };
    assert.throws(() => make({}), either);
    assert.throws(() => make({ credentials, checkCredentials: () => true }), either);
    assert.throws(() => make({ credentials, realm: 'a\nb' }), RangeError);
    for (const bad of [42, 'hello', ['hello'], ['a', 'b', 'c'], [['a', 1]], [['a', 'b'], 'c'], {}, null]) {
      const error = { name: 'TypeError', message: /^invalid credentials argument: / };
      assert.throws(() => make({ credentials: bad }), error, JSON.stringify(bad));
    }
  });
});

const hash = (name: string, bytes: Uint8Array): string => createHash(name).update(bytes).digest('hex');

const sessionFor = (challenges: readonly string[], username: string, password: string): DigestSession => {
  const challenge = bestDigestChallenge(challenges);
  assert.ok(challenge !== null, challenges.join());
  return new DigestSession(challenge, { username, password }, { hash, cnonce: 'client' });
};

describe('digestAuth', () => {
  const credentials = ['hello', 'iloveyou'] as const;

  test('lets in who proves to know the password, again with each further count, and names the user', () =>
    asking(digestAuth({ realm: 'dev', credentials }), async (ask) => {
      const { status, body, challenges } = await ask();
      assert.deepEqual([status, body], ['401', 'Missing credentials\n']);
      const [challenge] = parseChallenges('WWW-Authenticate', challenges.join());
      assert.equal(challenge!.scheme, 'digest');
      const { nonce, ...rest } = Object.fromEntries(challenge!.parameters);
      assert.deepEqual(rest, { realm: 'dev', qop: 'auth', algorithm: 'SHA-256', charset: 'UTF-8' });
      const session = sessionFor(challenges, 'hello', 'iloveyou');
      for (const path of ['/', '/room?x=1']) {
        const outcome = await ask(session.authorization('GET', path), path);
        assert.deepEqual([outcome.status, outcome.username], ['101', 'hello'], path);
      }
    }));

  test('takes a proof once: a second time the nonce is stale, for who knows the password', () =>
    asking(digestAuth({ credentials }), async (ask) => {
      const authorization = sessionFor((await ask()).challenges, 'hello', 'iloveyou').authorization('GET', '/');
      assert.equal((await ask(authorization)).status, '101');
      const again = await ask(authorization);
      assert.deepEqual([again.status, again.body], ['401', 'Stale nonce\n']);
      assert.equal(bestDigestChallenge(again.challenges)?.isStale, true);
      const fresh = sessionFor(again.challenges, 'hello', 'iloveyou').authorization('GET', '/');
      assert.equal((await ask(fresh)).status, '101');
    }));

  test('refuses wrong users, passwords, schemes and forged nonces, and says stale to none of them', () =>
    asking(digestAuth({ realm: 'dev', credentials }), async (ask) => {
      const { challenges } = await ask();
      const good = (): string => sessionFor(challenges, 'hello', 'iloveyou').authorization('GET', '/');
      for (const [authorization, body] of [
        [sessionFor(challenges, 'hello', 'ihateyou').authorization('GET', '/'), 'Invalid'],
        [sessionFor(challenges, 'goodbye', 'iloveyou').authorization('GET', '/'), 'Invalid'],
        [sessionFor(challenges, 'goodbye', '').authorization('GET', '/'), 'Invalid'],
        [good().replace(/response="./, 'response="x'), 'Invalid'],
        [good().replace(/response="[^"]*/, 'response="'), 'Invalid'],
        [good().replace('nc=00000001', 'nc=00000002'), 'Invalid'],
        [sessionFor(challenges, 'hello', 'iloveyou').authorization('POST', '/'), 'Invalid'],
        [good().replace('realm="dev"', 'realm="prod"'), 'Unsupported'],
        [good().replace('SHA-256', 'MD5'), 'Unsupported'],
        [good().replace('nc=00000001', 'nc=1'), 'Unsupported'],
        [good().replace('qop=auth', 'qop=auth-int'), 'Unsupported'],
        [good().replace(/, cnonce="[^"]*"/, ''), 'Unsupported'],
        [`${good()}, ${good()}`, 'Unsupported'],
        [[good(), good()], 'Unsupported'],
        ['Digest', 'Unsupported'],
        [basic('hello', 'iloveyou'), 'Unsupported'],
      ] as const) {
        const outcome = await ask(authorization);
        assert.deepEqual([outcome.status, outcome.body], ['401', `${body} credentials\n`], String(authorization));
        assert.equal(bestDigestChallenge(outcome.challenges)?.isStale, false, String(authorization));
      }
      const elsewhere = sessionFor(challenges, 'hello', 'iloveyou').authorization('GET', '/other');
      assert.deepEqual((await ask(elsewhere)).status, '400');
      const forged = bestDigestChallenge(challenges)!;
      const own = new DigestSession(
        { ...forged, nonce: 'mine' },
        { username: 'hello', password: 'iloveyou' },
        { hash, cnonce: 'c' },
      );
      assert.equal((await ask(own.authorization('GET', '/'))).body, 'Stale nonce\n');
    }));

  for (const algorithm of ['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess', 'SHA-512-256', 'SHA-512-256-sess'] as const) {
    test(`speaks ${algorithm}`, () =>
      asking(digestAuth({ credentials, algorithms: [algorithm] }), async (ask) => {
        const session = sessionFor((await ask()).challenges, 'hello', 'iloveyou');
        assert.equal((await ask(session.authorization('GET', '/'))).status, '101');
      }));
  }

  test('offers several algorithms in its order', () =>
    asking(digestAuth({ credentials, algorithms: ['SHA-256', 'MD5'] }), async (ask) => {
      const { challenges } = await ask();
      assert.deepEqual(
        challenges.map((challenge) => /algorithm=([^,]*)/.exec(challenge)![1]),
        ['SHA-256', 'MD5'],
      );
      const session = sessionFor(challenges.slice(1), 'hello', 'iloveyou');
      assert.equal((await ask(session.authorization('GET', '/'))).status, '101');
    }));

  test('asks getPassword, or getSecret for the hash of one', async () => {
    const getPassword = async (username: string) => (username === 'ådà' ? 'lövelace' : null);
    await asking(digestAuth({ realm: 'é', getPassword }), async (ask) => {
      const { challenges } = await ask();
      assert.equal((await ask(sessionFor(challenges, 'ådà', 'lövelace').authorization('GET', '/'))).username, 'ådà');
      assert.equal((await ask(sessionFor(challenges, 'eve', 'lövelace').authorization('GET', '/'))).status, '401');
    });
    const secret = hash('sha256', Buffer.from('ada:r:lovelace'));
    const getSecret = (username: string, algorithm: string) =>
      username === 'ada' && algorithm === 'SHA-256' ? secret : undefined;
    await asking(digestAuth({ realm: 'r', getSecret }), async (ask) => {
      const { challenges } = await ask();
      assert.equal((await ask(sessionFor(challenges, 'ada', 'lovelace').authorization('GET', '/'))).status, '101');
      assert.equal((await ask(sessionFor(challenges, 'eve', 'lovelace').authorization('GET', '/'))).status, '401');
    });
  });

  test('calls a nonce stale when its time is over', () =>
    asking(digestAuth({ credentials, nonceLifetimeMs: 0 }), async (ask) => {
      const { challenges } = await ask();
      await new Promise((resolve) => setTimeout(resolve, 5));
      const outcome = await ask(sessionFor(challenges, 'hello', 'iloveyou').authorization('GET', '/'));
      assert.equal(outcome.body, 'Stale nonce\n');
    }));

  test('says at once what is wrong with its options', () => {
    const make = digestAuth as (options: unknown) => unknown;
    const one = { name: 'RangeError', message: 'provide exactly one of credentials, getPassword and getSecret' };
    assert.throws(() => make({}), one);
    assert.throws(() => make({ credentials, getPassword: () => null }), one);
    assert.throws(() => make({ credentials, algorithms: [] }), RangeError);
    assert.throws(() => make({ credentials, algorithms: ['SHA-1'] }), { message: 'unknown algorithm: SHA-1' });
    assert.throws(() => make({ credentials, realm: '\r\n' }), RangeError);
    assert.throws(() => make({ credentials, nonceLifetimeMs: -1 }), RangeError);
    assert.throws(() => make({ credentials: ['a'] }), TypeError);
  });
});
