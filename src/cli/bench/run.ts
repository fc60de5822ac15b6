// One run of the bench, from opening the connections to closing them. Knows no option and no report.
import { setMaxListeners } from 'node:events';
import type { ConnectOptions } from '../../index.ts';
import { AbnormalClose } from '../exit-code.ts';
import { Faults } from './faults.ts';
import type { Lane, LaneOwner } from './lane.ts';
import type { Mode } from './modes.ts';
import { ClosedLoop, OpenLoop, type Pace } from './pace.ts';
import { makePayload } from './payload.ts';
import { Tally } from './tally.ts';

/** What to do. */
export interface RunSettings {
  readonly uri: string;
  readonly connectOptions: ConnectOptions;
  readonly mode: Mode;
  readonly connections: number;
  /** Operations at the same time on each connection; without effect with a rate. */
  readonly inFlight: number;
  /** Operations a second on all connections together; null: as many as the server takes. */
  readonly ratePerSecond: number | null;
  readonly sizeBytes: number;
  readonly isText: boolean;
  /** Null: until all operations are done. */
  readonly durationMs: number | null;
  /** Null: as many as there is time for. */
  readonly operations: number | null;
  /** How long to work before counting. */
  readonly warmupMs: number;
  /** The run ends when nothing is done for so long. */
  readonly timeoutMs: number;
}

/** Why a run ended: by plan, because nothing came any more, without connections, or because somebody wanted so. */
export type Ending = 'complete' | 'silent' | 'lost' | 'interrupted';

/** What came of it. */
export interface RunResult {
  readonly ending: Ending;
  readonly tally: Tally;
  /** What went wrong, from the first connection to the last, and how connections ended. */
  readonly faults: Faults;
  /** Connections that were opened. */
  readonly opened: number;
  /** The time that was measured, without waiting for the last answers. */
  readonly elapsedMs: number;
  /** What was done in that time. */
  readonly doneInTime: number;
  /** How much of one processor we used ourselves in that time, from 0 on. */
  readonly clientBusy: number;
  /** Operations that came to no end. */
  readonly unanswered: number;
}

/** How it is going. */
export interface Progress {
  readonly phase: 'opening' | 'warming up' | 'measuring';
  readonly elapsedMs: number;
  /** Operations that were done since the last progress; while opening: connections that are open. */
  readonly done: number;
  readonly errors: number;
}

/** Connections that are opened at the same time: more would wait in the server's backlog, and time out there. */
const OPENING_AT_ONCE = 100;
const PROGRESS_MS = 1000;

/**
 * Does it. `interrupted` ends it early, with what was counted so far.
 * @throws what `connect` throws, when no connection can be opened at all.
 */
