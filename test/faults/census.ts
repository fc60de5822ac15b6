// What the schedules of a campaign have called and met, in numbers: a call that no fault meets proves nothing. Plays none.
import { type Call, OPERATIONS, type Operation } from './calls.ts';

interface Numbers {
  calls: number;
  /** In schedules in which something failed. */
  withFault: number;
  /** With an error. */
  failed: number;
}

/** How the schedules have ended, and what was called in them. */
export class Census {
  readonly #outcomes: Map<string, number> = new Map();
  readonly #operations: Map<Operation, Numbers> = new Map(
    OPERATIONS.map((name) => [name, { calls: 0, withFault: 0, failed: 0 }]),
  );

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

  /** What no fault has met. */
  get unmet(): Operation[] {
    return OPERATIONS.filter((name) => this.#operations.get(name)!.withFault === 0);
  }

  outcomes(): string[] {
    return [...this.#outcomes].sort().map(([outcome, times]) => `${outcome}: ${times}`);
  }

  /** A line for each call. */
  table(): string[] {
    const line = (...[name, ...numbers]: readonly string[]): string =>
      name!.padEnd(40) + numbers.map((each) => each.padStart(12)).join('');
    const rows = [...this.#operations].map(([name, { calls, withFault, failed }]) =>
      line(name, String(calls), String(withFault), String(failed)),
    );
    return [line('call', 'calls', 'with a fault', 'failed'), ...rows];
  }
}
