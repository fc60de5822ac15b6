// A pattern that is read: what to match, which parameters come of it, and where it stands among others.
import type { PathNode } from './path-node.ts';

/** A parameter of a pattern; its index in the list is that of its capture. */
export interface Parameter {
  readonly name: string;
  /** Undefined: refused. */
  readonly toValue: (text: string) => unknown;
}

/**
 * How specific a pattern is in one of its segments; static text before parameters, between slashes. Null: ends here.
 * `weights` compares from left to right, lower first.
 */
export type SegmentRank = { readonly text: string } | { readonly weights: readonly number[] };

/** A pattern, from either syntax. */
export interface PathPattern {
  readonly node: PathNode;
  readonly parameters: readonly Parameter[];
  readonly ranks: readonly SegmentRank[];
}

/** Where a piece of a pattern begins to match, for {@link rankSegments}. */
export type RankedPiece = { readonly text: string } | { readonly weight: number; readonly spansSegments: boolean };

/** The ranks of the segments that the pieces make: those of the reference, so that rules win as they do there. */
export function rankSegments(pieces: readonly RankedPiece[]): SegmentRank[] {
  const ranks: SegmentRank[] = [];
  let texts: string[] = [];
  let weights: number[] = [];
  let isLast = false;
  const endSegment = (): void => {
    ranks.push(
      weights.length === 0
        ? { text: texts.join('') }
        : { weights: [-texts.length, ...texts.map(({ length }) => -length), -weights.length, ...weights] },
    );
    texts = [];
    weights = [];
  };
  for (const piece of pieces) {
    if ('weight' in piece) {
      weights.push(piece.weight);
      // What may span segments leaves no segments behind it: the rest is one.
      isLast ||= piece.spansSegments;
      continue;
    }
    piece.text.split('/').forEach((part, index) => {
      if (index > 0 && !isLast) endSegment();
      if (part !== '') texts.push(part);
    });
  }
  endSegment();
  return ranks;
}

/** Which of two patterns is tried first: negative for the first. Static text wins from segment to segment. */
export function comparePatterns(a: PathPattern, b: PathPattern): number {
  for (let i = 0; i < Math.max(a.ranks.length, b.ranks.length); i++) {
    const [one, other] = [a.ranks[i], b.ranks[i]];
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
    if ('text' in one && 'text' in other) {
      if (one.text !== other.text) return one.text < other.text ? -1 : 1;
    } else if ('text' in one || 'text' in other) {
      return 'text' in one ? -1 : 1;
    } else {
      const difference = compareLists(one.weights, other.weights);
      if (difference !== 0) return difference;
    }
  }
  return 0;
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** The text of a pattern without parameters; null when it has some, or anything that varies. */
export const staticText = ({ node }: PathPattern): string | null =>
  node.kind === 'text'
    ? node.text
    : node.kind === 'sequence' && node.nodes.every((part) => part.kind === 'text')
      ? node.nodes.map((part) => (part.kind === 'text' ? part.text : '')).join('')
      : null;
