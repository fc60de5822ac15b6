// Reads the value of a header from left to right. Knows no grammar but what all of them share: tokens, spaces, commas.
import { InvalidHeaderFormat } from './exceptions/handshake-errors.ts';
import { TOKEN_CHARACTER } from './http-characters.ts';

// Patterns for a cursor are sticky, match at one place only, and have no two ways to match the same text: linear in time.

/** A token (RFC 9110 §5.6.2). */
export const TOKEN: RegExp = new RegExp(`${TOKEN_CHARACTER}+`, 'y');

/** A place in a header's value, moving from left to right, that knows how to say what was expected there. */
export class HeaderCursor {
  readonly #name: string;
  readonly #value: string;
  #at = 0;

  constructor(name: string, value: string) {
    this.#name = name;
    this.#value = value;
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#value.length;
  }

  /** Whether this character stands here. */
  isAtCharacter(character: string): boolean {
    return this.#value[this.#at] === character;
  }

  /** Steps over the character if it stands here. */
  skip(character: string): boolean {
    if (!this.isAtCharacter(character)) return false;
    this.#at += 1;
    return true;
  }

  /** Goes back, to read what stands there in another way. */
  goBackTo(at: number): void {
    this.#at = at;
  }

  /** Steps over commas and the spaces behind each: empty items of a list (RFC 9110 §5.6.1). Whether there was one. */
  skipCommas(): boolean {
    let skipped = false;
    while (this.skip(',')) {
      skipped = true;
      this.skipSpaces();
    }
    return skipped;
  }

  skipSpaces(): void {
    while (this.isAtCharacter(' ') || this.isAtCharacter('\t')) this.#at += 1;
  }

  /** Steps over what the pattern matches here and returns it; null: no match. */
  match(pattern: RegExp): string | null {
    const start = this.#at;
    pattern.lastIndex = start;
    if (!pattern.test(this.#value)) return null;
    this.#at = pattern.lastIndex;
    return this.#value.slice(start, this.#at);
  }

  /** As {@link match}, for what has to stand here. */
  expect(pattern: RegExp, problem: string): string {
    return this.match(pattern) ?? this.fail(problem);
  }

  /** @throws {InvalidHeaderFormat} always, with the place. */
  fail(problem: string, at: number = this.#at): never {
    throw new InvalidHeaderFormat(this.#name, problem, this.#value, at);
  }
}
