// The names of our error classes and how an error comes by its own. Knows no class.

/** Each class of ours and the one that it extends. Descendants stay recognisable by name alone (see `WebSocketException.is`). */
const PARENT = {
  WebSocketException: null,
  ConnectionClosed: 'WebSocketException',
  ConnectionClosedOK: 'ConnectionClosed',
  ConnectionClosedError: 'ConnectionClosed',
  InvalidURI: 'WebSocketException',
  InvalidProxy: 'WebSocketException',
  InvalidHandshake: 'WebSocketException',
  SecurityError: 'InvalidHandshake',
  RequestLineTooLong: 'SecurityError',
  StatusLineTooLong: 'SecurityError',
  HeaderLineTooLong: 'SecurityError',
  TooManyHeaders: 'SecurityError',
  ProxyError: 'InvalidHandshake',
  InvalidProxyMessage: 'ProxyError',
  InvalidProxyStatus: 'ProxyError',
  InvalidMessage: 'InvalidHandshake',
  InvalidMethod: 'InvalidHandshake',
  InvalidProtocol: 'InvalidHandshake',
  InvalidStatus: 'InvalidHandshake',
  InvalidStatusCode: 'InvalidHandshake',
  InvalidHeader: 'InvalidHandshake',
  InvalidHeaderFormat: 'InvalidHeader',
  InvalidHeaderValue: 'InvalidHeader',
  InvalidOrigin: 'InvalidHeader',
  InvalidUpgrade: 'InvalidHeader',
  NegotiationError: 'InvalidHandshake',
  DuplicateParameter: 'NegotiationError',
  InvalidParameterName: 'NegotiationError',
  InvalidParameterValue: 'NegotiationError',
  AbortHandshake: 'InvalidHandshake',
  RedirectHandshake: 'InvalidHandshake',
  ProtocolError: 'WebSocketException',
  PayloadTooBig: 'WebSocketException',
  InvalidState: 'WebSocketException',
  ConcurrencyError: 'WebSocketException',
} as const;

/** The name of a class below `WebSocketException`, or of that class itself. */
export type ExceptionName = keyof typeof PARENT;

/** Under this key every error of ours lists its class and the ancestors of it, nearest first. Any copy of the package can read it. */
export const BRAND: unique symbol = Symbol.for('websockets.error');

/** The class and its ancestors, nearest first; null for a name that is not ours. */
export function lineageOf(name: string): readonly string[] | null {
  if (!Object.hasOwn(PARENT, name)) return null;
  const lineage: string[] = [];
  for (let next: ExceptionName | null = name as ExceptionName; next !== null; next = PARENT[next]) lineage.push(next);
  return lineage;
}

/** `ConnectionClosedOK` becomes `CONNECTION_CLOSED_OK`. */
export const codeOf = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();

/**
 * Gives a class its name, for the first line of stacks and for instances to take over in {@link ownName}. The name is
 * spelled out because that of the class itself does not survive a minifier.
 */
export function nameClass(errorClass: { readonly prototype: Error }, name: string): void {
  hide(errorClass.prototype, 'name', name);
}

/** As {@link nameClass}, for the classes below `WebSocketException`: with the brand by which `is` knows them. */
export function brandClass(errorClass: { readonly prototype: Error }, name: ExceptionName): void {
  nameClass(errorClass, name);
  hide(errorClass.prototype, BRAND, Object.freeze(lineageOf(name)));
}

/** Makes the name that the error has from its class its own: nothing done to the class later changes what it says. */
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
