// What every victim on Node does beside its library: measures itself, and answers questions on its stdin. Knows no library.
import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import type { Gauge } from '../victim.ts';

/** Timers of the histogram are set this far apart: a loop that is never blocked shows this much. */
const RESOLUTION_MS = 10;

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
let cpu = process.cpuUsage();
let waitedBefore = 0;

/** What must never happen, whatever a peer does. It would have ended the process. */
const accidents: string[] = [];
process.on('uncaughtException', (error) => accidents.push(`uncaughtException: ${String(error?.stack ?? error)}`));
process.on('unhandledRejection', (error) => accidents.push(`unhandledRejection: ${String(error)}`));

/** The most memory since `mark`. Linux keeps it for us, and nothing that lasts a moment escapes. */
function peakBytes(): number {
  try {
    return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}

/** How long this thread was ready to run and another program had the processor. 0 where the system does not tell. */
function waitedMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

function mark(): Gauge {
  globalThis.gc?.();
  globalThis.gc?.();
  try {
    writeFileSync('/proc/self/clear_refs', '5'); // Begins the peak anew.
  } catch {
    // Not on Linux: the peak is that of the process's life, in which nothing has happened yet.
  }
  delay.reset();
  cpu = process.cpuUsage();
  waitedBefore = waitedMs();
  return read();
}

function read(): Gauge {
  const { user, system } = process.cpuUsage(cpu);
  const blocked = (ns: number): number => Math.max(0, Number.isFinite(ns) ? ns / 1e6 - RESOLUTION_MS : 0);
  return {
    rssBytes: process.memoryUsage.rss(),
    peakBytes: peakBytes(),
    delayMaxMs: blocked(delay.max),
    delayP99Ms: blocked(delay.percentile(99)),
    cpuMs: (user + system) / 1000,
    waitedMs: waitedMs() - waitedBefore,
    sockets: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
    accidents,
  };
}

export const say = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

/** Answers `mark` and `read`, and other lines by `onOrder`, until stdin ends. */
export function answer(onOrder: (order: string) => void = () => {}): void {
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      if (line === 'mark') say(mark());
      else if (line === 'read') say(read());
      else onOrder(line);
    })
    .on('close', () => process.exit());
}
