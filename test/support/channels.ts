// Listens to the diagnostics channels of this process, for as long as a scope lasts.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

const NAMES = ['handshake', 'open', 'message', 'close', 'error', 'limit'] as const;
type Name = (typeof NAMES)[number];

/** What was published, in order. */
export class Channels implements Disposable {
  readonly heard: { readonly name: Name; readonly message: Record<string, unknown> }[] = [];
  readonly #listeners: readonly (readonly [string, (message: unknown) => void])[];

  constructor(...names: readonly Name[]) {
    this.#listeners = (names.length === 0 ? NAMES : names).map((name) => {
      const listener = (message: unknown): void => {
        this.heard.push({ name, message: message as Record<string, unknown> });
      };
      subscribe(`websockets:${name}`, listener);
      return [`websockets:${name}`, listener] as const;
    });
  }

  /** What was published about this connection. */
  about(connection: unknown): string[] {
    return this.heard
      .filter(({ message }) => message['connection'] === connection)
      .map(({ name, message }) => {
        const { connection: _, error, ...rest } = message;
        const words = Object.entries(rest).map(([key, value]) => `${key}=${value}`);
        if (error) words.push(String(error));
        return [name, ...words].join(' ');
      });
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) unsubscribe(name, listener);
  }
}
