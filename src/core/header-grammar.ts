// The grammars of the headers in the opening handshake: from value to parts and back. Knows nothing of what the parts mean.
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts';
import { decodeUtf8, encodeUtf8, utf8Problem } from '../bytes/utf8.ts';
import { InvalidHeaderFormat, InvalidHeaderValue } from './exceptions/handshake-errors.ts';
import type { ExtensionHeader, ExtensionParameter } from './extension.ts';
import { isFieldValue, isToken, TOKEN_CHARACTER } from './http-characters.ts';

// Every pattern is sticky, matches at one place only, and has no two ways to match the same text: linear in time.
const TOKEN = new RegExp(`${TOKEN_CHARACTER}+`, 'y');
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*/y;
const PROTOCOL = new RegExp(`${TOKEN.source}(?:/${TOKEN.source})?`, 'y');
const QUOTED_STRING = /"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t\x20-\x7e\x80-\xff])*"/y;

const QUOTED_PAIR = /\\(.)/g;

/** A place in a header's value, moving from left to right, that knows how to say what was expected there. */
class Cursor {
  readonly #name: string;
  readonly #value: string;
  #at = 0;

  constructor(name: string, value: string) {
    this.#name = name;
    this.#value = value;
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#value.length;
  }

  /** Whether this character stands here. */
  isAtCharacter(character: string): boolean {
    return this.#value[this.#at] === character;
  }

  /** Steps over the character if it stands here. */
  skip(character: string): boolean {
    if (!this.isAtCharacter(character)) return false;
    this.#at += 1;
    return true;
  }

  skipSpaces(): void {
    while (this.isAtCharacter(' ') || this.isAtCharacter('\t')) this.#at += 1;
  }

