// Parsers of one HTTP/1.1 message, fed as bytes arrive (RFC 9112). Know the limits, nothing of WebSocket, and answer nobody.
import { GrowingBytes } from '../bytes/growing-bytes.ts';
import { encodeLatin1, type Latin1Codec, plainLatin1 } from '../bytes/latin1.ts';
import { decodeUtf8, utf8Problem } from '../bytes/utf8.ts';
import { escapeText } from './escape-text.ts';
import {
  HeaderLineTooLong,
  InvalidHeader,
  InvalidHeaderValue,
  RequestLineTooLong,
  SecurityError,
  StatusLineTooLong,
  TooManyHeaders,
} from './exceptions/handshake-errors.ts';
import { EndOfStreamError } from './exceptions/protocol-errors.ts';
import { type Headers, headersOf } from './headers.ts';
import { isFieldValue, isToken } from './http-characters.ts';
import { headLength, splitFields, trimSpaces } from './http-head.ts';
import { Request, Response } from './http-message.ts';
import { HttpReader, type LineTooLong } from './http-reader.ts';

/** How large an HTTP message of a peer may be. */
export interface HttpLimits {
  /** Bytes of the first line and of each header line, CRLF included. Default 8,192. */
  readonly maxLineBytes: number;
  /** Bytes of all header lines together, CRLF included, and again of all extensions of the chunks of a body. Default 65,536. */
  readonly maxHeadBytes: number;
  /** Number of header lines. Default 128. */
  readonly maxHeaders: number;
  /** Bytes of the body of a response. Default 1,048,576. */
  readonly maxBodyBytes: number;
}

/** The limits that hold where nothing else is said. */
export const HTTP_LIMITS: HttpLimits = {
  maxLineBytes: 8192,
  maxHeadBytes: 65_536,
  maxHeaders: 128,
  maxBodyBytes: 1_048_576,
};

const NOTHING = new Uint8Array(0);

/**
 * Parses one message, then is done.
 *
 * A message nearly always comes in one piece and without a flaw: then its head is read as one text, in a third of the time
 * (bench/handshake.js). For all others the grammar is written below as generators, straight down, as if all bytes were there;
 * where they are not, the generator yields until more arrive. So no byte is looked at more than twice, however the message
 * is cut.
 */
abstract class MessageParser<Message> {
  protected readonly limits: Partial<HttpLimits>;
  readonly #latin1: Latin1Codec;
  /** Made for a message that cannot be read whole. */
  #reader: HttpReader | null = null;
  #steps: Generator<void, Message> | null = null;
  #rest: Uint8Array = NOTHING;
  #isDone = false;

  /** @param limits those that differ from {@link HTTP_LIMITS}. */
  constructor(limits: Partial<HttpLimits>, latin1: Latin1Codec) {
    this.limits = limits;
    this.#latin1 = latin1;
  }

  /**
   * Takes the next bytes. Returns the message when they complete it; null: more are needed.
   *
   * Errors come as they are; to wrap them in `InvalidMessage` is up to the caller, who knows who sent what. After an
   * error the parser holds nothing and takes nothing more.
   *
   * @throws {SecurityError} the message passes a limit: `RequestLineTooLong`, `StatusLineTooLong`, `HeaderLineTooLong`,
   *   `TooManyHeaders`, or `SecurityError` itself for the body.
   * @throws {InvalidHeader} `Content-Length` is repeated or no number.
   * @throws {EndOfStreamError} a line does not end with CRLF.
   * @throws {RangeError} anything else is not as it must be, or not supported.
   */
  push(bytes: Uint8Array): Message | null {
    if (this.#reader === null && !this.#isDone) {
      const message = this.#readWhole(bytes);
      if (message !== null) return message;
    }
    return this.#advance((reader) => reader.push(bytes));
  }

  /**
   * Takes the end of the stream. Returns the message if that completes it.
   * @throws {EndOfStreamError} the stream ended before the message did.
   */
  end(): Message | null {
    return this.#advance((reader) => reader.end());
  }

