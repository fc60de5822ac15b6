// Digest access authentication (RFC 7616): what a challenge asks for, and the numbers that answer it. Knows no sockets; the hash
// comes from outside.
import { decodeLatin1, encodeLatin1 } from '../bytes/latin1.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import { type Challenge, parseChallenges, quoted } from './auth-grammar.ts';
import { InvalidHeaderFormat } from './exceptions/handshake-errors.ts';
import { isFieldValue } from './http-characters.ts';

/** Hashes bytes; the result in hexadecimal digits, lower case. Throws for a function that the runtime does not have. */
export type Hash = (name: HashName, bytes: Uint8Array) => string;

/** The hash functions of RFC 7616 §3.2. */
export type HashName = 'md5' | 'sha256' | 'sha512-256';

/** The algorithms of Digest (RFC 7616 §6.1). Those with `-sess` hash the first nonce of each side into the secret. */
export type DigestAlgorithm = 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess' | 'SHA-512-256' | 'SHA-512-256-sess';

const HASHES: Readonly<Record<DigestAlgorithm, HashName>> = {
  MD5: 'md5',
  'MD5-sess': 'md5',
  'SHA-256': 'sha256',
  'SHA-256-sess': 'sha256',
  'SHA-512-256': 'sha512-256',
  'SHA-512-256-sess': 'sha512-256',
};

/** Weakest first. */
const ALGORITHMS = Object.keys(HASHES) as readonly DigestAlgorithm[];

/** What a server or proxy asks for (RFC 7616 §3.3). */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  /** Is sent back as it came; null: nothing is. */
  readonly opaque: string | null;
  readonly algorithm: DigestAlgorithm;
  /** Whether `qop=auth` is asked for; if not, the server is one of RFC 2069. */
  readonly hasQop: boolean;
  /** Whether only the nonce of the last answer was too old, and its password right. */
  readonly isStale: boolean;
  /** Whether the user's name is to be sent as a hash. */
  readonly hashesUsername: boolean;
  /** Whether the server says that it takes names and passwords for UTF-8, as RFC 7616 has it; older ones take them as they come. */
  readonly takesUtf8: boolean;
}

/**
 * The strongest Digest challenge among the values of a `WWW-Authenticate` or `Proxy-Authenticate` field that can be answered
 * with `qop=auth`, or without `qop` where the server knows none. Null: there is none. Values that don't fit the grammar are
 * passed over.
 */
export function bestDigestChallenge(values: readonly string[]): DigestChallenge | null {
  let best: DigestChallenge | null = null;
  for (const challenge of values.flatMap(challengesIn)) {
    const digest = digestChallenge(challenge);
    if (digest !== null && (best === null || strength(digest) > strength(best))) best = digest;
  }
  return best;
}

const strength = ({ algorithm }: DigestChallenge): number => ALGORITHMS.indexOf(algorithm);

function challengesIn(value: string): Challenge[] {
  try {
    return parseChallenges('WWW-Authenticate', value);
  } catch (error) {
    if (!(error instanceof InvalidHeaderFormat)) throw error;
    return []; // An offer that can't be read is no offer.
  }
}

function digestChallenge({ scheme, parameters }: Challenge): DigestChallenge | null {
  const realm = parameters.get('realm');
  const nonce = parameters.get('nonce');
  const algorithm = algorithmNamed(parameters.get('algorithm') ?? 'MD5');
  const qop = parameters.get('qop');
  if (scheme !== 'digest' || realm === undefined || nonce === undefined || algorithm === null) return null;
  if (qop !== undefined && !qop.split(',').some((option) => isWord(option.trim(), 'auth'))) return null;
  return {
    realm,
    nonce,
    opaque: parameters.get('opaque') ?? null,
    algorithm,
    hasQop: qop !== undefined,
    isStale: isWord(parameters.get('stale'), 'true'),
    hashesUsername: isWord(parameters.get('userhash'), 'true'),
    takesUtf8: isWord(parameters.get('charset'), 'utf-8'),
  };
}

/** The algorithm of this name in any case; null: we don't know it. */
export const algorithmNamed = (name: string): DigestAlgorithm | null =>
  ALGORITHMS.find((algorithm) => isWord(name, algorithm.toLowerCase())) ?? null;

const isWord = (text: string | undefined, word: string): boolean => text?.toLowerCase() === word;

/** Who asks to be let in. */
export interface UserCredentials {
  readonly username: string;
  readonly password: string;
}

