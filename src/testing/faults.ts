// What a network may do to the bytes of one direction. Knows how that is said, and does nothing.
import type { Random } from './random.ts';

/** What happens to the bytes that go one way. Everything is optional: by default nothing happens. */
export interface Faults {
  /** Milliseconds that bytes are on their way. Default 0: they arrive in the next turn of the event loop. */
  readonly latencyMs?: number | undefined;
  /** Up to so many milliseconds more, by chance. Order is kept. Default 0. */
  readonly jitterMs?: number | undefined;
  /** How many bytes pass in a second. Null (default): any number. */
  readonly bytesPerSecond?: number | null | undefined;
  /**
   * How many bytes arrive in one read, at most: a number, or a smallest and a largest between which chance decides each time. 1: byte by
   * byte. Default 65,536, the size of a read buffer.
   */
  readonly chunkBytes?: number | readonly [min: number, max: number] | undefined;
  /** Whether what was written at several times, and has arrived, is read in one go. Default true, as TCP does. */
  readonly coalesce?: boolean | undefined;
  /**
   * How many bytes may be on their way or wait to be read; more wait with the sender, whose `send` then waits. Default 65,536, as
   * the system's buffers have it.
   */
  readonly capacityBytes?: number | undefined;
  /** The connection is lost when so many bytes have arrived from now on. Null (default): never. */
  readonly cutAfterBytes?: number | null | undefined;
}

/** All of them, checked. */
export type AllFaults = { readonly [Name in keyof Faults]-?: Exclude<Faults[Name], undefined> };

/** How many bytes there are in a read at most. */
export const READ_BYTES = 65_536;

export const NO_FAULTS: AllFaults = {
  latencyMs: 0,
  jitterMs: 0,
  bytesPerSecond: null,
  chunkBytes: READ_BYTES,
  coalesce: true,
  capacityBytes: READ_BYTES,
  cutAfterBytes: null,
};

/**
 * Those that are given, and the others as they were.
 * @throws {RangeError} a value is not possible.
 */
export function mergeFaults(before: AllFaults, given: Faults): AllFaults {
  const named = Object.entries(given).filter(([, value]) => value !== undefined);
  const all: AllFaults = { ...before, ...Object.fromEntries(named) };
  const [min, max] = chunkRange(all);
  const isPossible: Readonly<Record<keyof Faults, boolean>> = {
    latencyMs: all.latencyMs >= 0,
    jitterMs: all.jitterMs >= 0,
    bytesPerSecond: all.bytesPerSecond === null || all.bytesPerSecond > 0,
    chunkBytes: Number.isInteger(min) && Number.isInteger(max) && min >= 1 && max >= min,
    coalesce: typeof all.coalesce === 'boolean',
    capacityBytes: all.capacityBytes >= 1,
    cutAfterBytes: all.cutAfterBytes === null || all.cutAfterBytes >= 0,
  };
  for (const [name] of named) {
    const value = isPossible[name as keyof Faults];
    if (value === undefined) throw new RangeError(`there is no fault of the name ${name}`);
    if (!value) throw new RangeError(`${name} is not possible: ${String(given[name as keyof Faults])}`);
  }
  return all;
}

/** How large a read may be: the smallest limit and the largest. */
export function chunkRange({ chunkBytes }: AllFaults): readonly [min: number, max: number] {
  return typeof chunkBytes === 'number' ? [chunkBytes, chunkBytes] : chunkBytes;
}

/**
 * Faults by chance, such as a real network might have, that lose nothing: delays, narrow and slow lines, pieces of any size.
 * Small ones more often than large ones.
 */
export function randomFaults(random: Random): Faults {
  const chunkBytes = random.pick([1, 2, 7, 125, 1460, READ_BYTES]);
  return {
    latencyMs: random.pick([0, 0, 1, 20, 300]),
    jitterMs: random.pick([0, 0, 1, 20, 300]),
    bytesPerSecond: random.pick([null, null, 1_000_000, 50_000]),
    chunkBytes: random.next() < 0.5 ? chunkBytes : [1, Math.max(chunkBytes, 2)],
    coalesce: random.next() < 0.5,
    capacityBytes: random.pick([1, 100, 5_000, READ_BYTES, READ_BYTES]),
  };
}
