// Which compressors keep their window from one message to the next, and for how long. Knows nothing of zlib.
import type { DeflateLimits } from '../core/host.ts';

/** Whoever may keep a context, or be asked to give it back. */
export interface ContextHolder {
  /** Lives without a context until it needs one again. */
  giveBack(): void;
}

/** Enough for a client; a server has no gain from more (docs/compression.md): no cache holds them, and each costs twice the time. */
const MAX_CONTEXTS = 4;
const IDLE_MS = 10_000;

/** First come, first kept, until one rests. One timer for all, and none while nobody keeps anything. */
export class KeptContexts {
  readonly #maxContexts: number;
  readonly #idleMs: number | null;
  /** With the number of the turn in which each was used last. */
  readonly #holders: Map<ContextHolder, number> = new Map();
  #turn = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor({ maxContexts = MAX_CONTEXTS, idleMs = IDLE_MS }: DeflateLimits) {
    this.#maxContexts = maxContexts ?? Number.POSITIVE_INFINITY;
    this.#idleMs = idleMs;
  }

  /** A context was used: says whether it may be kept. */
  keep(holder: ContextHolder): boolean {
    if (!this.#holders.has(holder)) {
      if (this.#holders.size >= this.#maxContexts) return false;
      this.#timer ??= this.#nextTurn();
    }
    this.#holders.set(holder, this.#turn);
    return true;
  }

  /** It is not kept any more. */
  drop(holder: ContextHolder): void {
    this.#holders.delete(holder);
  }

  #nextTurn(): NodeJS.Timeout | null {
    return this.#idleMs === null ? null : setTimeout(this.#endTurn, this.#idleMs).unref();
  }

  /** Whoever was not used in the whole turn gives back. */
  readonly #endTurn = (): void => {
    for (const [holder, turn] of this.#holders) {
      if (turn === this.#turn) continue;
      this.#holders.delete(holder);
      holder.giveBack();
    }
    this.#turn += 1;
    this.#timer = this.#holders.size === 0 ? null : this.#nextTurn();
  };
}
