// The lists in Connection, Upgrade, Sec-WebSocket-Protocol and -Extensions, held against splitting at commas.
import { InvalidHeaderFormat } from '../../dist/core/exceptions/handshake-errors.js';
import {
  buildExtension,
  buildSubprotocol,
  parseConnection,
  parseExtension,
  parseSubprotocol,
  parseUpgrade,
} from '../../dist/core/header-grammar.js';
import { attempt, holds, inLinearTime, same } from '../engine/expect.js';
import { Input, seed } from '../engine/input.js';

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const isToken = (text) => new RegExp(`^${TOKEN}$`).test(text);
const isProtocol = (text) => new RegExp(`^${TOKEN}(?:/${TOKEN})?$`).test(text);
const trim = (text) => text.replace(/^[\t ]+|[\t ]+$/g, '');

/** The items of a list without quotes, or null when one is none. Space before the first is the message parser's to trim. */
function itemsOf(value, readItem) {
  if (/^[\t ]/.test(value)) return null;
  const items = value
    .split(',')
    .map(trim)
    .filter((item) => item !== '')
    .map(readItem);
  return items.length === 0 || items.includes(null) ? null : items;
}

const itemIf = (isItem) => (text) => (isItem(text) ? text : null);

function extensionOf(text) {
  const [name, ...parameters] = text.split(';').map(trim);
  const pairs = parameters.map((parameter) => {
    const [key, ...values] = parameter.split('=').map(trim);
    if (!isToken(key) || values.length > 1 || (values.length === 1 && !isToken(values[0]))) return null;
    return [key, values[0] ?? null];
  });
  return isToken(name) && !pairs.includes(null) ? [name, pairs] : null;
}

const GRAMMARS = [
  { parse: parseConnection, expected: (value) => itemsOf(value, itemIf(isToken)), build: (items) => items.join(', ') },
  {
    parse: parseUpgrade,
    expected: (value) => itemsOf(value, itemIf(isProtocol)),
    build: (items) => items.join(' ,\t'),
  },
  { parse: parseSubprotocol, expected: (value) => itemsOf(value, itemIf(isToken)), build: buildSubprotocol },
  {
    parse: parseExtension,
    expected: (value) => (value.includes('"') ? undefined : itemsOf(value, extensionOf)),
    build: buildExtension,
  },
];

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const { parse, expected, build } = input.pick(GRAMMARS);
  const value = input.restText();
  const { value: items } = attempt(() => parse(value), [InvalidHeaderFormat]);
  const wanted = expected(value);
  if (wanted !== undefined) same(items ?? null, wanted, JSON.stringify(value));
  if (items === undefined) return;
  holds(items.length > 0 && items.length <= value.length, 'a list has items, and each takes a character');
  same(parse(build(items)), items, 'written and read again');
});

export const maxLength = 2048;
export const words = ['permessage-deflate', '; ', ', ', '="', '\\"', 'websocket', 'upgrade', 'keep-alive', '/'];
export const seeds = () =>
  [
    'upgrade',
    'keep-alive, Upgrade',
    ',, a ,,\tb,',
    'websocket',
    'h2c/1, WebSocket',
    'chat, superchat',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_max_window_bits="10", x; y="\\a"; z = 1',
  ].flatMap((value) => [0, 1, 2, 3].map((grammar) => seed([grammar], value)));
