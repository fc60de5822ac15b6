// Closes servers when the process is told to end. Knows signals, and not how a server closes.
import { type ServerCloseOptions, serverClosing } from '../connection/server/server-closing.ts';

/** As much of a server as its closing takes. */
export interface ClosableServer {
  close(options?: ServerCloseOptions): void;
  abort(): void;
  waitClosed(): Promise<void>;
}

/** Options of `closeOnSignals`. */
export interface SignalOptions extends ServerCloseOptions {
  /** Default: `SIGTERM`, which systems send, and `SIGINT`, which Ctrl-C sends. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
}

/**
 * Closes the server, or all of a list, when the process gets one of the signals. A second one drops at once what is left; a
 * third one, and any that comes when all is closed, does what it would do without us: it ends the process.
 *
 * ```ts
 * closeOnSignals(server, { code: 1012, graceMs: 25_000, spreadMs: 5_000 });
 * ```
 *
 * The process is not ended here: that happens by itself, with exit code 0, once nothing is left to do.
 *
 * @returns what unbinds the signals again, by hand or at the end of a scope; closing goes on.
 * @throws {ProtocolError} the code must not be sent, or the reason is too long.
 * @throws {RangeError} an option has a value that isn't allowed.
 * @throws {TypeError} an option has a value of the wrong type.
 */
export function closeOnSignals(
  servers: ClosableServer | readonly ClosableServer[],
  { signals = ['SIGTERM', 'SIGINT'], ...options }: SignalOptions = {},
): Disposable {
  // Now: a signal is a bad moment to learn of it.
  serverClosing(options);
  const all = 'close' in servers ? [servers] : servers;
  let isClosing = false;
  const onSignal = (): void => {
    if (isClosing) {
      unbind();
      for (const server of all) server.abort();
      return;
    }
    isClosing = true;
    for (const server of all) server.close(options);
  };
  const unbind = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  // Whoever has closed them: a signal then has nothing to do here, and must not be lost.
  void Promise.all(all.map((server) => server.waitClosed())).then(unbind);
  return { [Symbol.dispose]: unbind };
}
