// Digest authentication on a server (RFC 7616): a hook that asks for proof of a password, and not for the password. Knows no
// handshake.
import { equalInConstantTime } from '../../bytes/constant-time.ts';
import { encodeLatin1 } from '../../bytes/latin1.ts';
import { decodeUtf8, encodeUtf8, utf8Problem } from '../../bytes/utf8.ts';
import { parseCredentials, quoted } from '../../core/auth-grammar.ts';
import { algorithmNamed, type DigestAlgorithm, digestResponse, digestSecret } from '../../core/digest.ts';
import { InvalidHeader } from '../../core/exceptions.ts';
import { singleValue } from '../../core/handshake-headers.ts';
import type { Headers } from '../../core/headers.ts';
import type { Response } from '../../core/http-message.ts';
import { randomUuid } from '../../core/uuid.ts';
import { duration } from '../check-options.ts';
import type { Runtime } from '../runtime.ts';
import { type CredentialPairs, passwordsOf } from './credentials.ts';
import { DigestNonces } from './digest-nonces.ts';
import type { RequestHook } from './request-hook.ts';

type Awaitable<T> = T | Promise<T>;

/** Whom `digestAuth` lets in: exactly one of `credentials`, `getPassword` and `getSecret`. */
export interface DigestAuthOptions {
  /** What is protected, as browsers show it to their users. Default empty. */
  readonly realm?: string | undefined;
  /** One pair of user name and password, or several. */
  readonly credentials?: CredentialPairs | undefined;
  /** The password of a user; null or undefined: there is no such user. */
  readonly getPassword?: ((username: string) => Awaitable<string | null | undefined>) | undefined;
  /**
   * The hash that stands for a user's password, so that no password has to be kept: of `username:realm:password` in UTF-8, by
   * the algorithm's function, in hexadecimal digits (H(A1) of RFC 7616 §3.4.2; `htdigest` writes it for MD5). Null or
   * undefined: there is no such user.
   */
  readonly getSecret?:
    | ((username: string, algorithm: DigestAlgorithm) => Awaitable<string | null | undefined>)
    | undefined;
  /** What clients may choose from, each in a challenge of its own, in this order. Default `['SHA-256']`; add `'MD5'` for old clients. */
  readonly algorithms?: readonly DigestAlgorithm[] | undefined;
  /** Milliseconds for which a nonce is good; clients get a new one by themselves. Default 300,000. */
  readonly nonceLifetimeMs?: number | undefined;
  /** What proves that a nonce is ours: the same for processes that share clients. Default: random. */
  readonly secret?: string | undefined;
}

/** The fields of `Authorization: Digest` that the proof is over. */
interface DigestAnswer {
  readonly username: string;
  readonly algorithm: DigestAlgorithm;
  readonly uri: string;
  readonly nonce: string;
  readonly cnonce: string;
  readonly nc: string;
  readonly response: string;
}

