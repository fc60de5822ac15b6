// What the schedules of a campaign have called and met, in numbers: a call that no fault meets proves nothing. Plays none.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Call, OPERATIONS, type Operation } from './calls.ts';

interface Numbers {
  calls: number;
  /** In schedules in which something failed. */
  withFault: number;
  /** With an error. */
  failed: number;
}

/** Limits that schedules must have met: the time or the room that they give was over. */
const LIMITS = [
  'openTimeoutMs',
  'closeTimeoutMs',
  'pingTimeoutMs',
  'idleTimeoutMs',
  'maxLifetimeMs',
  'slowTimeoutMs',
  'maxBuffered',
] as const;

/** How the schedules have ended, and what was called in them. */
export class Census {
  readonly #outcomes: Map<string, number> = new Map();
  readonly #operations: Map<Operation, Numbers> = new Map(
    OPERATIONS.map((name) => [name, { calls: 0, withFault: 0, failed: 0 }]),
  );

  readonly #limits: Map<string, number> = new Map(LIMITS.map((name) => [name, 0]));

  /** Counts the limits that are met in this process, until the function that it returns is called. */
  watchLimits(): () => void {
    const onLimit = (message: unknown): void => {
      const { limit } = message as { readonly limit: string };
      this.#limits.set(limit, (this.#limits.get(limit) ?? 0) + 1);
    };
    subscribe('websockets:limit', onLimit);
    return () => unsubscribe('websockets:limit', onLimit);
  }

  /** @param isFaulty whether something failed in it. */
  count(outcome: string, calls: readonly Call[], isFaulty: boolean): void {
    this.#outcomes.set(outcome, this.timesOf(outcome) + 1);
    for (const { name, outcome } of calls) {
      const numbers = this.#operations.get(name)!;
      numbers.calls++;
      if (isFaulty) numbers.withFault++;
      if (outcome instanceof Error) numbers.failed++;
    }
  }

  timesOf(outcome: string): number {
    return this.#outcomes.get(outcome) ?? 0;
  }

  /** The calls that no fault has met, and the limits that were not. */
  get unmet(): string[] {
    const calls = OPERATIONS.filter((name) => this.#operations.get(name)!.withFault === 0);
    return [...calls, ...LIMITS.filter((name) => this.#limits.get(name) === 0)];
  }

  outcomes(): string[] {
    return [...this.#outcomes].sort().map(([outcome, times]) => `${outcome}: ${times}`);
  }

  /** A line for each call, then one for each limit. */
  table(): string[] {
    const line = (...[name, ...numbers]: readonly string[]): string =>
      name!.padEnd(40) + numbers.map((each) => each.padStart(12)).join('');
    const rows = [...this.#operations].map(([name, { calls, withFault, failed }]) =>
      line(name, String(calls), String(withFault), String(failed)),
    );
    const limits = [...this.#limits].map(([name, times]) => line(name, String(times)));
    return [line('call', 'calls', 'with a fault', 'failed'), ...rows, '', line('limit', 'met'), ...limits];
  }
}
