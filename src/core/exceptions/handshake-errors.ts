// The errors of the opening handshake that need neither a response nor headers as objects. Knows no HTTP parser.
import { brandClass, type CodeOf } from './names.ts';
import { WebSocketException } from './web-socket-exception.ts';

/** The address is not that of a WebSocket server (RFC 6455 §3). */
export class InvalidURI extends WebSocketException {
  static {
    brandClass(this, 'InvalidURI');
  }

  declare readonly code: CodeOf<'InvalidURI'>;

  /** The address as it was given. */
  readonly uri: string;
  /** What is wrong with it. */
  readonly msg: string;

  constructor(uri: string, msg: string, options?: ErrorOptions) {
    super(`${uri} isn't a valid URI: ${msg}`, options);
    this.uri = uri;
    this.msg = msg;
  }
}

/** The address is not that of a proxy we can go through. */
export class InvalidProxy extends WebSocketException {
  static {
    brandClass(this, 'InvalidProxy');
  }

  declare readonly code: CodeOf<'InvalidProxy'>;

  /** The address as it was given. */
  readonly proxy: string;
  /** What is wrong with it. */
  readonly msg: string;

  constructor(proxy: string, msg: string, options?: ErrorOptions) {
    super(`${proxy} isn't a valid proxy: ${msg}`, options);
    this.proxy = proxy;
    this.msg = msg;
  }
}

/** The opening handshake failed: the base of all that can go wrong in it. There is no connection. */
export class InvalidHandshake extends WebSocketException {
  static {
    brandClass(this, 'InvalidHandshake');
  }

  declare readonly code: CodeOf<'InvalidHandshake'>;
}

/** A limit of the opening handshake, by the name of its option. */
export type HandshakeLimit =
  | 'maxLineBytes'
  | 'maxHeadBytes'
  | 'maxHeaders'
  | 'maxBodyBytes'
  | 'maxInterimResponses'
  | 'maxEarlyBytes'
  | 'maxRedirects';

/** What a {@link SecurityError} may be told. */
export interface SecurityErrorOptions extends ErrorOptions {
  /** The limit that was passed. Default: none was. */
  readonly limit?: HandshakeLimit | undefined;
}

/** The handshake passes a limit that protects us, or a redirect leads where we must not go. */
export class SecurityError extends InvalidHandshake {
  static {
    brandClass(this, 'SecurityError');
  }

  declare readonly code: CodeOf<'SecurityError'>;

  /** The limit that was passed, by the name of its option; null when it is about something else. */
  readonly limit: HandshakeLimit | null;

  constructor(message: string, options?: SecurityErrorOptions) {
    super(message, options);
    this.limit = options?.limit ?? null;
  }
}

/** The first line of a request is longer than allowed. A server answers 414. */
export class RequestLineTooLong extends SecurityError {
  static {
    brandClass(this, 'RequestLineTooLong');
  }

  declare readonly code: CodeOf<'RequestLineTooLong'>;
}

/** The first line of a response is longer than allowed. */
export class StatusLineTooLong extends SecurityError {
  static {
    brandClass(this, 'StatusLineTooLong');
  }

  declare readonly code: CodeOf<'StatusLineTooLong'>;
}

/** A header line is longer than allowed. A server answers 431. */
export class HeaderLineTooLong extends SecurityError {
  static {
    brandClass(this, 'HeaderLineTooLong');
  }

  declare readonly code: CodeOf<'HeaderLineTooLong'>;
}

/** There are more header lines than allowed. A server answers 431. */
export class TooManyHeaders extends SecurityError {
  static {
    brandClass(this, 'TooManyHeaders');
  }

  declare readonly code: CodeOf<'TooManyHeaders'>;
}

/** The proxy did not let us through. That it cannot be reached at all is a network error of the runtime instead. */
export class ProxyError extends InvalidHandshake {
  static {
    brandClass(this, 'ProxyError');
  }

  declare readonly code: CodeOf<'ProxyError'>;
}

/** The HTTP proxy answered something that is not HTTP, or nothing. `cause` says what. */
export class InvalidProxyMessage extends ProxyError {
  static {
    brandClass(this, 'InvalidProxyMessage');
  }

  declare readonly code: CodeOf<'InvalidProxyMessage'>;
}

/** The request or response of the handshake cannot be parsed, or ended early. `cause` says where. */
export class InvalidMessage extends InvalidHandshake {
  static {
    brandClass(this, 'InvalidMessage');
  }

  declare readonly code: CodeOf<'InvalidMessage'>;
}

/** The request is not a GET (RFC 6455 §4.1). A server answers 405. */
export class InvalidMethod extends InvalidHandshake {
  static {
    brandClass(this, 'InvalidMethod');
  }

  declare readonly code: CodeOf<'InvalidMethod'>;

  /** The method of the request. */
  readonly method: string;

  constructor(method: string, options?: ErrorOptions) {
    super(`unsupported HTTP method: ${method}`, options);
    this.method = method;
  }
}

