// Jobs, their results and how they read. Knows nothing of what a job does.

/** One case, ready to be run in a context that its side gives it. */
export interface Job<Context> {
  readonly section: string;
  readonly chapter: string;
  readonly title: string;
  /** Throws when the program under test does not do what it should. */
  run(context: Context): Promise<void>;
}

/** How a job went; the error is null when it went well. */
export interface Result {
  readonly job: Job<never>;
  readonly error: Error | null;
}

/** Jobs of the same chapter, in order, under their common heading. */
export function byChapter<Context>(jobs: readonly Job<Context>[]): Map<string, Job<Context>[]> {
  const groups = new Map<string, Job<Context>[]>();
  for (const job of jobs) {
    const heading = `${job.section}: ${job.chapter}`;
    const group = groups.get(heading);
    if (group === undefined) groups.set(heading, [job]);
    else group.push(job);
  }
  return groups;
}

/** Runs `task`; a throw becomes the result. */
export async function attempt(job: Job<never>, task: () => Promise<void>): Promise<Result> {
  try {
    await task();
    return { job, error: null };
  } catch (error) {
    return { job, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** One line for each failure. */
export const failures = (results: readonly Result[]): string[] =>
  results.flatMap(({ job, error }) => (error === null ? [] : [`${job.title}: ${error.message}`]));

/** A table with a line for each chapter, and below it the failures. */
export function table(results: readonly Result[]): string {
  const errors = new Map(results.map(({ job, error }) => [job, error]));
  const lines = ['passed  failed  chapter'];
  const details: string[] = [];
  for (const [heading, jobs] of byChapter(results.map(({ job }) => job))) {
    const failed = jobs.filter((job) => errors.get(job) !== null);
    lines.push(
      `${String(jobs.length - failed.length).padStart(6)}  ${String(failed.length || '').padStart(6)}  ${heading}`,
    );
    if (failed.length > 0)
      details.push('', heading, ...failed.map((job) => `  ${job.title}: ${errors.get(job)?.message}`));
  }
  const failed = failures(results).length;
  lines.push(`${String(results.length - failed).padStart(6)}  ${String(failed || '').padStart(6)}  in all`);
  return [...lines, ...details, ''].join('\n');
}

/** Lets a number of tasks run at the same time and the others wait for their turn. */
export class Slots {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
