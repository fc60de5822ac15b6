// What a pattern is made of once it is read, whatever syntax it was written in. Types, and the few sets of characters.

/** A set of characters, asked by code unit. */
export type CharSet = (code: number) => boolean;

const SLASH = 0x2f;

export const ANY: CharSet = () => true;
export const NOT_SLASH: CharSet = (code) => code !== SLASH;
export const DIGIT: CharSet = (code) => code >= 0x30 && code <= 0x39;
export const HEX_DIGIT: CharSet = (code) =>
  DIGIT(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);

/** A piece of a pattern. */
export type PathNode =
  /** This very text. */
  | { readonly kind: 'text'; readonly text: string }
  /** As many characters of the set as there are; with `lazy` as few as let the rest match. */
  | {
      readonly kind: 'chars';
      readonly set: CharSet;
      readonly min: number;
      readonly max: number;
      readonly lazy?: boolean;
    }
  /** The longest text of characters of the set that the expression matches from end to end. */
  | { readonly kind: 'regex'; readonly regex: RegExp; readonly set: CharSet; readonly min: number }
  /** The first of these that lets the rest match. */
  | { readonly kind: 'oneOf'; readonly nodes: readonly PathNode[] }
  | { readonly kind: 'sequence'; readonly nodes: readonly PathNode[] }
  /** None or one, or any number, as many as possible. The node must not match an empty text. */
  | { readonly kind: 'repeat'; readonly node: PathNode; readonly max: 1 | typeof Number.POSITIVE_INFINITY }
  /** A parameter: the text that the node matched is kept under the index. */
  | { readonly kind: 'capture'; readonly index: number; readonly node: PathNode };

export const text = (value: string): PathNode => ({ kind: 'text', text: value });
export const sequence = (...nodes: readonly PathNode[]): PathNode => ({ kind: 'sequence', nodes });
