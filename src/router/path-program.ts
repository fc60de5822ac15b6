// Matches a path against a pattern in time linear in the path, whatever the path. Knows no syntax of patterns.
import type { CharSet, PathNode } from './path-node.ts';

/** One step. The next is the one behind it, unless it says otherwise. */
type Step =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'char'; readonly set: CharSet }
  /** Any number of characters of the set: as many as there are first, or with `lazy` none first. */
  | { readonly kind: 'run'; readonly set: CharSet; readonly lazy: boolean }
  | Extract<PathNode, { kind: 'regex' }>
  /** Goes on at `first`; where that leads nowhere, at `second`. */
  | { readonly kind: 'fork'; first: number; second: number }
  | { readonly kind: 'jump'; to: number }
  | { readonly kind: 'save'; readonly slot: number }
  | { readonly kind: 'end' };

// A job on the stack is three numbers: a step, a place in the path, and for a regular expression the end that was tried.
/** In place of a step: puts a slot back to what it was. */
const RESTORE = -1;
/** This minus a step, which is a run: goes on behind it at the last of these places, and then at those before it. */
const BEHIND = -2;
/** In place of the end that a regular expression is tried with: not tried yet. */
const FRESH = -1;

/**
 * How many characters regular expressions may be given for one path: some hundredths of a second. They are tried with every
 * text that a parameter could have, so that even good ones take the cube of a path's length, or worse.
 */
const MAX_EXAMINED = 2 ** 24;

/**
 * A pattern as a program. It backtracks, but never comes to the same step at the same character twice: what failed there
 * once fails again. So the work is bounded by steps times characters, where a RegExp takes a time that is a power of
 * the path's length as soon as a segment has two parameters. Only the regular expressions of users are run as they are, up to
 * a limit.
 */
export class PathProgram {
  readonly #steps: Step[] = [];
  readonly #slots: number;
  /** What every path that matches begins and ends with. */
  readonly #beginning: string;
  readonly #end: string;
  /** Of the path that is being matched. */
  #examined = 0;

  constructor(node: PathNode, captures: number) {
    this.#slots = 2 * captures;
    this.#add(node);
    const [first, last] = node.kind === 'sequence' ? [node.nodes[0], node.nodes.at(-1)] : [node, node];
    this.#beginning = first?.kind === 'text' ? first.text : '';
    this.#end = last?.kind === 'text' ? last.text : '';
    this.#steps.push({ kind: 'end' });
  }

