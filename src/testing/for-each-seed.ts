// Runs a test with many seeds, and says which one it failed with.
import { Random } from './random.ts';

/** How often, and with which seeds. */
export interface SeedOptions {
  /** How many runs. Default 100. */
  readonly runs?: number | undefined;
  /** The first seed; each run has the next one. Default: one by chance. */
  readonly seed?: number | undefined;
}

/**
 * Runs a test again and again, each time with another seed, until one fails.
 *
 * @throws {Error} a run has failed: the message names its seed, `cause` is what it threw. `{ seed, runs: 1 }` repeats it.
 */
export async function forEachSeed(
  run: (seed: number) => unknown,
  { runs = 100, seed = new Random().seed }: SeedOptions = {},
): Promise<void> {
  for (let i = 0; i < runs; i++) {
    const current = (seed + i) >>> 0;
    try {
      await run(current);
    } catch (error) {
      throw new Error(`failed with { seed: ${current}, runs: 1 }: ${String(error)}`, { cause: error });
    }
  }
}
