// Knows how both sides read and write the head of the handshake: one value, the upgrade, what may be sent. Knows neither side.
import { InvalidHeader, InvalidHeaderValue, InvalidUpgrade } from './exceptions/handshake-errors.ts';
import type { ExtensionHeader } from './extension.ts';
import { buildExtension, parseConnection, parseUpgrade } from './header-grammar.ts';
import { Headers, type HeadersLike } from './headers.ts';
import { isToken } from './http-characters.ts';

/**
 * The value of a header that must be there exactly once.
 * @throws {InvalidHeader} it is missing or repeated.
 */
export function singleValue(headers: Headers, name: string): string {
  const values = headers.getAll(name);
  if (values.length > 1) throw new InvalidHeader(name, 'multiple values');
  if (values.length === 0) throw new InvalidHeader(name);
  return values[0]!;
}

/**
 * Checks that the message asks for, or agrees to, a switch to WebSocket and to nothing else (RFC 6455 §4.1, §4.2.1).
 * @throws {InvalidUpgrade} `Connection` or `Upgrade` says something else.
 * @throws {InvalidHeaderFormat} one of them is malformed.
 */
export function checkUpgrade(headers: Headers): void {
  const connection = headers.getAll('Connection');
  if (!isJust(connection, 'upgrade')) {
    const options = connection.flatMap(parseConnection);
    if (!options.some((option) => option.toLowerCase() === 'upgrade')) {
      throw new InvalidUpgrade('Connection', joinedOrNull(options));
    }
  }
  const upgrade = headers.getAll('Upgrade');
  if (!isJust(upgrade, 'websocket')) {
    const protocols = upgrade.flatMap(parseUpgrade);
    if (protocols.length !== 1 || protocols[0]!.toLowerCase() !== 'websocket') {
      throw new InvalidUpgrade('Upgrade', joinedOrNull(protocols));
    }
  }
}

/** Whether there is this one token and nothing else, as nearly everybody writes it: then the grammar need not be asked. */
const isJust = (values: readonly string[], token: string): boolean =>
  values.length === 1 && values[0]!.toLowerCase() === token;

const joinedOrNull = (items: readonly string[]): string | null => (items.length === 0 ? null : items.join(', '));

/**
 * Adds headers to a message that we will send.
 * @throws {TypeError} a name is no token, or a value has a character that may not stand in a header: CR, LF and NUL
 *   would begin a header, or a message, of their own.
 */
export function addHeaders(headers: Headers, additional: HeadersLike): void {
  // Through a container of their own: whatever looks like headers, it comes out in pairs of strings.
  for (const [name, value] of sendableHeaders(additional)) addHeader(headers, name, value);
}

/**
 * Headers of their own, from whatever looks like headers and perhaps can be read only once.
 * @throws {TypeError} a value has a character that may not stand in a header. Names are checked when they are added.
 */
export const sendableHeaders = (headers: HeadersLike): Headers => sendable(() => new Headers(headers));

/** As {@link addHeaders}, for one. */
export function addHeader(headers: Headers, name: string, value: string): void {
  if (!isToken(name)) throw new TypeError(`invalid header name: ${JSON.stringify(name)}`);
  sendable(() => headers.append(name, value));
}

/** What stands in the way of a header that we send is a mistake of ours, and no bad handshake of a peer. */
function sendable<Result>(add: () => Result): Result {
  try {
    return add();
  } catch (cause) {
    if (cause instanceof InvalidHeaderValue) throw new TypeError(cause.message, { cause });
    throw cause;
  }
}

/**
 * Writes a `Sec-WebSocket-Extensions` header.
 * @throws {TypeError} a name or value that an extension gave us is no token.
 */
export function buildExtensionHeader(entries: readonly ExtensionHeader[]): string {
  for (const [name, parameters] of entries) {
    checkToken('extension', name);
    for (const [parameter, value] of parameters) {
      checkToken('extension parameter', parameter);
      if (value !== null) checkToken(`value of extension parameter ${parameter}`, value);
    }
  }
  return buildExtension(entries);
}

/** Visible ASCII: white space would end the request target, and with it the request line, early (RFC 9112 §3.2). */
const REQUEST_TARGET = /^[!-~]+$/;

/** Whether the text can stand in a request line. */
export const isRequestTarget = (target: string): boolean => REQUEST_TARGET.test(target);

/** @throws {TypeError} the text can't stand in a request line. */
export function checkRequestTarget(target: string): void {
  if (!isRequestTarget(target)) throw new TypeError(`invalid request target: ${JSON.stringify(target)}`);
}

/** @throws {TypeError} the text is no token (RFC 9110 §5.6.2). */
export function checkToken(what: string, text: unknown): asserts text is string {
  if (typeof text !== 'string' || !isToken(text)) throw new TypeError(`invalid ${what}: ${String(text)}`);
}
