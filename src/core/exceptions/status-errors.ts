// The errors of the opening handshake that carry a response or its headers. Apart from the others, because headers throw those.
import { decodeUtf8Lossy } from '../../bytes/utf8.ts';
import type { Headers } from '../headers.ts';
import type { Response } from '../http-message.ts';
import { InvalidHandshake, ProxyError } from './handshake-errors.ts';
import { brandClass, type CodeOf } from './names.ts';

/** The server answered with another status than 101. */
export class InvalidStatus extends InvalidHandshake {
  static {
    brandClass(this, 'InvalidStatus');
  }

  declare readonly code: CodeOf<'InvalidStatus'>;

  /** What the server said; its body may tell why. */
  readonly response: Response;

  constructor(response: Response, options?: ErrorOptions) {
    super(`server rejected WebSocket connection: HTTP ${response.statusCode}`, options);
    this.response = response;
  }

  /** As for every error of ours, with the body of the response as text. */
  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), response: plainResponse(this.response) };
  }
}

/** The HTTP proxy answered the CONNECT with another status than 2xx. */
export class InvalidProxyStatus extends ProxyError {
  static {
    brandClass(this, 'InvalidProxyStatus');
  }

  declare readonly code: CodeOf<'InvalidProxyStatus'>;

  /** What the proxy said. */
  readonly response: Response;

  constructor(response: Response, options?: ErrorOptions) {
    super(`proxy rejected connection: HTTP ${response.statusCode}`, options);
    this.response = response;
  }

  /** As for every error of ours, with the body of the response as text. */
  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), response: plainResponse(this.response) };
  }
}

/**
 * The server answered with another status than 101.
 * @deprecated Only for the old client API. `InvalidStatus` carries the whole response.
 */
export class InvalidStatusCode extends InvalidHandshake {
  static {
    brandClass(this, 'InvalidStatusCode');
  }

  declare readonly code: CodeOf<'InvalidStatusCode'>;

  /** The status of the response. */
  readonly statusCode: number;
  /** The headers of the response. */
  readonly headers: Headers;

  constructor(statusCode: number, headers: Headers, options?: ErrorOptions) {
    super(`server rejected WebSocket connection: HTTP ${statusCode}`, options);
    this.statusCode = statusCode;
    this.headers = headers;
  }
}

/**
 * Thrown by a hook of the old server API to answer the request with plain HTTP.
 * @deprecated Only for the old server API. Return a response from `processRequest` instead.
 */
export class AbortHandshake extends InvalidHandshake {
  static {
    brandClass(this, 'AbortHandshake');
  }

  declare readonly code: CodeOf<'AbortHandshake'>;

  /** The status to answer with. */
  readonly status: number;
  /** The headers to answer with. */
  readonly headers: Headers;
  /** The body to answer with. */
  readonly body: Uint8Array;

  /** @param body default: empty. */
  constructor(status: number, headers: Headers, body: Uint8Array = new Uint8Array(0), options?: ErrorOptions) {
    super(`HTTP ${status}, ${headers.size} headers, ${body.length} bytes`, options);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  /** As for every error of ours, with the body as text. */
  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), body: decodeUtf8Lossy(this.body) };
  }
}

/**
 * The server redirects to another address.
 * @deprecated Only for the old client API. `connect` follows redirects by itself.
 */
export class RedirectHandshake extends InvalidHandshake {
  static {
    brandClass(this, 'RedirectHandshake');
  }

  declare readonly code: CodeOf<'RedirectHandshake'>;

  /** Where to. */
  readonly uri: string;

  constructor(uri: string, options?: ErrorOptions) {
    super(`redirect to ${uri}`, options);
    this.uri = uri;
  }
}

const plainResponse = ({ statusCode, reasonPhrase, headers, body }: Response): Record<string, unknown> => ({
  statusCode,
  reasonPhrase,
  headers,
  body: decodeUtf8Lossy(body),
});