  /**
   * The texts of the captures, undefined for one in a part that was left out; null when the path does not match.
   * @throws {RangeError} it takes too long to say.
   */
  match(path: string): (string | undefined)[] | null {
    // Nearly every rule that does not match differs here already.
    if (!path.startsWith(this.#beginning) || !path.endsWith(this.#end)) return null;
    this.#examined = 0;
    const steps = this.#steps;
    const slots = new Array<number>(this.#slots).fill(-1);
    const width = path.length + 1;
    const visited = new Uint32Array(Math.ceil((steps.length * width) / 32));
    /** Whether this is the first time that the step is come to at this place. */
    const isNew = (step: number, place: number): boolean => {
      const bit = step * width + place;
      const mask = 1 << (bit & 31);
      if ((visited[bit >>> 5]! & mask) !== 0) return false;
      visited[bit >>> 5]! |= mask;
      return true;
    };
    const jobs = [0, 0, FRESH];
    while (jobs.length > 0) {
      const tried = jobs.pop()!;
      const at = jobs.pop()!;
      const job = jobs.pop()!;
      if (job === RESTORE) {
        slots[at] = tried;
        continue;
      }
      let step = job;
      let position = at;
      let end = tried;
      if (job <= BEHIND) {
        if (tried > at) jobs.push(job, at, tried - 1);
        step = BEHIND - job + 1;
        position = tried;
        end = FRESH;
      }
      for (;;) {
        if (end === FRESH && !isNew(step, position)) break;
        const now = steps[step]!;
        if (now.kind === 'end') {
          if (position === path.length) return textsOf(path, slots);
          break;
        }
        if (now.kind === 'text') {
          if (!path.startsWith(now.text, position)) break;
          position += now.text.length;
        } else if (now.kind === 'char') {
          if (position === path.length || !now.set(path.charCodeAt(position))) break;
          position += 1;
        } else if (now.kind === 'run') {
          if (now.lazy) {
            if (position < path.length && now.set(path.charCodeAt(position))) jobs.push(step, position + 1, FRESH);
          } else {
            const start = position;
            while (position < path.length && now.set(path.charCodeAt(position)) && isNew(step, position + 1))
              position++;
            if (position > start) jobs.push(BEHIND - step, start, position - 1);
          }
        } else if (now.kind === 'fork') {
          jobs.push(now.second, position, FRESH);
          step = now.first;
          continue;
        } else if (now.kind === 'jump') {
          step = now.to;
          continue;
        } else if (now.kind === 'save') {
          jobs.push(RESTORE, now.slot, slots[now.slot]!);
          slots[now.slot] = position;
        } else {
          const next = this.#regexEnd(now, step, path, position, end);
          if (next === -1) break;
          jobs.push(step, position, next);
          position = next;
          end = FRESH;
        }
        step += 1;
      }
    }
    return null;
  }

  /** The longest end, shorter than the one that was tried before, of a text that the expression matches; -1: none. */
  #regexEnd(
    { regex, set, min }: Extract<Step, { kind: 'regex' }>,
    step: number,
    path: string,
    start: number,
    tried: number,
  ): number {
    let end = tried - 1;
    if (tried === FRESH) for (end = start; end < path.length && set(path.charCodeAt(end)); ) end += 1;
    for (; end >= start + min; end--) {
      // Mostly there is one place where the parameter can end at all: don't run the expression for the others.
      if (!this.#mayFollow(step, path, end)) continue;
      this.#examined += end - start + 1;
      if (this.#examined > MAX_EXAMINED)
        throw new RangeError('the regular expressions of a rule take too long for this path');
      if (regex.test(path.slice(start, end))) return end;
    }
    return -1;
  }

  /** Whether what is fixed behind the step stands at this place. */
  #mayFollow(step: number, path: string, position: number): boolean {
    let behind = this.#steps[step + 1]!;
    for (let i = step + 2; behind.kind === 'save'; i++) behind = this.#steps[i]!;
    if (behind.kind === 'end') return position === path.length;
    return behind.kind !== 'text' || path.startsWith(behind.text, position);
  }

  #add(node: PathNode): void {
    const steps = this.#steps;
    switch (node.kind) {
      case 'text':
        if (node.text !== '') steps.push({ kind: 'text', text: node.text });
        break;
      case 'regex':
        steps.push(node);
        break;
      case 'sequence':
        for (const part of node.nodes) this.#add(part);
        break;
      case 'capture':
        steps.push({ kind: 'save', slot: 2 * node.index });
        this.#add(node.node);
        steps.push({ kind: 'save', slot: 2 * node.index + 1 });
        break;
      case 'repeat':
        this.#addRepeat(() => this.#add(node.node), node.max, false);
        break;
      case 'oneOf':
        this.#addAlternatives(node.nodes);
        break;
      case 'chars': {
        const add = (): void => void steps.push({ kind: 'char', set: node.set });
        for (let i = 0; i < node.min; i++) add();
        if (node.max === Number.POSITIVE_INFINITY) steps.push({ kind: 'run', set: node.set, lazy: node.lazy ?? false });
        else this.#addUpTo(node.max - node.min, add, node.lazy ?? false);
        break;
      }
    }
  }

  #addRepeat(add: () => void, max: number, lazy: boolean): void {
    const fork: Extract<Step, { kind: 'fork' }> = { kind: 'fork', first: 0, second: 0 };
    const start = this.#steps.push(fork) - 1;
    add();
    if (max > 1) this.#steps.push({ kind: 'jump', to: start });
    const [into, past] = [start + 1, this.#steps.length];
    fork.first = lazy ? past : into;
    fork.second = lazy ? into : past;
  }

  /** Any number of times up to `max`. All have one way out: with one each, the way to it would take the square of their number. */
  #addUpTo(max: number, add: () => void, lazy: boolean): void {
    const starts: number[] = [];
    for (let i = 0; i < max; i++) {
      starts.push(this.#steps.push({ kind: 'fork', first: 0, second: 0 }));
      add();
    }
    const past = this.#steps.length;
    for (const into of starts) {
      this.#steps[into - 1] = { kind: 'fork', first: lazy ? past : into, second: lazy ? into : past };
    }
  }

  #addAlternatives(nodes: readonly PathNode[]): void {
    const jumps: Extract<Step, { kind: 'jump' }>[] = [];
    nodes.forEach((node, index) => {
      if (index === nodes.length - 1) {
        this.#add(node);
        return;
      }
      const fork: Extract<Step, { kind: 'fork' }> = { kind: 'fork', first: 0, second: 0 };
      fork.first = this.#steps.push(fork);
      this.#add(node);
      const jump: Extract<Step, { kind: 'jump' }> = { kind: 'jump', to: 0 };
      fork.second = this.#steps.push(jump);
      jumps.push(jump);
    });
    for (const jump of jumps) jump.to = this.#steps.length;
  }
}

function textsOf(path: string, slots: readonly number[]): (string | undefined)[] {
  const texts: (string | undefined)[] = [];
  for (let i = 0; i < slots.length; i += 2) {
    texts.push(slots[i + 1] === -1 ? undefined : path.slice(slots[i], slots[i + 1]));
  }
  return texts;
}
