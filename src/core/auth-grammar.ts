// The grammars of authentication (RFC 9110 §11): challenges and credentials, Basic and Digest. Knows no passwords and no hashes.
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts';
import { decodeUtf8, encodeUtf8, utf8Problem } from '../bytes/utf8.ts';
import { InvalidHeaderValue } from './exceptions/handshake-errors.ts';
import { HeaderCursor, TOKEN } from './header-cursor.ts';
import { isFieldValue } from './http-characters.ts';

const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*/y;
const PARAMETER = new RegExp(`${TOKEN.source}[\\t ]*=`, 'y');
const QUOTED_STRING = /"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"/y;
const QUOTED_PAIR = /\\(.)/g;

/** One way to authenticate that a server or proxy offers, or the credentials that a client answers with. */
export interface Challenge {
  /** As `basic` or `digest`: in lower case. */
  readonly scheme: string;
  /** By name in lower case; quoted values without their quotes. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What stands there instead of parameters; null: nothing does. */
  readonly token68: string | null;
}

/**
 * The challenges of a `WWW-Authenticate` or `Proxy-Authenticate` field, in order (RFC 9110 §11.6.1).
 * @param name of the field, for errors.
 * @throws {InvalidHeaderFormat} the value does not fit the grammar.
 */
export function parseChallenges(name: string, value: string): Challenge[] {
  const cursor = new HeaderCursor(name, value);
  cursor.skipCommas();
  const challenges: Challenge[] = [];
  do {
    challenges.push(parseChallenge(cursor));
  } while (!cursor.isAtEnd);
  return challenges;
}

/**
 * The credentials of an `Authorization` or `Proxy-Authorization` field (RFC 9110 §11.6.2).
 * @param name of the field, for errors.
 * @throws {InvalidHeaderFormat} the value does not fit the grammar.
 */
export function parseCredentials(name: string, value: string): Challenge {
  const cursor = new HeaderCursor(name, value);
  const credentials = parseChallenge(cursor);
  if (!cursor.isAtEnd) cursor.fail('trailing data');
  return credentials;
}

/** A scheme and what belongs to it, with the commas behind it. */
function parseChallenge(cursor: HeaderCursor): Challenge {
  const scheme = cursor.expect(TOKEN, 'expected token').toLowerCase();
  const parameters = new Map<string, string>();
  const token68 = cursor.isAtCharacter(' ') ? matchToken68(cursor) : null;
  do {
    // What looks like a parameter is one; anything else after a comma is the next scheme.
    if (isAtParameter(cursor)) parseParameter(cursor, parameters);
    cursor.skipSpaces();
    if (!cursor.isAtEnd && !cursor.skipCommas()) cursor.fail('expected comma');
  } while (isAtParameter(cursor));
  return { scheme, parameters, token68 };
}

/** `abc==` is one when nothing follows it; before a value it is the name of a parameter. */
function matchToken68(cursor: HeaderCursor): string | null {
  cursor.skipSpaces();
  const start = cursor.at;
  const token68 = cursor.match(TOKEN68);
  cursor.skipSpaces();
  if (token68 !== null && (cursor.isAtEnd || cursor.isAtCharacter(','))) return token68;
  cursor.goBackTo(start);
  return null;
}

function isAtParameter(cursor: HeaderCursor): boolean {
  const start = cursor.at;
  const isParameter = cursor.match(PARAMETER) !== null;
  cursor.goBackTo(start);
  return isParameter;
}

function parseParameter(cursor: HeaderCursor, parameters: Map<string, string>): void {
  const start = cursor.at;
  const name = cursor.expect(TOKEN, 'expected token').toLowerCase();
  if (parameters.has(name)) cursor.fail('duplicate parameter', start);
  cursor.skipSpaces();
  cursor.skip('=');
  cursor.skipSpaces();
  const value = cursor.isAtCharacter('"')
    ? cursor.expect(QUOTED_STRING, 'expected quoted string').slice(1, -1).replace(QUOTED_PAIR, '$1')
    : cursor.expect(TOKEN, 'expected token');
  parameters.set(name, value);
}

/**
 * A quoted string (RFC 9110 §5.6.4).
 * @throws {RangeError} the text has a character that may not stand in a header.
 */
export function quoted(text: string): string {
  if (!isFieldValue(text)) throw new RangeError('invalid characters for quoted-string encoding');
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * User name and password of an `Authorization` field with Basic credentials (RFC 7617 §2).
 * @throws {InvalidHeaderFormat} the value does not fit the grammar.
 * @throws {InvalidHeaderValue} the scheme is another one, or the credentials are not base64 of `user:password` in UTF-8.
 */
export function parseAuthorizationBasic(value: string): [username: string, password: string] {
  const name = 'Authorization';
  const cursor = new HeaderCursor(name, value);
  const scheme = cursor.expect(TOKEN, 'expected token');
  if (scheme.toLowerCase() !== 'basic') throw new InvalidHeaderValue(name, `unsupported scheme: ${scheme}`);
  if (!cursor.skip(' ')) cursor.fail('expected space after scheme');
  const credentials = decodeBase64(cursor.expect(TOKEN68, 'expected token68'));
  if (!cursor.isAtEnd) cursor.fail('trailing data');
  if (credentials === null || utf8Problem(credentials) !== null) {
    throw new InvalidHeaderValue(name, 'expected base64-encoded credentials');
  }
  const text = decodeUtf8(credentials);
  const colon = text.indexOf(':');
  if (colon === -1) throw new InvalidHeaderValue(name, 'expected username:password credentials');
  return [text.slice(0, colon), text.slice(colon + 1)];
}

/**
 * The value of an `Authorization` field with Basic credentials (RFC 7617 §2).
 * @throws {RangeError} the user name has a colon, which the receiver would take for the end of it.
 */
export function buildAuthorizationBasic(username: string, password: string): string {
  if (username.includes(':')) throw new RangeError('a username for basic authentication cannot have a colon');
  return `Basic ${encodeBase64(encodeUtf8(`${username}:${password}`))}`;
}

/**
 * The value of a `WWW-Authenticate` field that asks for Basic credentials in UTF-8 (RFC 7617 §2).
 * @throws {RangeError} the realm has a character that may not stand in a header.
 */
export function buildWwwAuthenticateBasic(realm: string): string {
  return `Basic realm=${quoted(realm)}, charset="UTF-8"`;
}