  /** What followed the message: a view on the bytes of the last {@link push}. Empty until the message is complete. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  /** The message of a flawless head; null when it is one that has to be read by lines. Throws as {@link push}. */
  protected abstract readHead(line: string, headers: Headers): Message | null;

  /** Reads the message from what arrives. */
  protected abstract readLines(reader: HttpReader, limits: HttpLimits): Generator<void, Message>;

  /** The message that lies in these bytes. Null: it is not complete, has a flaw, or might pass a limit. */
  #readWhole(bytes: Uint8Array): Message | null {
    const { maxLineBytes, maxHeadBytes, maxHeaders } = this.limits;
    // What is not longer than a line may be has no line that is.
    const most = Math.min(maxLineBytes ?? HTTP_LIMITS.maxLineBytes, maxHeadBytes ?? HTTP_LIMITS.maxHeadBytes);
    const text = this.#latin1.decode(bytes, 0, Math.min(bytes.length, most));
    const length = headLength(text);
    if (length === 0) return null;
    const head = length === text.length ? text : this.#latin1.decode(bytes, 0, length);
    const fields = splitFields(head);
    if (fields.length > 2 * (maxHeaders ?? HTTP_LIMITS.maxHeaders)) return null;
    let message: Message | null;
    try {
      message = this.readHead(head.slice(0, head.indexOf('\r')), headersOf(fields, head));
    } catch (error) {
      this.#isDone = true;
      throw error;
    }
    if (message === null) return null;
    this.#isDone = true;
    if (length < bytes.length) this.#rest = bytes.subarray(length);
    return message;
  }

  #advance(take: (reader: HttpReader) => void): Message | null {
    if (this.#isDone) throw new Error('the parser is done: it parses one message');
    this.#reader ??= new HttpReader();
    this.#steps ??= this.readLines(this.#reader, { ...HTTP_LIMITS, ...this.limits });
    take(this.#reader);
    try {
      const step = this.#steps.next();
      if (!step.done) return null;
      this.#isDone = true;
      this.#rest = this.#reader.rest;
      return step.value;
    } catch (error) {
      this.#isDone = true;
      this.#reader.clear();
      throw error;
    }
  }
}

/** Parses the request of an opening handshake. A request that announces a body is an error. */
export class RequestParser extends MessageParser<Request> {
  /**
   * @param limits those that differ from {@link HTTP_LIMITS}.
   * @param latin1 the host's codec. Default: our own.
   */
  constructor(limits: Partial<HttpLimits> = {}, latin1: Latin1Codec = plainLatin1) {
    super(limits, latin1);
  }

  protected override readHead(line: string, headers: Headers): Request {
    return requestOf(parseRequestLine(line), headers);
  }

  protected override *readLines(reader: HttpReader, limits: HttpLimits): Generator<void, Request> {
    const line = yield* readLine(reader, limits.maxLineBytes, RequestLineTooLong, 'HTTP request line');
    const start = parseRequestLine(line);
    return requestOf(start, yield* readHeaders(reader, limits));
  }
}

/** What a {@link ResponseParser} may be told. */
export interface ResponseParserOptions {
  /** Those limits that differ from {@link HTTP_LIMITS}. */
  readonly limits?: Partial<HttpLimits> | undefined;
  /** Whether HTTP/1.0 is taken too, as proxies speak it. Default false. */
  readonly anyVersion?: boolean | undefined;
  /** Whether the body belongs to the message; if not, it is part of the rest, as after CONNECT. Default true. */
  readonly readBody?: boolean | undefined;
  /** Whether a body beyond its limit is cut, there or before, and nothing that follows is looked at. Default false: it is an error. */
  readonly cutBody?: boolean | undefined;
  /** The host's codec. Default: our own. */
  readonly latin1?: Latin1Codec | undefined;
}

/**
 * Parses a response with its body. Without `Content-Length` or `Transfer-Encoding` a body ends with the stream: the
 * message is complete only at {@link end}.
 */
