// The nonces of a server that asks for Digest: made so that they need not be kept, and each good once for each count
// (RFC 7616 §3.3, §5.5). Knows no headers.
import { equalInConstantTime } from '../../bytes/constant-time.ts';
import { encodeUtf8 } from '../../bytes/utf8.ts';
import type { Hash } from '../../core/digest.ts';
import type { Host } from '../../core/host.ts';
import { randomUuid } from '../../core/uuid.ts';

/** Nonces in use whose counts are remembered; with more, the oldest become stale. */
const MAX_COUNTED = 10_000;

/** What nonces are made with. */
export interface NonceOptions {
  readonly host: Host;
  readonly hash: Hash;
  /** How long a nonce is good. */
  readonly lifetimeMs: number;
  /** What proves that a nonce is ours. */
  readonly secret: string;
}

interface UsedNonce {
  readonly issuedAt: number;
  /** The last one. */
  count: number;
}

/**
 * A nonce tells when it was made, and a hash over that and our secret proves it: nothing is kept for whoever only asks. The
 * counts of those that were used are: an answer that is heard on the way can't be given again.
 */
export class DigestNonces {
  readonly #options: NonceOptions;
  /** Nonces in the order of first use, by their proof as we calculate it: a text of the client's would keep its whole request. */
  readonly #used: Map<string, UsedNonce> = new Map();
  /** Nonces that were made up to then may have been used and forgotten. */
  #forgottenUntil = Number.NEGATIVE_INFINITY;

  constructor(options: NonceOptions) {
    this.#options = options;
  }

  /** How many nonces are remembered. */
  get size(): number {
    return this.#used.size;
  }

  issue(): string {
    const { host } = this.#options;
    const text = `${host.now().toString(36)}.${randomUuid(host)}`;
    return `${text}.${this.#proofOf(text)}`;
  }

  /** Whether a request may use the nonce with this count. If so, it has. */
  use(nonce: string, count: number): boolean {
    const [time = '', random = '', proof = '', ...more] = nonce.split('.');
    const expected = this.#proofOf(`${time}.${random}`);
    if (more.length > 0 || !equalInConstantTime(encodeUtf8(expected), encodeUtf8(proof))) return false;
    const issuedAt = Number.parseInt(time, 36);
    if (issuedAt <= this.#forgottenUntil || this.#isOld(issuedAt)) return false;
    const used = this.#used.get(expected);
    if (count <= (used?.count ?? 0)) return false;
    if (used === undefined) this.#used.set(expected, { issuedAt, count });
    else used.count = count;
    this.#forget();
    return true;
  }

  /** Drops from the front what can't be used any more, and what is too much. */
  #forget(): void {
    for (const [proof, { issuedAt }] of this.#used) {
      if (this.#used.size > MAX_COUNTED) this.#forgottenUntil = Math.max(this.#forgottenUntil, issuedAt);
      else if (!this.#isOld(issuedAt)) return;
      this.#used.delete(proof);
    }
  }

  #isOld(issuedAt: number): boolean {
    return this.#options.host.now() - issuedAt > this.#options.lifetimeMs;
  }

  #proofOf(text: string): string {
    const { hash, secret } = this.#options;
    // Twice, as HMAC does: what is behind the secret can't be made longer by who doesn't know it.
    const inner = hash('sha256', encodeUtf8(`${secret}.${text}`));
    return hash('sha256', encodeUtf8(`${secret}.${inner}`));
  }
}