export function runBench(
  settings: RunSettings,
  interrupted: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<RunResult> {
  return new Run(settings, interrupted, onProgress).run();
}

/** Why a phase stopped: its time is up, or one of the endings. */
type Stop = Ending | 'time';

class Run implements LaneOwner {
  readonly #settings: RunSettings;
  readonly #interrupted: AbortSignal;
  readonly #onProgress: (progress: Progress) => void;
  #lanes: Lane[] = [];
  readonly #faults = new Faults();
  #tally = new Tally();
  #pace: Pace | null = null;
  /** Operations that may still begin. */
  #left = 0;
  /** Of the lanes that are alive. */
  #unfinished = 0;
  /** Of those that are not. */
  #unanswered = 0;
  #isOver = false;
  #stop: (stop: Stop) => void = () => {};

  constructor(settings: RunSettings, interrupted: AbortSignal, onProgress: (progress: Progress) => void) {
    this.#settings = settings;
    this.#interrupted = interrupted;
    this.#onProgress = onProgress;
  }

  async run(): Promise<RunResult> {
    const { warmupMs, durationMs, operations } = this.#settings;
    try {
      await this.#open();
      if (warmupMs > 0) {
        const result = await this.#work('warming up', warmupMs, null);
        if (result.ending !== 'complete') return result;
      }
      return await this.#work('measuring', durationMs, operations);
    } finally {
      this.#isOver = true;
      await Promise.all(this.#lanes.map((lane) => lane.close()));
    }
  }

  /** Opens the connections, and goes on with those that could be. */
  async #open(): Promise<void> {
    const { mode, connections, uri, connectOptions, sizeBytes, isText } = this.#settings;
    const payload = makePayload(sizeBytes, isText);
    // Each connection listens while it is being made: many are no leak.
    setMaxListeners(0, this.#interrupted);
    const options = { uri, connectOptions: { ...connectOptions, signal: this.#interrupted }, payload, owner: this };
    const waiting = Array.from({ length: connections }, () => new mode.Lane(options));
    const startedAt = performance.now();
    const progress = setInterval(() => {
      const elapsedMs = performance.now() - startedAt;
      this.#onProgress({ phase: 'opening', elapsedMs, done: this.#lanes.length, errors: this.#faults.count });
    }, PROGRESS_MS);
    const openSome = async (): Promise<void> => {
      for (let lane = waiting.pop(); lane !== undefined; lane = waiting.pop()) {
        try {
          await lane.open();
          if (!lane.isLost) this.#lanes.push(lane);
        } catch (error) {
          this.#faults.countError(error);
          // When all of the first ones fail, so will the rest: a dead server is not asked ten thousand times.
          if (this.#lanes.length === 0 && this.#faults.count >= OPENING_AT_ONCE) waiting.length = 0;
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openSome));
    } finally {
      clearInterval(progress);
    }
    this.#interrupted.throwIfAborted();
    if (this.#lanes.length === 0) throw this.#faults.first;
  }

  /** Works until the time is up and everything is answered, or something else ends it. */
  async #work(phase: Progress['phase'], durationMs: number | null, operations: number | null): Promise<RunResult> {
    const { inFlight, ratePerSecond } = this.#settings;
    const tally = new Tally();
    this.#tally = tally;
    const begin = (lane: Lane, dueAt: number): boolean => this.#begin(lane, dueAt);
    const pace = ratePerSecond === null ? new ClosedLoop(inFlight, begin) : new OpenLoop(ratePerSecond, begin);
    this.#pace = pace;
    this.#left = operations ?? Number.POSITIVE_INFINITY;
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    const endProgress = this.#watchProgress(phase);

    let stop = await this.#until(durationMs, () => pace.start(this.#lanes));
    const elapsedMs = performance.now() - startedAt;
    const cpu = process.cpuUsage(cpuBefore);
    const doneInTime = tally.done;
    pace.stop();
    this.#left = 0;
    if (stop === 'time') stop = this.#unfinished === 0 ? 'complete' : await this.#until(null, () => {});
    endProgress();

    return {
      ending: stop === 'time' ? 'complete' : stop,
      tally,
      faults: this.#faults,
      opened: this.#lanes.length,
      elapsedMs,
      doneInTime,
      clientBusy: (cpu.user + cpu.system) / 1000 / elapsedMs,
      unanswered: this.#unanswered + this.#unfinished,
    };
  }

  /** Runs the work until something stops it. */
  async #until(durationMs: number | null, work: () => void): Promise<Stop> {
    const { timeoutMs } = this.#settings;
    const interrupt = (): void => this.#stop('interrupted');
    this.#interrupted.addEventListener('abort', interrupt);
    let timer: NodeJS.Timeout | undefined;
    let watchdog: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Stop>((resolve) => {
        this.#stop = resolve;
        if (durationMs !== null) timer = setTimeout(resolve, durationMs, 'time');
        let seen = -1;
        let seenAt = 0;
        watchdog = setInterval(() => {
          const { done, failed } = this.#tally;
          if (done + failed !== seen || this.#unfinished === 0) {
            seen = done + failed;
            seenAt = performance.now();
          } else if (performance.now() - seenAt >= timeoutMs) {
            resolve('silent');
          }
        }, timeoutMs / 10);
        if (this.#interrupted.aborted) interrupt();
        else if (this.#lanes.every((lane) => lane.isLost)) resolve('lost');
        else work();
      });
    } finally {
      clearTimeout(timer);
      clearInterval(watchdog);
      this.#interrupted.removeEventListener('abort', interrupt);
    }
  }

  /** Tells of progress every second, until the function that it returns is called. */
  #watchProgress(phase: Progress['phase']): () => void {
    const startedAt = performance.now();
    let doneBefore = 0;
    const timer = setInterval(() => {
      const { done } = this.#tally;
      const elapsedMs = performance.now() - startedAt;
      this.#onProgress({ phase, elapsedMs, done: done - doneBefore, errors: this.#faults.count });
      doneBefore = done;
    }, PROGRESS_MS);
    return () => clearInterval(timer);
  }

  #begin(lane: Lane, dueAt: number): boolean {
    if (this.#left === 0) return false;
    if (lane.isLost) return true;
    this.#left -= 1;
    this.#tally.begun += 1;
    this.#unfinished += 1;
    lane.unfinished += 1;
    lane.begin(dueAt);
    return true;
  }

  // What the lanes tell

  onDone(lane: Lane, latencyMs: number): void {
    if (lane.isLost) return;
    this.#tally.countDone(latencyMs);
    this.#afterOne(lane);
  }

  onFailed(lane: Lane, error: unknown): void {
    if (this.#isOver || this.#interrupted.aborted) return;
    this.#tally.failed += 1;
    this.#faults.countError(error);
    this.#afterOne(lane);
  }

  onStray(): void {
    this.#faults.strays += 1;
  }

  onClosed(_: Lane, code: number): void {
    this.#faults.countClose(code);
  }

  onLost(lane: Lane, code: number, reason: string): void {
    if (lane.isLost) return;
    lane.isLost = true;
    this.#unfinished -= lane.unfinished;
    this.#unanswered += lane.unfinished;
    this.#faults.countError(new AbnormalClose(code, reason));
    if (this.#lanes.every((one) => one.isLost)) this.#stop('lost');
    else this.#stopWhenComplete();
  }

  #afterOne(lane: Lane): void {
    lane.unfinished -= 1;
    this.#unfinished -= 1;
    this.#pace?.onDone(lane);
    this.#stopWhenComplete();
  }

  #stopWhenComplete(): void {
    if (this.#unfinished === 0 && this.#left === 0) this.#stop('complete');
  }
}