export class ResponseParser extends MessageParser<Response> {
  readonly #anyVersion: boolean;
  readonly #readBody: boolean;
  readonly #cutBody: boolean;
  #cutBecause: SecurityError | null = null;

  constructor(options: ResponseParserOptions = {}) {
    const { limits = {}, anyVersion = false, readBody = true, cutBody = false, latin1 = plainLatin1 } = options;
    super(limits, latin1);
    this.#anyVersion = anyVersion;
    this.#readBody = readBody;
    this.#cutBody = cutBody;
  }

  /** Why the body is not all that the peer has sent or announced; null: it is. */
  get cutBecause(): SecurityError | null {
    return this.#cutBecause;
  }

  protected override readHead(line: string, headers: Headers): Response | null {
    const { status, phrase } = parseStatusLine(line, this.#anyVersion);
    return this.#hasBody(status) ? null : new Response(status, phrase, headers);
  }

  protected override *readLines(reader: HttpReader, limits: HttpLimits): Generator<void, Response> {
    const line = yield* readLine(reader, limits.maxLineBytes, StatusLineTooLong, 'HTTP status line');
    const { status, phrase } = parseStatusLine(line, this.#anyVersion);
    const headers = yield* readHeaders(reader, limits);
    if (!this.#hasBody(status)) return new Response(status, phrase, headers);
    const body = new Body(limits.maxBodyBytes, this.#cutBody);
    yield* readResponseBody(reader, headers, limits, body);
    this.#cutBecause = body.cutBecause;
    return new Response(status, phrase, headers, body.bytes.take());
  }

  /** RFC 9112 §6.3: some responses have none, whatever their headers say. */
  #hasBody(status: number): boolean {
    return this.#readBody && status >= 200 && status !== 204 && status !== 304;
  }
}

const malformed = (message: string): RangeError => new RangeError(message);

/** What method and target are made of: visible ASCII. */
const VISIBLE = /^[\x21-\x7e]+$/;

/** The three parts of a request line (RFC 9112 §3). */
interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly version: string;
}

/** The words of nearly every request, to stand in for pieces of it: a connection keeps them. */
const shared = (text: string, word: string): string => (text === word ? word : text);

function parseRequestLine(line: string): RequestLine {
  const parts = splitFirstLine(line);
  if (parts === null) throw malformed(`invalid HTTP request line: ${readable(line)}`);
  const [method, path, version] = parts;
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') {
    throw malformed(`unsupported protocol; expected HTTP/1.1 or HTTP/1.0: ${readable(line)}`);
  }
  if (!VISIBLE.test(method) || !VISIBLE.test(path)) throw malformed(`invalid HTTP request line: ${readable(line)}`);
  return { method, path, version };
}

function requestOf({ method, path, version }: RequestLine, headers: Headers): Request {
  if (headers.has('Transfer-Encoding')) throw malformed("transfer codings aren't supported");
  if (Number(contentLength(headers) ?? 0) !== 0) throw malformed('unsupported request body');
  return new Request(path, headers, shared(method, 'GET'), shared(version, 'HTTP/1.1'));
}

/** The parts of a status line that say something (RFC 9112 §4). */
interface StatusLine {
  readonly status: number;
  readonly phrase: string;
}

function parseStatusLine(line: string, anyVersion: boolean): StatusLine {
  const parts = splitFirstLine(line);
  if (parts === null) throw malformed(`invalid HTTP status line: ${readable(line)}`);
  const [version, code, phrase] = parts;
  if (version !== 'HTTP/1.1' && !(anyVersion && version === 'HTTP/1.0')) {
    const expected = anyVersion ? 'HTTP/1.1 or HTTP/1.0' : 'HTTP/1.1';
    throw malformed(`unsupported protocol; expected ${expected}: ${readable(line)}`);
  }
  if (!/^[0-9]+$/.test(code)) throw malformed(`invalid status code; expected integer; got ${readable(code)}`);
  if (!/^[1-5][0-9]{2}$/.test(code)) throw malformed(`invalid status code; expected 100–599; got ${code}`);
  if (!isFieldValue(phrase)) throw malformed(`invalid HTTP reason phrase: ${readable(phrase)}`);
  return { status: Number(code), phrase };
}

/** The three parts of a first line; the last one may have more spaces. Null: there are not three. */
function splitFirstLine(line: string): [string, string, string] | null {
  const first = line.indexOf(' ');
  const second = line.indexOf(' ', first + 1);
  return second === -1 ? null : [line.slice(0, first), line.slice(first + 1, second), line.slice(second + 1)];
}

/** RFC 9112 §5. Folded lines (obs-fold) begin with white space and fail as what they are: no field name. */
function* readHeaders(reader: HttpReader, limits: HttpLimits): Generator<void, Headers> {
  const fields: string[] = [];
  let bytes = 0;
  for (let count = 0; ; count++) {
    const line = yield* readLine(reader, limits.maxLineBytes, HeaderLineTooLong, 'HTTP headers');
    // The copy has no room to grow: a connection keeps its headers for life.
    if (line === '') return headersOf(fields.slice());
    bytes += line.length + 2;
    if (bytes > limits.maxHeadBytes) {
      const text = `read ${bytes} bytes, expected no more than ${limits.maxHeadBytes} bytes`;
      throw new HeaderLineTooLong(text, { limit: 'maxHeadBytes' });
    }
    if (count >= limits.maxHeaders) {
      throw new TooManyHeaders(`expected no more than ${limits.maxHeaders} headers`, { limit: 'maxHeaders' });
    }
    const colon = line.indexOf(':');
    if (colon === -1) throw malformed(`invalid HTTP header line: ${readable(line)}`);
    const name = line.slice(0, colon);
    if (!isToken(name)) throw malformed(`invalid HTTP header name: ${readable(name)}`);
    const value = trimSpaces(line, colon + 1);
    if (!isFieldValue(value)) throw malformed(`invalid HTTP header value: ${readable(value)}`);
    fields.push(name, value);
  }
}

/** The body of a response as it is read: what there is room for, and what happens beyond. */
class Body {
  readonly bytes: GrowingBytes = new GrowingBytes();
  /** Why there is more of the body than was taken; null: there is not. */
  cutBecause: SecurityError | null = null;
  readonly #maxBytes: number;
  readonly #isCut: boolean;

