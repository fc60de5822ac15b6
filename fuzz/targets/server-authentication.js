// The Authorization field as a server's hooks read it, Basic and Digest: whoever gets in has shown the password for this very request,
// once; all others get one of the documented answers.
import { createHash } from 'node:crypto';
import { basicAuth } from '../../dist/connection/server/basic-auth.js';
import { digestAuth } from '../../dist/connection/server/digest-auth.js';
import { InvalidHeaderValue } from '../../dist/core/exceptions/handshake-errors.js';
import { Headers } from '../../dist/core/headers.js';
import { Request, Response } from '../../dist/core/http-message.js';
import { stillHost } from '../engine/conversation.js';
import { attempt, holds, same } from '../engine/expect.js';
import { Input, latin1Text, seed } from '../engine/input.js';

const REALM = 'r "1"';
const USER = 'Mufasa';
const PASSWORD = 'Circle of Life';
const PATH = '/chat?a=b';
const ALGORITHMS = ['SHA-256', 'MD5', 'SHA-512-256'];
const LIFETIME_MS = 60_000;

const hash = (name, bytes) => createHash(name).update(bytes).digest('hex');
let nowMs = 784_111_777_000;
const host = { ...stillHost({ native: true }), now: () => nowMs };
const digest = digestAuth(
  { host, hash },
  {
    realm: REALM,
    credentials: [USER, PASSWORD],
    algorithms: ALGORITHMS,
    nonceLifetimeMs: LIFETIME_MS,
    secret: 'the server knows it',
  },
);
const basic = basicAuth({
  realm: 'r',
  credentials: [
    [USER, PASSWORD],
    ['', ''],
    ['é', 'ü:'],
  ],
});

/** What a hook answers to a request: null, or a status; and whom it let in. */
async function ask(hook, authorization) {
  const connection = { username: null, respond: (status, text) => new Response(status, text, new Headers()) };
  const headers = new Headers(authorization === null ? [] : [['Authorization', authorization]]);
  const response = await hook(connection, new Request(PATH, headers));
  return { response, status: response?.statusCode ?? null, username: connection.username };
}

/** The proof of RFC 7616 §3.4.1, written once more. */
function proof({ algorithm, user, realm, password, nonce, nc, cnonce, uri, method }) {
  const name = { 'SHA-256': 'sha256', MD5: 'md5', 'SHA-512-256': 'sha512-256' }[algorithm];
  const h = (text) => hash(name, Buffer.from(text));
  return h(`${h(`${user}:${realm}:${password}`)}:${nonce}:${nc}:${cnonce}:auth:${h(`${method}:${uri}`)}`);
}

const GOOD = { user: USER, realm: REALM, password: PASSWORD, cnonce: 'c', uri: PATH, method: 'GET', qop: 'auth' };
/** What an input may do wrong, and what is answered then; the order is that of the checks. */
const FAULTS = [
  [{}, null],
  [{ password: 'other' }, 401],
  [{ user: 'Scar' }, 401],
  [{ realm: 'r' }, 401],
  [{ uri: '/chat' }, 400],
  [{ method: 'POST' }, 401],
  [{ qop: 'auth-int' }, 401],
  [{ cnonce: 'é"\\' }, null],
];