/** The request is of HTTP/1.0 (RFC 6455 §4.1 asks for 1.1). A server answers 505. */
export class InvalidProtocol extends InvalidHandshake {
  static {
    brandClass(this, 'InvalidProtocol');
  }

  declare readonly code: CodeOf<'InvalidProtocol'>;

  /** The version of the request, as `HTTP/1.0`. */
  readonly protocol: string;

  constructor(protocol: string, options?: ErrorOptions) {
    super(`unsupported HTTP version: ${protocol}`, options);
    this.protocol = protocol;
  }
}

/** A header of the handshake is missing, empty or wrong. A server answers 400 unless a subclass says otherwise. */
export class InvalidHeader extends InvalidHandshake {
  static {
    brandClass(this, 'InvalidHeader');
  }

  declare readonly code: CodeOf<'InvalidHeader'>;

  /** The name of the header. (`name` is that of the error.) */
  readonly headerName: string;
  /** The value of the header; null when it is missing. */
  readonly value: string | null;

  constructor(headerName: string, value: string | null = null, options?: ErrorOptions) {
    super(describeHeader(headerName, value), options);
    this.headerName = headerName;
    this.value = value;
  }
}

/** A header does not follow its grammar. */
export class InvalidHeaderFormat extends InvalidHeader {
  static {
    brandClass(this, 'InvalidHeaderFormat');
  }

  declare readonly code: CodeOf<'InvalidHeaderFormat'>;

  /**
   * @param error what the grammar asks for, as `expected token`.
   * @param header the whole value of the header.
   * @param pos where in `header` the parser stands, from 0.
   */
  constructor(headerName: string, error: string, header: string, pos: number, options?: ErrorOptions) {
    super(headerName, `${error} at ${pos} in ${header}`, options);
  }
}

/** A header is well-formed, but its value is not acceptable. */
export class InvalidHeaderValue extends InvalidHeader {
  static {
    brandClass(this, 'InvalidHeaderValue');
  }

  declare readonly code: CodeOf<'InvalidHeaderValue'>;
}

/** The request comes from a page that may not connect (RFC 6455 §10.2). A server answers 403. */
export class InvalidOrigin extends InvalidHeader {
  static {
    brandClass(this, 'InvalidOrigin');
  }

  declare readonly code: CodeOf<'InvalidOrigin'>;

  constructor(origin: string | null, options?: ErrorOptions) {
    super('Origin', origin, options);
  }
}

/** `Connection` or `Upgrade` does not ask for WebSocket (RFC 6455 §4.2.1). A server answers 426. */
export class InvalidUpgrade extends InvalidHeader {
  static {
    brandClass(this, 'InvalidUpgrade');
  }

  declare readonly code: CodeOf<'InvalidUpgrade'>;
}

/**
 * The two sides do not agree on an extension or a subprotocol. Thrown by an extension factory it means: not with these
 * parameters, try the next offer.
 */
export class NegotiationError extends InvalidHandshake {
  static {
    brandClass(this, 'NegotiationError');
  }

  declare readonly code: CodeOf<'NegotiationError'>;
}

/** A parameter of an extension stands there twice. */
export class DuplicateParameter extends NegotiationError {
  static {
    brandClass(this, 'DuplicateParameter');
  }

  declare readonly code: CodeOf<'DuplicateParameter'>;

  /** The name of the parameter. (`name` is that of the error.) */
  readonly parameterName: string;

  constructor(parameterName: string, options?: ErrorOptions) {
    super(`duplicate parameter: ${parameterName}`, options);
    this.parameterName = parameterName;
  }
}

/** The extension has no parameter of this name. */
export class InvalidParameterName extends NegotiationError {
  static {
    brandClass(this, 'InvalidParameterName');
  }

  declare readonly code: CodeOf<'InvalidParameterName'>;

  /** The name of the parameter. (`name` is that of the error.) */
  readonly parameterName: string;

  constructor(parameterName: string, options?: ErrorOptions) {
    super(`invalid parameter name: ${parameterName}`, options);
    this.parameterName = parameterName;
  }
}

/** A parameter of an extension has a value that it cannot have, or none where it needs one. */
export class InvalidParameterValue extends NegotiationError {
  static {
    brandClass(this, 'InvalidParameterValue');
  }

  declare readonly code: CodeOf<'InvalidParameterValue'>;

  /** The name of the parameter. (`name` is that of the error.) */
  readonly parameterName: string;
  /** The value of the parameter; null when it has none. */
  readonly value: string | null;

  constructor(parameterName: string, value: string | null = null, options?: ErrorOptions) {
    super(describeParameter(parameterName, value), options);
    this.parameterName = parameterName;
    this.value = value;
  }
}

function describeHeader(name: string, value: string | null): string {
  if (value === null) return `missing ${name} header`;
  if (value === '') return `empty ${name} header`;
  return `invalid ${name} header: ${value}`;
}

function describeParameter(name: string, value: string | null): string {
  if (value === null) return `missing value for parameter ${name}`;
  if (value === '') return `empty value for parameter ${name}`;
  return `invalid value for parameter ${name}: ${value}`;
}
