// The names of our error classes and how an error comes by its own. Knows no class.

/** Each class of ours with its code and the one that it extends. Descendants stay recognisable by name alone (see `WebSocketException.is`). */
const CLASSES = {
  WebSocketException: { code: 'WEB_SOCKET_EXCEPTION', parent: null },
  ConnectionClosed: { code: 'CONNECTION_CLOSED', parent: 'WebSocketException' },
  ConnectionClosedOK: { code: 'CONNECTION_CLOSED_OK', parent: 'ConnectionClosed' },
  ConnectionClosedError: { code: 'CONNECTION_CLOSED_ERROR', parent: 'ConnectionClosed' },
  InvalidURI: { code: 'INVALID_URI', parent: 'WebSocketException' },
  InvalidProxy: { code: 'INVALID_PROXY', parent: 'WebSocketException' },
  InvalidHandshake: { code: 'INVALID_HANDSHAKE', parent: 'WebSocketException' },
  SecurityError: { code: 'SECURITY_ERROR', parent: 'InvalidHandshake' },
  RequestLineTooLong: { code: 'REQUEST_LINE_TOO_LONG', parent: 'SecurityError' },
  StatusLineTooLong: { code: 'STATUS_LINE_TOO_LONG', parent: 'SecurityError' },
  HeaderLineTooLong: { code: 'HEADER_LINE_TOO_LONG', parent: 'SecurityError' },
  TooManyHeaders: { code: 'TOO_MANY_HEADERS', parent: 'SecurityError' },
  ProxyError: { code: 'PROXY_ERROR', parent: 'InvalidHandshake' },
  InvalidProxyMessage: { code: 'INVALID_PROXY_MESSAGE', parent: 'ProxyError' },
  InvalidProxyStatus: { code: 'INVALID_PROXY_STATUS', parent: 'ProxyError' },
  InvalidMessage: { code: 'INVALID_MESSAGE', parent: 'InvalidHandshake' },
  InvalidMethod: { code: 'INVALID_METHOD', parent: 'InvalidHandshake' },
  InvalidProtocol: { code: 'INVALID_PROTOCOL', parent: 'InvalidHandshake' },
  InvalidStatus: { code: 'INVALID_STATUS', parent: 'InvalidHandshake' },
  InvalidStatusCode: { code: 'INVALID_STATUS_CODE', parent: 'InvalidHandshake' },
  InvalidHeader: { code: 'INVALID_HEADER', parent: 'InvalidHandshake' },
  InvalidHeaderFormat: { code: 'INVALID_HEADER_FORMAT', parent: 'InvalidHeader' },
  InvalidHeaderValue: { code: 'INVALID_HEADER_VALUE', parent: 'InvalidHeader' },
  InvalidOrigin: { code: 'INVALID_ORIGIN', parent: 'InvalidHeader' },
  InvalidUpgrade: { code: 'INVALID_UPGRADE', parent: 'InvalidHeader' },
  NegotiationError: { code: 'NEGOTIATION_ERROR', parent: 'InvalidHandshake' },
  DuplicateParameter: { code: 'DUPLICATE_PARAMETER', parent: 'NegotiationError' },
  InvalidParameterName: { code: 'INVALID_PARAMETER_NAME', parent: 'NegotiationError' },
  InvalidParameterValue: { code: 'INVALID_PARAMETER_VALUE', parent: 'NegotiationError' },
  AbortHandshake: { code: 'ABORT_HANDSHAKE', parent: 'InvalidHandshake' },
  RedirectHandshake: { code: 'REDIRECT_HANDSHAKE', parent: 'InvalidHandshake' },
  ProtocolError: { code: 'PROTOCOL_ERROR', parent: 'WebSocketException' },
  PayloadTooBig: { code: 'PAYLOAD_TOO_BIG', parent: 'WebSocketException' },
  InvalidState: { code: 'INVALID_STATE', parent: 'WebSocketException' },
  ConcurrencyError: { code: 'CONCURRENCY_ERROR', parent: 'WebSocketException' },
} as const;

/** The name of a class below `WebSocketException`, or of that class itself. */
export type ExceptionName = keyof typeof CLASSES;

/** Under this key every error of ours lists its class and the ancestors of it, nearest first. Any copy of the package can read it. */
export const BRAND: unique symbol = Symbol.for('websockets.error');

type Lineage<Name extends ExceptionName> = (typeof CLASSES)[Name]['parent'] extends infer Parent extends ExceptionName
  ? Name | Lineage<Parent>
  : Name;

/**
 * The codes that an error of the class can have: its own, and those of the classes below it. They also keep the classes
 * apart for TypeScript, which takes two with the same fields for one and would narrow `error` to never after
 * `if (error instanceof InvalidMessage) return`.
 */
export type CodeOf<Class extends ExceptionName> = {
  [Name in ExceptionName]: Class extends Lineage<Name> ? (typeof CLASSES)[Name]['code'] : never;
}[ExceptionName];

/** The class and its ancestors, nearest first; null for a name that is not ours. */
export function lineageOf(name: string): readonly ExceptionName[] | null {
  if (!Object.hasOwn(CLASSES, name)) return null;
  const lineage: ExceptionName[] = [];
  for (let next: ExceptionName | null = name as ExceptionName; next !== null; next = CLASSES[next].parent)
    lineage.push(next);
  return lineage;
}

/** The code of an error whose nearest class of ours is this. */
export const codeOf = (name: ExceptionName): string => CLASSES[name].code;

/**
 * Gives a class its name, for the first line of stacks and for instances to take over in {@link ownName}. The name is
 * spelled out because that of the class itself does not survive a minifier.
 */
export function nameClass(errorClass: { readonly prototype: Error }, name: string): void {
  hide(errorClass.prototype, 'name', name);
}

/** As {@link nameClass}, for `WebSocketException` and the classes below it: with the brand by which `is` knows them. */
export function brandClass(errorClass: { readonly prototype: Error }, name: ExceptionName): void {
  nameClass(errorClass, name);
  hide(errorClass.prototype, BRAND, Object.freeze(lineageOf(name)));
}

/** Makes the name that the error has from its class its own, where the subclasses of users set theirs. */
export function ownName(error: Error): void {
  hide(error, 'name', error.name);
}

/** `cause` is absent when there is none, also when the caller passes one on that is undefined. */
export const withCause = (options: ErrorOptions | undefined): ErrorOptions | undefined =>
  options?.cause === undefined ? undefined : options;

/** Not enumerable, as the fields of `Error` are, but open to subclasses that want another value. */
function hide(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable: false });
}