  /** Steps over what the pattern matches here and returns it; null: no match. */
  match(pattern: RegExp): string | null {
    const start = this.#at;
    pattern.lastIndex = start;
    if (!pattern.test(this.#value)) return null;
    this.#at = pattern.lastIndex;
    return this.#value.slice(start, this.#at);
  }

  /** As {@link match}, for what has to stand here. */
  expect(pattern: RegExp, problem: string): string {
    return this.match(pattern) ?? this.fail(problem);
  }

  /** @throws {InvalidHeaderFormat} always, with the place. */
  fail(problem: string, at: number = this.#at): never {
    throw new InvalidHeaderFormat(this.#name, problem, this.#value, at);
  }
}

/**
 * A list with at least one item (RFC 9110 §5.6.1). Empty items are passed over, as a recipient must: `,a ,, b,` has two
 * items. Space before the first item is not, because the parser of the message has trimmed it.
 */
function parseList<Item>(cursor: Cursor, parseItem: (cursor: Cursor) => Item): Item[] {
  skipCommas(cursor);
  const items: Item[] = [];
  do {
    items.push(parseItem(cursor));
    cursor.skipSpaces();
    if (cursor.isAtEnd) return items;
    if (!skipCommas(cursor)) cursor.fail('expected comma');
  } while (!cursor.isAtEnd);
  return items;
}

function skipCommas(cursor: Cursor): boolean {
  let skipped = false;
  while (cursor.skip(',')) {
    skipped = true;
    cursor.skipSpaces();
  }
  return skipped;
}

const parseToken = (cursor: Cursor): string => cursor.expect(TOKEN, 'expected token');
const parseProtocol = (cursor: Cursor): string => cursor.expect(PROTOCOL, 'expected protocol');

/**
 * The options of a `Connection` field (RFC 9110 §7.6.1).
 * @throws {InvalidHeaderFormat} the value does not fit the grammar.
 */
export const parseConnection = (value: string): string[] => parseList(new Cursor('Connection', value), parseToken);

/**
 * The protocols of an `Upgrade` field, with their versions if they have some (RFC 9110 §7.8).
 * @throws {InvalidHeaderFormat} the value does not fit the grammar.
 */
export const parseUpgrade = (value: string): string[] => parseList(new Cursor('Upgrade', value), parseProtocol);

/**
 * The names in a `Sec-WebSocket-Protocol` field (RFC 6455 §11.3.4).
 * @throws {InvalidHeaderFormat} the value does not fit the grammar.
 */
export const parseSubprotocol = (value: string): string[] =>
  parseList(new Cursor('Sec-WebSocket-Protocol', value), parseToken);

/** The value of a `Sec-WebSocket-Protocol` field. The names are taken as they are: see {@link validateSubprotocols}. */
export const buildSubprotocol = (subprotocols: readonly string[]): string => subprotocols.join(', ');

/**
 * Checks a list of subprotocols that a user has configured.
 * @throws {TypeError} it is not an array.
 * @throws {RangeError} an item is not a token (RFC 6455 §4.1).
 */
export function validateSubprotocols(subprotocols: readonly string[]): void {
  if (typeof subprotocols === 'string') throw new TypeError('subprotocols must be a list, not a str');
  if (!Array.isArray(subprotocols)) throw new TypeError('subprotocols must be a list');
  for (const item of subprotocols as readonly unknown[]) {
    if (typeof item !== 'string' || !isToken(item)) throw new RangeError(`invalid subprotocol: ${String(item)}`);
  }
}

/**
 * The extensions of a `Sec-WebSocket-Extensions` field (RFC 6455 §9.1), parameters in order and with their repetitions.
 * @throws {InvalidHeaderFormat} the value does not fit the grammar.
 */
export const parseExtension = (value: string): ExtensionHeader[] =>
  parseList(new Cursor('Sec-WebSocket-Extensions', value), parseExtensionItem);

function parseExtensionItem(cursor: Cursor): ExtensionHeader {
  const name = parseToken(cursor);
  const parameters: ExtensionParameter[] = [];
  for (;;) {
    cursor.skipSpaces();
    if (!cursor.skip(';')) return [name, parameters];
    cursor.skipSpaces();
    parameters.push(parseExtensionParameter(cursor));
  }
}

function parseExtensionParameter(cursor: Cursor): ExtensionParameter {
  const name = parseToken(cursor);
  cursor.skipSpaces();
  if (!cursor.skip('=')) return [name, null];
  cursor.skipSpaces();
  return [name, cursor.isAtCharacter('"') ? parseQuotedToken(cursor) : parseToken(cursor)];
}

/** RFC 6455 §9.1: what is left of a quoted string after unescaping must still be a token. */
function parseQuotedToken(cursor: Cursor): string {
  const quote = cursor.at;
  const content = cursor.expect(QUOTED_STRING, 'expected quoted string').slice(1, -1).replace(QUOTED_PAIR, '$1');
  if (!isToken(content)) cursor.fail('invalid quoted header content', quote);
  return content;
}

/** The value of a `Sec-WebSocket-Extensions` field. Names and values are taken as they are: bare tokens. */
export function buildExtension(extensions: readonly ExtensionHeader[]): string {
  let text = '';
  for (const [name, parameters] of extensions) {
    text += text === '' ? name : `, ${name}`;
    for (const [parameter, value] of parameters) text += value === null ? `; ${parameter}` : `; ${parameter}=${value}`;
  }
  return text;
}

/**
 * User name and password of an `Authorization` field with Basic credentials (RFC 7617 §2).
 * @throws {InvalidHeaderFormat} the value does not fit the grammar.
 * @throws {InvalidHeaderValue} the scheme is another one, or the credentials are not base64 of `user:password` in UTF-8.
 */
export function parseAuthorizationBasic(value: string): [username: string, password: string] {
  const name = 'Authorization';
  const cursor = new Cursor(name, value);
  const scheme = parseToken(cursor);
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
  if (!isFieldValue(realm)) throw new RangeError('invalid characters for quoted-string encoding');
  return `Basic realm="${realm.replace(/["\\]/g, '\\$&')}", charset="UTF-8"`;
}