/** What a response is calculated from, beside the secret. */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  readonly method: string;
  /** The request target as it stands in the request line, for CONNECT `host:port`. */
  readonly uri: string;
  readonly nonce: string;
  readonly cnonce: string;
  /** The nonce count: 8 hexadecimal digits. Null: no `qop` (RFC 2069). */
  readonly nc: string | null;
}

/** H(username:realm:password) of RFC 7616 §3.4.2: what a server may keep instead of passwords, and must keep as secret. */
export function digestSecret(
  algorithm: DigestAlgorithm,
  { username, password }: UserCredentials,
  realm: string,
  hash: Hash,
): string {
  return hashed(algorithm, `${byteText(username)}:${realm}:${byteText(password)}`, hash);
}

/** H(username:realm) of RFC 7616 §3.4.4: the name where `userhash` is asked for. */
export const hashedUsername = (algorithm: DigestAlgorithm, username: string, realm: string, hash: Hash): string =>
  hashed(algorithm, `${byteText(username)}:${realm}`, hash);

/** Names and passwords are Unicode and hashed as UTF-8 (RFC 7616 §4); what travels in a header is bytes already. */
const byteText = (text: string): string => decodeLatin1(encodeUtf8(text));

/** H(bytes), the bytes given as characters. */
const hashed = (algorithm: DigestAlgorithm, bytes: string, hash: Hash): string =>
  hash(HASHES[algorithm], encodeLatin1(bytes));

/** The response (RFC 7616 §3.4.1) to whom the secret is known: see {@link digestSecret}. */
export function digestResponse(secret: string, input: DigestInput, hash: Hash): string {
  const { algorithm, method, uri, nonce, cnonce, nc } = input;
  const h = (text: string): string => hashed(algorithm, text, hash);
  const first = algorithm.endsWith('-sess') ? h(`${secret}:${nonce}:${cnonce}`) : secret;
  const second = h(`${method}:${uri}`);
  return h(nc === null ? `${first}:${nonce}:${second}` : `${first}:${nonce}:${nc}:${cnonce}:auth:${second}`);
}

/** Where a {@link DigestSession} gets what it can't calculate. */
export interface DigestSource {
  readonly hash: Hash;
  /** The client's nonce: visible ASCII without quotes, fresh and unpredictable. */
  readonly cnonce: string;
}

/** Answers one challenge, for as many requests as the server accepts its nonce. */
export class DigestSession {
  readonly #challenge: DigestChallenge;
  readonly #user: UserCredentials;
  readonly #source: DigestSource;
  readonly #secret: string;
  #count = 0;

  /** @throws what `hash` throws when the runtime does not have the challenge's algorithm. */
  constructor(challenge: DigestChallenge, user: UserCredentials, source: DigestSource) {
    this.#challenge = challenge;
    this.#user = user;
    this.#source = source;
    this.#secret = digestSecret(challenge.algorithm, user, challenge.realm, source.hash);
  }

  /** The value of `Authorization` or `Proxy-Authorization` for the next request (RFC 7616 §3.4). */
  authorization(method: string, uri: string): string {
    const { realm, nonce, opaque, algorithm, hasQop, hashesUsername } = this.#challenge;
    const { hash, cnonce } = this.#source;
    this.#count += 1;
    const nc = hasQop ? this.#count.toString(16).padStart(8, '0') : null;
    const response = digestResponse(this.#secret, { algorithm, method, uri, nonce, cnonce, nc }, hash);
    const fields = [
      this.#username(),
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(uri)}`,
      `algorithm=${algorithm}`,
      `response="${response}"`,
    ];
    if (nc !== null) fields.push('qop=auth', `nc=${nc}`);
    if (nc !== null || algorithm.endsWith('-sess')) fields.push(`cnonce=${quoted(cnonce)}`);
    if (opaque !== null) fields.push(`opaque=${quoted(opaque)}`);
    if (hashesUsername) fields.push('userhash=true');
    return `Digest ${fields.join(', ')}`;
  }

  #username(): string {
    const { username } = this.#user;
    const { algorithm, realm, hashesUsername, takesUtf8 } = this.#challenge;
    if (hashesUsername) return `username="${hashedUsername(algorithm, username, realm, this.#source.hash)}"`;
    // As bytes, for servers of the time before RFC 7616: Apache knows no other way.
    const asBytes = byteText(username);
    if (isFieldValue(asBytes) && (!takesUtf8 || asBytes === username)) return `username=${quoted(asBytes)}`;
    // RFC 7616 §3.4: what a quoted string can't hold as ASCII goes in the notation of RFC 8187.
    return `username*=UTF-8''${encodeURIComponent(username).replace(/[!'()*]/g, percentEncoded)}`;
  }
}

const percentEncoded = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
