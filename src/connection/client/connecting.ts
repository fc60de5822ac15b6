// What `connect` returns: the object that users await or iterate over. The work is done by Opener and reconnecting.

import type { Runtime } from '../runtime.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ClientOptions } from './client-options.ts';
import type { Dialer } from './dialer.ts';
import { Opener } from './opener.ts';
import { type ReconnectSettings, reconnectSettings } from './reconnect-options.ts';
import { reconnecting } from './reconnecting.ts';

/**
 * A connection that is being made: await it. Or iterate over it, for a new connection whenever the last one has ended. The
 * work begins with that; one object does one of the two.
 *
 * `await using` works with what awaiting gives, and with this object.
 */
export class Connecting<C extends ClientConnection = ClientConnection>
  implements Promise<C>, AsyncIterable<C>, AsyncDisposable
{
  readonly [Symbol.toStringTag]: string = 'Connecting';
  readonly #runtime: Runtime;
  readonly #options: ClientOptions;
  readonly #opener: Opener<C>;
  readonly #reconnectSettings: ReconnectSettings;
  #connection: Promise<C> | null = null;
  #isIterated = false;

  /**
   * @throws {InvalidURI} `uri` isn't a WebSocket URI.
   * @throws {RangeError} an option has a value that isn't allowed.
   * @throws {TypeError} an option has a value of the wrong type, or that can't stand in a request.
   */
  constructor(runtime: Runtime, uri: string, options: ClientOptions, dialer: Dialer) {
    this.#runtime = runtime;
    this.#options = options;
    this.#opener = new Opener(runtime, uri, options, dialer);
    this.#reconnectSettings = reconnectSettings(options, runtime);
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting is what this class is for.
  then<A = C, B = never>(
    onFulfilled?: ((connection: C) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (this.#isIterated) return Promise.reject(notReentrant()).then(onFulfilled, onRejected);
    this.#connection ??= this.#opener.open();
    return this.#connection.then(onFulfilled, onRejected);
  }

  /** As of a promise: awaits, and handles the error. */
  catch<B = never>(onRejected?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<C | B> {
    return this.then(null, onRejected);
  }

  /** As of a promise: awaits, and calls back either way. */
  finally(onSettled?: (() => void) | null): Promise<C> {
    return this.then().finally(onSettled);
  }

  /**
   * Connections, one after the other: the next one is opened when the loop comes round, after a delay where the last attempt
   * failed. Each is closed with 1000 when the body of the loop ends, continues, breaks or throws.
   *
   * ```ts
   * for await (const connection of connect('wss://example.com/feed')) {
   *   try {
   *     for await (const message of connection) console.log(message);
   *   } catch (error) {
   *     if (!(error instanceof ConnectionClosed)) throw error;
   *   }
   * }
   * ```
   *
   * @throws {Error} this object was awaited or iterated over before.
   */
  [Symbol.asyncIterator](): AsyncGenerator<C, void, undefined> {
    if (this.#isIterated || this.#connection !== null) throw notReentrant();
    this.#isIterated = true;
    return reconnecting<C>(this.#reconnectSettings, {
      runtime: this.#runtime,
      logger: this.#options.logger ?? this.#runtime.logger,
      signal: this.#options.signal,
      open: () => this.#opener.open(),
    });
  }

  /** Closes the connection, if awaiting made one. A loop closes its own. */
  async [Symbol.asyncDispose](): Promise<void> {
    const connection = await this.#connection?.catch(() => null);
    await connection?.close();
  }
}

const notReentrant = (): Error => new Error("connect() isn't reentrant");
