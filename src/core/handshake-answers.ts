// Knows every answer that a server gives in the opening handshake (RFC 6455 §4.2.2). Knows not how it came to it.
import { encodeUtf8 } from '../bytes/utf8.ts';
import {
  HeaderLineTooLong,
  InvalidHandshake,
  InvalidHeaderValue,
  InvalidMethod,
  InvalidOrigin,
  InvalidProtocol,
  InvalidUpgrade,
  RequestLineTooLong,
  TooManyHeaders,
} from './exceptions/handshake-errors.ts';
import { addHeaders } from './handshake-headers.ts';
import { Headers, type HeadersLike, headersOf } from './headers.ts';
import { formatHttpDate, Response, statusPhrase } from './http-message.ts';

const UPGRADE = ['Upgrade', 'websocket'] as const;

/** What the answer to a good request says. */
export interface SwitchingProtocolsOptions {
  /** `Sec-WebSocket-Accept`: see `acceptKey`. */
  readonly acceptValue: string;
  /** `Sec-WebSocket-Extensions`; null: none is sent. */
  readonly extensionHeader: string | null;
  /** `Sec-WebSocket-Protocol`; null: none is sent. */
  readonly subprotocol: string | null;
  /** The time for `Date`, in milliseconds since the epoch. */
  readonly now: number;
}

/** The answer that opens the connection: 101, and from then on frames (RFC 6455 §4.2.2). */
export function switchingProtocols(options: SwitchingProtocolsOptions): Response {
  const { acceptValue, extensionHeader, subprotocol, now } = options;
  const fields = [
    'Date',
    formatHttpDate(now),
    ...UPGRADE,
    'Connection',
    'Upgrade',
    'Sec-WebSocket-Accept',
    acceptValue,
  ];
  const headers = headersOf(fields);
  if (extensionHeader !== null) headers.append('Sec-WebSocket-Extensions', extensionHeader);
  if (subprotocol !== null) headers.append('Sec-WebSocket-Protocol', subprotocol);
  return new Response(101, statusPhrase(101), headers);
}

/**
 * An answer in plain text, after which the connection ends.
 *
 * @param extraHeaders follow ours, as `Allow`, `Location` or `WWW-Authenticate`.
 * @param now the time for `Date`, in milliseconds since the epoch.
 * @throws {RangeError} nobody has registered the status, or it announces another response (1xx).
 * @throws {TypeError} an extra header cannot be sent: see `addHeaders`.
 */
export function rejection(status: number, text: string, extraHeaders: HeadersLike, now: number): Response {
  if (status < 200) throw new RangeError(`status ${status} cannot end a handshake`);
  const phrase = statusPhrase(status);
  const body = encodeUtf8(text);
  const headers = new Headers([
    ['Date', formatHttpDate(now)],
    ['Connection', 'close'],
    ['Content-Length', String(body.length)],
    ['Content-Type', 'text/plain; charset=utf-8'],
  ]);
  addHeaders(headers, extraHeaders);
  return new Response(status, phrase, headers, body);
}

/** How a failed check is answered. */
interface Answer {
  readonly status: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** A second paragraph, for the developer who reads the body. */
  readonly hint?: string;
  readonly fits: (error: InvalidHandshake) => boolean;
}

/** Every answer that is neither 400 nor 500. The first row that fits is taken. */
const ANSWERS: readonly Answer[] = [
  { status: 405, headers: [['Allow', 'GET']], fits: (error) => InvalidMethod.is(error) },
  { status: 505, fits: (error) => InvalidProtocol.is(error) },
  { status: 414, fits: (error) => RequestLineTooLong.is(error) },
  { status: 431, fits: (error) => HeaderLineTooLong.is(error) || TooManyHeaders.is(error) },
  {
    status: 403,
    hint: 'The option "allowedHosts" of the server says which hosts it answers for.',
    fits: (error) => InvalidHeaderValue.is(error) && error.headerName === 'Host',
  },
  {
    status: 403,
    hint: 'The option "origins" of the server says which pages may connect.',
    fits: (error) => InvalidOrigin.is(error),
  },
  {
    status: 426,
    headers: [UPGRADE],
    hint: 'You cannot access a WebSocket server directly with a browser. You need a WebSocket client.',
    fits: (error) => InvalidUpgrade.is(error),
  },
  {
    // RFC 6455 §4.2.2: the versions that we speak stand beside the refusal.
    status: 426,
    headers: [UPGRADE, ['Sec-WebSocket-Version', '13']],
    fits: (error) => InvalidHeaderValue.is(error) && error.headerName === 'Sec-WebSocket-Version',
  },
];

/**
 * The answer to a request that failed with this error: any InvalidHandshake has its status, anything else is our own
 * mistake and a 500 that keeps its text to itself.
 *
 * @param now the time for `Date`, in milliseconds since the epoch.
 */
export function rejectionFor(error: unknown, now: number): Response {
  if (!InvalidHandshake.is(error)) return rejection(500, INTERNAL_ERROR_TEXT, [], now);
  const answer = ANSWERS.find(({ fits }) => fits(error));
  if (answer === undefined) return rejection(400, failureText(messageWithCauses(error)), [], now);
  const { status, headers = [], hint } = answer;
  const text = failureText(error.message);
  return rejection(status, hint === undefined ? text : `${text}\n${hint}\n`, headers, now);
}

/** The answer to a request that did not arrive in time: 408 (RFC 9110 §15.5.9). */
export const requestTimeout = (now: number): Response => rejection(408, failureText('request took too long'), [], now);

/**
 * The answer to a request that arrives while the server stops: 503 (RFC 9110 §15.6.4).
 * @param retryAfterSeconds when it pays to come again. Default null: not told.
 */
export function serverShuttingDown(now: number, retryAfterSeconds: number | null = null): Response {
  const headers: HeadersLike = retryAfterSeconds === null ? [] : [['Retry-After', String(retryAfterSeconds)]];
  return rejection(503, 'Server is shutting down.\n', headers, now);
}

const INTERNAL_ERROR_TEXT = 'Failed to open a WebSocket connection.\nSee server log for more information.\n';

const failureText = (message: string): string => `Failed to open a WebSocket connection: ${message}.\n`;

/** The message of the error and of what caused it, as deep as it goes. */
function messageWithCauses(error: Error): string {
  const messages: string[] = [];
  const seen = new Set<unknown>();
  for (let next: unknown = error; next instanceof Error && !seen.has(next); next = next.cause) {
    seen.add(next);
    messages.push(next.message);
  }
  return messages.join('; ');
}