/** As the `digestAuth` of the entries, on a runtime: see there. */
export function digestAuth(runtime: Runtime, options: DigestAuthOptions): RequestHook {
  const { realm = '', algorithms = ['SHA-256'] } = options;
  const { host, hash } = runtime;
  if (algorithms.length === 0) throw new RangeError('algorithms must not be empty');
  for (const algorithm of algorithms) {
    if (algorithmNamed(algorithm) !== algorithm) throw new RangeError(`unknown algorithm: ${algorithm}`);
  }
  const realmField = `realm=${quoted(realm)}`;
  const secretOf = secretsIn(runtime, options, realm);
  const nonces = new DigestNonces({
    host,
    hash,
    lifetimeMs: duration('nonceLifetimeMs', options.nonceLifetimeMs, 300_000) ?? Number.POSITIVE_INFINITY,
    secret: options.secret ?? randomUuid(host),
  });
  // Somebody who is not there is checked all the same, and takes as long.
  const nobody = randomUuid(host);

  const challenge = (response: Response, isStale: boolean): Response => {
    const nonce = nonces.issue();
    const stale = isStale ? ', stale=true' : '';
    for (const algorithm of algorithms) {
      const value = `Digest ${realmField}, qop="auth", algorithm=${algorithm}, nonce="${nonce}", charset=UTF-8${stale}`;
      response.headers.append('WWW-Authenticate', value);
    }
    return response;
  };
  return async (connection, request) => {
    const refuse = (text: string, isStale = false): Response => challenge(connection.respond(401, text), isStale);
    if (!request.headers.has('Authorization')) return refuse('Missing credentials\n');
    const answer = answerIn(request.headers, realm);
    if (answer === null || !algorithms.includes(answer.algorithm)) return refuse('Unsupported credentials\n');
    // RFC 7616 §3.4.6: credentials for something else may have been overheard.
    if (answer.uri !== request.path) return connection.respond(400, 'Credentials for another request\n');
    const secret = (await secretOf(answer.username, answer.algorithm)) ?? null;
    const expected = digestResponse(secret ?? nobody, { ...answer, method: request.method }, hash);
    const isRight = equalInConstantTime(encodeUtf8(expected), encodeUtf8(answer.response.toLowerCase()));
    if (!isRight || secret === null) return refuse('Invalid credentials\n');
    // Last: only who knows the password hears that nothing but the nonce was wrong.
    if (!nonces.use(answer.nonce, Number.parseInt(answer.nc, 16))) return refuse('Stale nonce\n', true);
    connection.username = answer.username;
    return null;
  };
}

/** Whoever knows the secret of a user, in whichever way the options tell. */
function secretsIn(
  { hash }: Runtime,
  { credentials, getPassword, getSecret }: DigestAuthOptions,
  realm: string,
): NonNullable<DigestAuthOptions['getSecret']> {
  if ([credentials, getPassword, getSecret].filter((given) => given !== undefined).length !== 1) {
    throw new RangeError('provide exactly one of credentials, getPassword and getSecret');
  }
  if (getSecret !== undefined) return getSecret;
  const passwords = credentials === undefined ? null : passwordsOf(credentials);
  return async (username, algorithm) => {
    const password = passwords === null ? await getPassword!(username) : passwords.get(username);
    // Hashed in any case, or the time would tell whether there is such a user.
    const secret = digestSecret(algorithm, { username, password: password ?? '' }, realm, hash);
    return password == null ? null : secret;
  };
}

/** Null: they can't be read, are of another scheme or for another realm, or lack something. */
function answerIn(headers: Headers, realm: string): DigestAnswer | null {
  let credentials: ReturnType<typeof parseCredentials>;
  try {
    credentials = parseCredentials('Authorization', singleValue(headers, 'Authorization'));
  } catch (error) {
    if (!(error instanceof InvalidHeader)) throw error;
    return null;
  }
  const { scheme, parameters } = credentials;
  const username = usernameIn(parameters);
  const algorithm = algorithmNamed(parameters.get('algorithm') ?? 'MD5');
  const [uri, nonce, cnonce, nc, response] = ['uri', 'nonce', 'cnonce', 'nc', 'response'].map(
    (name) => parameters.get(name) ?? null,
  ) as [string | null, string | null, string | null, string | null, string | null];
  if (scheme !== 'digest' || parameters.get('realm') !== realm || parameters.get('qop') !== 'auth') return null;
  if (username === null || algorithm === null || nonce === null || cnonce === null || response === null) return null;
  if (uri === null || nc === null || !/^[0-9a-f]{8}$/i.test(nc)) return null;
  return { username, algorithm, uri, nonce, cnonce, nc, response };
}

/** The user's name: as it is, mostly UTF-8 that was read as ISO-8859-1, or in the notation of RFC 8187. */
function usernameIn(parameters: ReadonlyMap<string, string>): string | null {
  const plain = parameters.get('username');
  const extended = parameters.get('username*');
  if (plain !== undefined) {
    const bytes = encodeLatin1(plain);
    return utf8Problem(bytes) === null ? decodeUtf8(bytes) : plain;
  }
  const encoded = /^utf-8'[^']*'(.*)$/i.exec(extended ?? '')?.[1];
  if (encoded === undefined) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null; // No UTF-8 behind the percent signs.
  }
}
