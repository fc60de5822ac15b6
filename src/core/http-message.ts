// HTTP/1.1 requests and responses as values, and as bytes to be sent. Knows nothing of parsing and of WebSocket.
import { encodeLatin1 } from '../bytes/latin1.ts';
import { compactHeaders, fieldLines, Headers, type HeadersLike } from './headers.ts';
import { isFieldValue } from './http-characters.ts';

const NO_BYTES = new Uint8Array(0);

/** A request of the opening handshake (RFC 9112 §3). It has no body. */
export class Request {
  /** The target as it stands in the request line: path and query. */
  readonly path: string;
  readonly headers: Headers;
  readonly method: string;
  /** `HTTP/1.1`, or `HTTP/1.0` in a request that we received and will refuse. */
  readonly protocol: string;

  /**
   * @param path path and query, as they are to stand in the request line.
   * @param headers the fields, in order; a {@link Headers} is kept, anything else is copied. Default: none.
   * @param method default `GET`.
   * @param protocol default `HTTP/1.1`.
   */
  constructor(path: string, headers: HeadersLike = new Headers(), method = 'GET', protocol = 'HTTP/1.1') {
    this.path = path;
    this.headers = headers instanceof Headers ? headers : new Headers(headers);
    this.method = method;
    this.protocol = protocol;
  }

  /**
   * The request as it goes on the wire.
   * @throws {TypeError} the request line is not ASCII or would break (CR, LF, NUL), or the name of a field is no token.
   */
  serialize(): Uint8Array {
    return encodeLatin1(requestHead(this));
  }
}

/** A response of the opening handshake (RFC 9112 §4). */
export class Response {
  readonly statusCode: number;
  readonly reasonPhrase: string;
  readonly headers: Headers;
  readonly body: Uint8Array;

  /**
   * @param statusCode 100 to 599.
   * @param reasonPhrase the words behind the status, such as `Not Found`.
   * @param headers the fields, in order; a {@link Headers} is kept, anything else is copied. Default: none.
   * @param body default: empty. `Content-Length` is for the caller to set.
   */
  constructor(
    statusCode: number,
    reasonPhrase: string,
    headers: HeadersLike = new Headers(),
    body: Uint8Array = NO_BYTES,
  ) {
    this.statusCode = statusCode;
    this.reasonPhrase = reasonPhrase;
    this.headers = headers instanceof Headers ? headers : new Headers(headers);
    this.body = body;
  }

  /**
   * The response as it goes on the wire.
   * @throws {TypeError} the status has not three digits, the reason phrase has a character that may not stand there (CR,
   *   LF, NUL, anything beyond ISO-8859-1), or the name of a field is no token.
   */
  serialize(): Uint8Array {
    const head = encodeLatin1(responseHead(this));
    if (this.body.length === 0) return head;
    const message = new Uint8Array(head.length + this.body.length);
    message.set(head);
    message.set(this.body, head.length);
    return message;
  }
}

/** ASCII without what would end the line early. */
const REQUEST_LINE = /^[\x01-\x09\x0b\x0c\x0e-\x7f]*$/;
const STATUS_LINE = /^HTTP\/1\.1 [1-5][0-9]{2} /;

/** The request as text, a character for each byte. Throws as {@link Request.serialize}. */
export function requestHead({ method, path, protocol, headers }: Request): string {
  const line = `${method} ${path} ${protocol}`;
  if (!REQUEST_LINE.test(line)) throw new TypeError(`invalid HTTP request line: ${JSON.stringify(line)}`);
  return headText(line, headers);
}

/** The response without its body as text, a character for each byte. Throws as {@link Response.serialize}. */
export function responseHead({ statusCode, reasonPhrase, headers }: Response): string {
  const line = `HTTP/1.1 ${statusCode} ${reasonPhrase}`;
  if (!STATUS_LINE.test(line) || !isFieldValue(line)) {
    throw new TypeError(`invalid HTTP status line: ${JSON.stringify(line)}`);
  }
  return headText(line, headers);
}

/** Values are checked when they enter the container, names only now: until here they may be any. */
const headText = (line: string, headers: Headers): string =>
  // A hook may return a response that another copy of this package made.
  `${line}\r\n${fieldLines(headers instanceof Headers ? headers : new Headers(headers))}`;

/** Makes the message small, without changing it: a connection keeps both halves of its handshake for life. */
export function compactMessage(message: Request | Response): void {
  if (message.headers instanceof Headers) compactHeaders(message.headers);
}

/** Reason phrases (RFC 9110 §15 and the IANA registry). */
const PHRASES: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  418: "I'm a Teapot",
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  510: 'Not Extended',
  511: 'Network Authentication Required',
};

/**
 * The standard reason phrase of a status: 404 is `Not Found`.
 * @throws {RangeError} nobody has registered such a status.
 */
export function statusPhrase(status: number): string {
  const phrase = PHRASES[status];
  if (phrase === undefined) throw new RangeError(`unknown HTTP status: ${status}`);
  return phrase;
}

/**
 * The time as it stands in a `Date` field: IMF-fixdate (RFC 9110 §5.6.7), `Sun, 06 Nov 1994 08:49:37 GMT`.
 * @param ms milliseconds since 1970, as `Date.now()` gives them: the core reads no clock.
 */
export function formatHttpDate(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastDate = new Date(ms).toUTCString(); // ECMA-262 fixes just this form.
  }
  return lastDate;
}

// Many handshakes share a second: they pay for its text once, and keep one text.
let lastSecond = Number.NaN;
let lastDate = '';
