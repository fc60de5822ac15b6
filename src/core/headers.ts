// An ordered multi-map of HTTP header fields. Knows which values may stand in a field, nothing of what a field means.
import { InvalidHeaderValue } from './exceptions/handshake-errors.ts';
import { isFieldValue, isToken } from './http-characters.ts';
import { splitFields } from './http-head.ts';

/** One header field with its name as it was written. */
export type HeaderPair = readonly [name: string, value: string];

/**
 * Whatever can be read as header fields: {@link Headers}, the `Headers` of the web, a plain record, or pairs in an array,
 * a `Map` or any other iterable.
 */
export type HeadersLike =
  | Headers
  | Iterable<HeaderPair>
  | { entries(): Iterable<HeaderPair> }
  | Readonly<Record<string, string>>;

/** A field was asked for as one value, but the message has it more than once. */
export class MultipleValuesError extends Error {
  /** Stable identifier of this kind of error. */
  readonly code = 'MULTIPLE_VALUES';
  /** The name of the field, as it was asked for. */
  readonly header: string;

  constructor(header: string, options?: ErrorOptions) {
    super(`multiple values for header ${header}`, options);
    Object.defineProperty(this, 'name', { value: 'MultipleValuesError', configurable: true, writable: true });
    this.header = header;
  }
}

/**
 * Headers of names and values in turn, which are kept and not checked: for the parser, which has looked at them already and
 * must not pay twice. Stands outside the class so that users of {@link Headers} never meet it.
 *
 * @param head the flawless head that the fields come from, when there is one. Default: none.
 */
export let headersOf: (fields: string[], head?: string) => Headers;

/**
 * The fields as they stand in a message, with the empty line that ends its head (RFC 9112 §2.1).
 * @throws {TypeError} a name is no token: it would become a line of its own.
 */
export let fieldLines: (headers: Headers) => string;

/**
 * For headers that are kept and seldom looked at: lets go of what was split from the head of the message, until somebody asks
 * for it again, or else of room for more fields.
 */
export let compactHeaders: (headers: Headers) => void;

/**
 * Header fields of an HTTP message, in order, with repetition.
 *
 * Names are looked up without regard to case and kept as they were written. A message has about ten fields, and each
 * connection keeps two messages, so the fields lie in one flat array without an index: a lookup compares lengths first.
 */
export class Headers implements Iterable<HeaderPair> {
  /** Name, value, name, value … Null: they have to be split from the head. */
  #parts: string[] | null = [];
  /** The head of the message as it was parsed; null when there is none, or the fields have changed since. */
  #head: string | null = null;

  static {
    headersOf = (fields, head) => {
      const headers = new Headers();
      headers.#parts = fields;
      headers.#head = head ?? null;
      return headers;
    };
    fieldLines = (headers) => {
      for (let fields = headers.#fields, i = 0; i < fields.length; i += 2) {
        if (!isToken(fields[i]!)) throw new TypeError(`invalid HTTP header name: ${JSON.stringify(fields[i])}`);
      }
      return headers.toString();
    };
    compactHeaders = (headers) => {
      headers.#parts = headers.#head === null ? headers.#fields.slice() : null;
    };
  }

  /**
   * @param init fields to begin with. Default: none.
   * @throws {InvalidHeaderValue} a value has a character that may not stand in a header.
   * @throws {TypeError} `init` is nothing that {@link HeadersLike} names.
   */
  constructor(init?: HeadersLike) {
    if (init !== undefined) this.update(init);
  }

  /** The number of distinct names. */
  get size(): number {
    return this.#keys().size;
  }

  /** Whether there is at least one field of this name. */
  has(name: string): boolean {
    return this.#find(name, 0) !== -1;
  }