async function digestAnswers(input) {
  // The host makes the same nonce again and again, in the same millisecond.
  nowMs += 1;
  const { response } = await ask(digest, null);
  const challenges = response.headers.getAll('WWW-Authenticate');
  same(challenges.length, ALGORITHMS.length, 'challenges');
  const [, nonce] = /nonce="([^"]+)"/.exec(challenges[0]);
  const algorithm = input.pick(ALGORITHMS);
  const [wrong, status] = input.pick(FAULTS);
  const nc = input.pick(['00000001', '0000000a', 'ffffffff', '00000000']);
  const late = input.byte() % 4 === 3;
  const said = { ...GOOD, ...wrong, algorithm, nonce, nc };
  const quoted = (text) => `"${latin1Text(Buffer.from(text)).replaceAll(/["\\]/g, '\\$&')}"`;
  const field = (given) =>
    `Digest username=${quoted(given.user)}, realm=${quoted(given.realm)}, uri=${quoted(given.uri)}, algorithm=${algorithm}, ` +
    `nonce=${quoted(nonce)}, nc=${nc}, cnonce=${quoted(given.cnonce)}, qop=${given.qop}, response="${proof(given)}"`;
  const text = field(said);
  if (late) nowMs += LIFETIME_MS + 1;
  const isGood = status === null && !late && nc !== '00000000';
  const first = await ask(digest, text);
  if (said.cnonce === 'c')
    same(first.status, status ?? (isGood ? null : 401), `${JSON.stringify(said)}, late: ${late}`);
  same(first.username, first.status === null ? USER : null, 'who got in');
  if (first.status !== null) return;
  holds(isGood, 'let in');
  const again = await ask(digest, text);
  same(again.status, 401, 'the same once more');
  holds(again.response.headers.getAll('WWW-Authenticate')[0].includes('stale=true'), 'stale');
}

/** Any field at all, behind a name of a scheme: nobody knows the secret by chance. */
async function digestGarbage(input) {
  const value = `Digest ${input.restText()}`;
  if (attempt(() => new Headers([['Authorization', value]]), [InvalidHeaderValue]).error !== null) return;
  const { status, username } = await ask(digest, value);
  holds((status === 401 || status === 400) && username === null, `${status} for ${value}`);
}

async function basicAnswers(input) {
  const isEncoded = input.bool();
  const bytes = input.rest();
  const value = `Basic ${isEncoded ? Buffer.from(bytes).toString('base64') : latin1Text(bytes)}`;
  if (attempt(() => new Headers([['Authorization', value]]), [InvalidHeaderValue]).error !== null) return;
  const { status, username } = await ask(basic, value);
  holds(status === null || status === 401, `status ${status}`);
  const known = [`${USER}:${PASSWORD}`, ':', 'é:ü:'];
  if (isEncoded)
    same(status === null, known.includes(Buffer.from(bytes).toString('utf8')), `whether ${value} is let in`);
  else if (status === null) holds(known.includes(Buffer.from(value.slice(6), 'base64').toString('utf8')), 'let in');
  if (status === null)
    holds(
      known.some((pair) => pair.startsWith(`${username}:`)),
      'who got in',
    );
}

const PARTS = [digestAnswers, digestGarbage, basicAnswers];

export async function fuzz(data) {
  const input = new Input(data);
  await input.pick(PARTS)(input);
}

export const hasEventLoop = true;
export const maxLength = 400;
export const words = [
  'username=',
  'realm="r \\"1\\""',
  'nonce="',
  'uri="/chat?a=b"',
  'qop=auth',
  'nc=00000001',
  'cnonce=',
  'response=',
  "username*=UTF-8''",
];
export const seeds = () => [
  ...ALGORITHMS.flatMap((_, algorithm) =>
    FAULTS.flatMap((_, fault) => [0, 1, 2, 3].map((nc) => seed([0, algorithm, fault, nc, nc]))),
  ),
  seed(
    [1],
    'username="Mufasa", realm="r \\"1\\"", uri="/chat?a=b", algorithm=MD5, nonce="a.b.c", nc=00000001, cnonce=c, qop=auth, response="0"',
  ),
  seed(
    [1],
    'username*=UTF-8\'\'Mufas%61, realm="r \\"1\\"", uri="/chat?a=b", nonce="k.", nc=00000001, cnonce=c, qop=auth, response=""',
  ),
  ...[`${USER}:${PASSWORD}`, ':', 'é:ü:', 'x', ''].map((text) => seed([2, 1], Buffer.from(text))),
  seed([2, 0], 'TXVmYXNhOkNpcmNsZSBvZiBMaWZl'),
];
