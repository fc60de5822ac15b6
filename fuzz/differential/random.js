// Numbers that look random and are the same for the same seed and index: each case can be made again by itself.

export class Random {
  #state;

  constructor(seed, index) {
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)) >>> 0;
    this.#next();
    this.#next();
  }

  /** 32 bits (the generator "mulberry32"). */
  #next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (bits ^ (bits >>> 14)) >>> 0;
  }

  /** An integer from 0 to below `count`. */
  below(count) {
    return this.#next() % count;
  }

  /** Whether something happens that does so `percent` times of a hundred. */
  chance(percent) {
    return this.below(100) < percent;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  bytes(length) {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** In place. */
  shuffle(list) {
    for (let i = list.length - 1; i > 0; i--) {
      const other = this.below(i + 1);
      [list[i], list[other]] = [list[other], list[i]];
    }
  }

  /** The text of a head with one mistake: cut off, a bare LF, a character that is another one, too many or missing. */
  mutated(text) {
    const at = this.below(text.length);
    const what = this.below(5);
    if (what === 0) return text.slice(0, at);
    if (what === 1) return text.replace('\r\n', '\n');
    if (what === 2) return text.slice(0, at) + String.fromCharCode(this.below(256)) + text.slice(at + 1);
    if (what === 3) return text.slice(0, at) + String.fromCharCode(this.below(256)) + text.slice(at);
    return text.slice(0, at) + text.slice(at + 1);
  }
}
