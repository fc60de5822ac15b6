// What a peer's end has received: messages for whoever asks for them, and how it ended. Knows no library.
import type { Ending, Message } from './peer.ts';

interface Reader {
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
}

export class Inbox {
  readonly #messages: Message[] = [];
  readonly #readers: Reader[] = [];
  #resolveEnded!: (ending: Ending) => void;
  #ending: Ending | null = null;
  /** Settles when the connection is gone. */
  readonly ended: Promise<Ending> = new Promise((resolve) => {
    this.#resolveEnded = resolve;
  });

  put(message: Message): void {
    const reader = this.#readers.shift();
    if (reader === undefined) this.#messages.push(message);
    else reader.resolve(message);
  }

  end(ending: Ending): void {
    this.#ending = ending;
    for (const reader of this.#readers.splice(0)) reader.reject(endedBy(ending));
    this.#resolveEnded(ending);
  }

  take(): Promise<Message> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#ending !== null) return Promise.reject(endedBy(this.#ending));
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }
}

const endedBy = ({ code, reason }: Ending): Error =>
  new Error(`the peer's connection ended with ${code} ${reason} before a message came`);