  constructor(maxBytes: number, isCut: boolean) {
    this.#maxBytes = maxBytes;
    this.#isCut = isCut;
  }

  get room(): number {
    return this.#maxBytes - this.bytes.length;
  }

  /**
   * More is announced, or has come, than there is room for: takes what has come of it, and waits for nothing.
   * @throws {SecurityError} unless the body is to be cut.
   */
  fill(reader: HttpReader, problem: string): void {
    const error = new SecurityError(problem, { limit: 'maxBodyBytes' });
    if (!this.#isCut) throw error;
    this.cutBecause = error;
    this.bytes.append(reader.take(this.room));
  }
}

/** Moves the body of a response that has one (RFC 9112 §6.3) to `body`. */
function* readResponseBody(
  reader: HttpReader,
  headers: Headers,
  limits: HttpLimits,
  body: Body,
): Generator<void, void> {
  if (headers.has('Transfer-Encoding')) {
    const coding = headers.getAll('Transfer-Encoding').join(', ');
    // RFC 9112 §7: the names of codings are case-insensitive.
    if (coding.toLowerCase() !== 'chunked') throw malformed(`transfer coding ${readable(coding)} isn't supported`);
    yield* readChunkedBody(reader, limits, body);
    return;
  }
  const length = contentLength(headers);
  if (length === null) yield* readToEnd(reader, body);
  else if (length.length > 18 || Number(length) > body.room) body.fill(reader, `body too large: ${length} bytes`);
  else yield* readBytes(reader, Number(length), body.bytes);
}

/**
 * RFC 9112 §7.1. Chunk extensions are ignored and trailers dropped, and neither may have more than the head: 8 KiB around
 * each byte of a body would make a gigabyte of work of a body that keeps to its limit.
 */
function* readChunkedBody(reader: HttpReader, limits: HttpLimits, body: Body): Generator<void, void> {
  const lineEnd = new GrowingBytes();
  let extensionBytes = 0;
  for (;;) {
    const line = yield* readLine(reader, limits.maxLineBytes, HeaderLineTooLong, 'HTTP chunk size');
    const semicolon = line.indexOf(';');
    const digits = trimSpaces(line, 0, semicolon === -1 ? line.length : semicolon);
    extensionBytes += line.length - digits.length;
    if (extensionBytes > limits.maxHeadBytes) {
      const text = `read ${extensionBytes} bytes of chunk extensions, expected no more than ${limits.maxHeadBytes} bytes`;
      throw new SecurityError(text, { limit: 'maxHeadBytes' });
    }
    if (!/^[0-9A-Fa-f]+$/.test(digits)) throw malformed(`invalid HTTP chunk size: ${readable(digits)}`);
    if (digits.length > 15) return body.fill(reader, `chunk too large: 0x${digits} bytes`);
    const size = Number.parseInt(digits, 16);
    if (size === 0) break;
    if (size > body.room) {
      return body.fill(reader, `chunk too large: ${size} bytes after ${body.bytes.length} bytes`);
    }
    yield* readBytes(reader, size, body.bytes);
    yield* readBytes(reader, 2, lineEnd);
    const [cr, lf] = lineEnd.take();
    if (cr !== 13 || lf !== 10) throw malformed('chunk without CRLF');
  }
  yield* readHeaders(reader, limits);
}

function* readToEnd(reader: HttpReader, body: Body): Generator<void, void> {
  for (;;) {
    const part = reader.take(body.room);
    body.bytes.append(part);
    const more = reader.rest.length;
    if (more > 0) {
      const length = body.bytes.length + more;
      return body.fill(reader, `read ${length} bytes, expected no more than ${body.bytes.length} bytes`);
    }
    if (reader.isEnded) return;
    yield;
  }
}

/** Moves the next `count` bytes to `target`. */
function* readBytes(reader: HttpReader, count: number, target: GrowingBytes): Generator<void, void> {
  for (let left = count; ; ) {
    const part = reader.take(left);
    target.append(part);
    left -= part.length;
    if (left === 0) return;
    if (reader.isEnded) {
      throw new EndOfStreamError(`stream ends after ${count - left} bytes, expected ${count} bytes`);
    }
    yield;
  }
}

/** The next line; `what` says in errors which one it is. */
function* readLine(reader: HttpReader, maxBytes: number, tooLong: LineTooLong, what: string): Generator<void, string> {
  try {
    for (;;) {
      const line = reader.readLine(maxBytes, tooLong);
      if (line !== null) return line;
      yield;
    }
  } catch (error) {
    if (!(error instanceof EndOfStreamError)) throw error;
    throw new EndOfStreamError(`connection closed while reading ${what}`, { cause: error });
  }
}

/** The digits of `Content-Length`, as many as the peer likes; null when there is none (RFC 9112 §6.2). */
function contentLength(headers: Headers): string | null {
  const [value, ...more] = headers.getAll('Content-Length');
  if (value === undefined) return null;
  if (more.length > 0) throw new InvalidHeader('Content-Length', 'multiple values');
  if (!/^[0-9]+$/.test(value)) throw new InvalidHeaderValue('Content-Length', value);
  return value;
}

/** What a peer sent, for the text of an error: read as UTF-8, bytes that are none as `\xNN`, control characters as escapes. */
function readable(text: string): string {
  const bytes = encodeLatin1(text);
  let shown = '';
  for (let start = 0; ; ) {
    const problem = utf8Problem(bytes, start);
    const end = problem === null ? bytes.length : start + problem.position;
    shown += decodeUtf8(bytes, start, end);
    if (problem === null) return escapeText(shown);
    shown += `\\x${bytes[end]!.toString(16)}`;
    start = end + 1;
  }
}
