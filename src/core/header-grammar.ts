// The grammars of the headers in the opening handshake: from value to parts and back. Knows nothing of what the parts mean.
import type { ExtensionHeader, ExtensionParameter } from './extension.ts';
import { HeaderCursor, TOKEN } from './header-cursor.ts';
import { isToken } from './http-characters.ts';

const PROTOCOL = new RegExp(`${TOKEN.source}(?:/${TOKEN.source})?`, 'y');
const QUOTED_STRING = /"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t\x20-\x7e\x80-\xff])*"/y;

const QUOTED_PAIR = /\\(.)/g;

/**
 * A list with at least one item (RFC 9110 §5.6.1). Empty items are passed over, as a recipient must: `,a ,, b,` has two
 * items. Space before the first item is not, because the parser of the message has trimmed it.
 */
function parseList<Item>(cursor: HeaderCursor, parseItem: (cursor: HeaderCursor) => Item): Item[] {
  cursor.skipCommas();
  const items: Item[] = [];
  do {
    items.push(parseItem(cursor));
    cursor.skipSpaces();
    if (cursor.isAtEnd) return items;
    if (!cursor.skipCommas()) cursor.fail('expected comma');
  } while (!cursor.isAtEnd);
  return items;
}

const parseToken = (cursor: HeaderCursor): string => cursor.expect(TOKEN, 'expected token');
const parseProtocol = (cursor: HeaderCursor): string => cursor.expect(PROTOCOL, 'expected protocol');

/**
 * The options of a `Connection` field (RFC 9110 §7.6.1).
 * @throws {InvalidHeaderFormat} the value does not fit the grammar.
 */
export const parseConnection = (value: string): string[] =>
  parseList(new HeaderCursor('Connection', value), parseToken);

/**
 * The protocols of an `Upgrade` field, with their versions if they have some (RFC 9110 §7.8).
 * @throws {InvalidHeaderFormat} the value does not fit the grammar.
 */
export const parseUpgrade = (value: string): string[] => parseList(new HeaderCursor('Upgrade', value), parseProtocol);

/**
 * The names in a `Sec-WebSocket-Protocol` field (RFC 6455 §11.3.4).
 * @throws {InvalidHeaderFormat} the value does not fit the grammar.
 */
export const parseSubprotocol = (value: string): string[] =>
  parseList(new HeaderCursor('Sec-WebSocket-Protocol', value), parseToken);

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
  parseList(new HeaderCursor('Sec-WebSocket-Extensions', value), parseExtensionItem);

function parseExtensionItem(cursor: HeaderCursor): ExtensionHeader {
  const name = parseToken(cursor);
  const parameters: ExtensionParameter[] = [];
  for (;;) {
    cursor.skipSpaces();
    if (!cursor.skip(';')) return [name, parameters];
    cursor.skipSpaces();
    parameters.push(parseExtensionParameter(cursor));
  }
}

function parseExtensionParameter(cursor: HeaderCursor): ExtensionParameter {
  const name = parseToken(cursor);
  cursor.skipSpaces();
  if (!cursor.skip('=')) return [name, null];
  cursor.skipSpaces();
  return [name, cursor.isAtCharacter('"') ? parseQuotedToken(cursor) : parseToken(cursor)];
}

/** RFC 6455 §9.1: what is left of a quoted string after unescaping must still be a token. */
function parseQuotedToken(cursor: HeaderCursor): string {
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