  /**
   * The value of the field, or undefined when there is none.
   * @throws {MultipleValuesError} there is more than one.
   */
  get(name: string): string | undefined {
    const first = this.#find(name, 0);
    if (first === -1) return undefined;
    if (this.#find(name, first + 2) !== -1) throw new MultipleValuesError(name);
    return this.#fields[first + 1];
  }

  /** All values of the fields with this name, in order; a fresh array, empty when there is none. */
  getAll(name: string): string[] {
    const first = this.#find(name, 0);
    if (first === -1) return [];
    // Not pushed: an array that grows from nothing makes room for sixteen more.
    const values = [this.#fields[first + 1]!];
    for (let i = this.#find(name, first + 2); i !== -1; i = this.#find(name, i + 2)) values.push(this.#fields[i + 1]!);
    return values;
  }

  /**
   * Adds a field at the end; what stands there under the same name stays.
   * @throws {InvalidHeaderValue} the value has a character that may not stand in a header.
   * @throws {TypeError} the name or the value is not a string.
   */
  append(name: string, value: string): void {
    if (typeof name !== 'string' || typeof value !== 'string') {
      throw new TypeError(`header names and values must be strings: ${String(name)}`);
    }
    if (!isFieldValue(value)) throw new InvalidHeaderValue(name, value);
    this.#fields.push(name, value);
    this.#head = null;
  }

  /**
   * The value of the field, after adding it when it was missing.
   * @throws {MultipleValuesError} there is more than one.
   * @throws {InvalidHeaderValue} the value has a character that may not stand in a header.
   */
  setDefault(name: string, value: string): string {
    const existing = this.get(name);
    if (existing !== undefined) return existing;
    this.append(name, value);
    return value;
  }

  /**
   * Adds all fields of `init` at the end, repeated ones too.
   * @throws {InvalidHeaderValue} a value has a character that may not stand in a header.
   * @throws {TypeError} `init` is nothing that {@link HeadersLike} names.
   */
  update(init: HeadersLike): void {
    // The pairs are taken first, so that `headers.update(headers)` comes to an end.
    for (const [name, value] of [...pairsOf(init)]) this.append(name, value);
  }

  /** Removes all fields of this name. Returns whether there were any. */
  delete(name: string): boolean {
    const fields = this.#fields;
    const others = fields.filter((_, i) => !isSameName(fields[i - (i % 2)]!, name));
    this.#replace(others);
    return others.length < fields.length;
  }

  /** Removes all fields. */
  clear(): void {
    this.#replace([]);
  }

  /** The same fields in a container of their own. */
  copy(): Headers {
    return headersOf(this.#fields.slice());
  }

  /** Whether both have the same names, in any case and order, each with the same values in the same order. */
  equals(other: HeadersLike): boolean {
    const theirs = other instanceof Headers ? other : new Headers(other);
    if (this.#fields.length !== theirs.#fields.length) return false;
    for (const key of this.#keys()) {
      const values = theirs.getAll(key);
      const same = this.getAll(key);
      if (values.length !== same.length || values.some((value, i) => value !== same[i])) return false;
    }
    return true;
  }

  /** The distinct names in lower case, in the order in which they first appear. */
  keys(): IterableIterator<string> {
    return this.#keys().values();
  }

  /** All fields in order, names as they were written, repeated names repeated. */
  *rawItems(): IterableIterator<[name: string, value: string]> {
    for (let i = 0; i < this.#fields.length; i += 2) yield [this.#fields[i]!, this.#fields[i + 1]!];
  }

  /** The same as {@link rawItems}, under the name that maps have for it. */
  entries(): IterableIterator<[name: string, value: string]> {
    return this.rawItems();
  }

  /** The same as {@link rawItems}: `new Map(headers)` and `new globalThis.Headers(headers)` work. */
  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    return this.rawItems();
  }

  /** All fields as pairs, so that `JSON.stringify` shows them. */
  toJSON(): [name: string, value: string][] {
    return [...this.rawItems()];
  }

  /** The fields as they stand in a message, with the empty line that ends the head (RFC 9112 §2.1). */
  toString(): string {
    const fields = this.#fields;
    let text = '';
    for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
    return `${text}\r\n`;
  }

  get #fields(): string[] {
    this.#parts ??= splitFields(this.#head!);
    return this.#parts;
  }

  #replace(fields: string[]): void {
    this.#parts = fields;
    this.#head = null;
  }

  #keys(): Set<string> {
    return new Set(this.#fields.filter((_, i) => i % 2 === 0).map((name) => lowerCase(name)));
  }

  /** Where the first field of this name stands, from a place on; -1 when there is none. */
  #find(name: string, from: number): number {
    const fields = this.#fields;
    for (let i = from; i < fields.length; i += 2) if (isSameName(fields[i]!, name)) return i;
    return -1;
  }
}

/** Whether two names are equal but for the case of A to Z. Nearly always their lengths or their first letters tell. */
function isSameName(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  if (one === other) return true;
  return (one.charCodeAt(0) | CASE_BIT) === (other.charCodeAt(0) | CASE_BIT) && lowerCase(one) === lowerCase(other);
}

/** In ASCII it stands between `A` and `a`. */
const CASE_BIT = 0x20;

/** Names are ASCII (RFC 9110 §5.1): only A to Z have a case here, which also keeps the length. */
const lowerCase = (name: string): string =>
  /^[\0-\x7f]*$/.test(name) ? name.toLowerCase() : name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

function pairsOf(init: HeadersLike): Iterable<HeaderPair> {
  if (typeof init !== 'object' || init === null) throw new TypeError(`not headers: ${String(init)}`);
  if (isIterable(init)) return init;
  // A record may well have a field called "entries"; then it is a string.
  if (typeof init.entries === 'function') return init.entries();
  return Object.entries(init);
}

const isIterable = (init: HeadersLike): init is Iterable<HeaderPair> =>
  typeof (init as Partial<Iterable<HeaderPair>>)[Symbol.iterator] === 'function';
