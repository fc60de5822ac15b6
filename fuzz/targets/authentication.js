// Challenges and credentials, Basic and Digest: what is read, and what we write back.
import { createHash } from 'node:crypto';
import {
  buildAuthorizationBasic,
  buildWwwAuthenticateBasic,
  parseAuthorizationBasic,
  parseChallenges,
  parseCredentials,
  quoted,
} from '../../dist/core/auth-grammar.js';
import { bestDigestChallenge, DigestSession } from '../../dist/core/digest.js';
import { InvalidHeaderFormat, InvalidHeaderValue } from '../../dist/core/exceptions/handshake-errors.js';
import { attempt, holds, inLinearTime, same } from '../engine/expect.js';
import { Input, seed } from '../engine/input.js';

const hash = (name, bytes) => createHash(name).update(bytes).digest('hex');
const isToken = (text) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);

/** The same challenges in the one way that everybody writes them. */
const write = (challenges) =>
  challenges
    .map(({ scheme, token68, parameters }) => {
      const pairs = [...parameters].map(([name, value]) => `${name}=${quoted(value)}`);
      return `${scheme} ${[...(token68 === null ? [] : [token68]), ...pairs].join(', ')}`.trimEnd();
    })
    .join(', ');

function checkChallenge({ scheme, parameters, token68 }, value) {
  holds(isToken(scheme) && scheme === scheme.toLowerCase(), `scheme ${scheme}`);
  for (const [name, text] of parameters) {
    holds(isToken(name) && name === name.toLowerCase(), `parameter ${name}`);
    holds(text.length <= value.length && /^[\t\x20-\x7e\x80-\xff]*$/.test(text), `value of ${name}`);
  }
  holds(token68 === null || /^[A-Za-z0-9\-._~+/]+=*$/.test(token68), `token68 ${token68}`);
}

function challenges(value) {
  const { value: found } = attempt(() => parseChallenges('WWW-Authenticate', value), [InvalidHeaderFormat]);
  if (found === undefined) return;
  for (const challenge of found) checkChallenge(challenge, value);
  same(parseChallenges('WWW-Authenticate', write(found)), found, 'challenges written and read again');
}

function credentials(value) {
  const { value: found } = attempt(() => parseCredentials('Authorization', value), [InvalidHeaderFormat]);
  if (found !== undefined) checkChallenge(found, value);
}

function basic(value) {
  const { value: pair } = attempt(() => parseAuthorizationBasic(value), [InvalidHeaderFormat, InvalidHeaderValue]);
  const [, base64] = /^basic ([A-Za-z0-9+/]*={0,2})$/i.exec(value) ?? [];
  const bytes = base64 !== undefined && base64 !== '' && base64.length % 4 === 0 ? Buffer.from(base64, 'base64') : null;
  if (bytes?.includes(58) && isUtf8(bytes)) {
    same(pair?.join(':'), bytes.toString('utf8'), 'user and password');
  }
  if (pair === undefined) return;
  holds(!pair[0].includes(':'), 'a name with a colon');
  same(parseAuthorizationBasic(buildAuthorizationBasic(...pair)), pair, 'Basic written and read again');
}

function isUtf8(bytes) {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}

function digest(value) {
  const challenge = bestDigestChallenge([value, 'Basic realm="x"']);
  if (challenge === null) return;
  const user = { username: 'Mufasa', password: 'Circle of Life' };
  const session = new DigestSession(challenge, user, { hash, cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' });
  const sent = session.authorization('GET', '/dir/index.html?a=b');
  holds(/^[\t\x20-\x7e\x80-\xff]*$/.test(sent), 'an answer that may not stand in a header');
  const { scheme, parameters } = parseCredentials('Authorization', sent);
  same(scheme, 'digest', 'scheme');
  same(parameters.get('realm'), challenge.realm, 'realm');
  same(parameters.get('nonce'), challenge.nonce, 'nonce');
  same(parameters.get('opaque') ?? null, challenge.opaque, 'opaque');
  same(parameters.get('uri'), '/dir/index.html?a=b', 'uri');
  holds(/^[0-9a-f]{32}(?:[0-9a-f]{32})?$/.test(parameters.get('response')), 'response');
}

function builders(value) {
  const realm = attempt(() => buildWwwAuthenticateBasic(value), [RangeError]);
  if (realm.value !== undefined) {
    const [challenge] = parseChallenges('WWW-Authenticate', realm.value);
    same(challenge.parameters.get('realm'), value, 'realm written and read');
  }
  const at = value.length >> 1;
  const built = attempt(() => buildAuthorizationBasic(value.slice(0, at), value.slice(at)), [RangeError]);
  same(built.error !== null, value.slice(0, at).includes(':'), 'whether the name has a colon');
  if (built.error === null) same(parseAuthorizationBasic(built.value), [value.slice(0, at), value.slice(at)], 'Basic');
}

const PARSERS = [challenges, credentials, basic, digest, builders];

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  input.pick(PARSERS)(input.restText());
});

export const maxLength = 2048;
export const words = [
  'Basic ',
  'Digest ',
  'realm="',
  'nonce="',
  'algorithm=SHA-256',
  'algorithm=MD5-sess',
  'SHA-512-256',
  'qop="auth,auth-int"',
  'stale=true',
  'userhash=true',
  'opaque=',
  '==',
];
export const seeds = () =>
  [
    'Basic realm="a \\" b", charset="UTF-8"',
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
    'Negotiate, Digest realm="r", nonce="n", qop="auth, auth-int", algorithm=SHA-256, opaque="o"',
    'Digest realm="r", nonce="n", algorithm=SHA-512-256-sess, userhash=true, stale=TRUE,Basic realm=x',
    'NTLM abc==, Digest nonce=n,realm=r',
    'Digest username="Mufasa", realm="r", uri="/", nc=00000001, response="0"',
  ].flatMap((value) => PARSERS.map((_, parser) => seed([parser], value)));
