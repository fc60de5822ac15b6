// One connection that is being opened to each address at a time (RFC 6455 §4.1, step 2): the others wait, first come first
// served. Knows an address as a text.

/** Whose turn it is. */
export class ConnectTurns {
  /** By address, while somebody has its turn: those who wait for theirs. */
  readonly #waiting: Map<string, Set<() => void>> = new Map();

  /**
   * Settles when it is our turn; the function that it gives ends that.
   * @throws the reason of the signal, once it is aborted.
   */
  async take(address: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const waiting = this.#waiting.get(address);
    if (waiting === undefined) this.#waiting.set(address, new Set());
    else {
      await new Promise<void>((resolve, reject) => {
        const onTurn = (): void => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        };
        const onAbort = (): void => {
          waiting.delete(onTurn);
          reject(signal.reason);
        };
        waiting.add(onTurn);
        signal.addEventListener('abort', onAbort, { once: true });
      });
    }
    return () => this.#pass(address);
  }

  #pass(address: string): void {
    const waiting = this.#waiting.get(address);
    for (const onTurn of waiting ?? []) {
      waiting?.delete(onTurn);
      onTurn();
      return;
    }
    this.#waiting.delete(address);
  }
}
