// Numbers with units, as people write them on a command line and read them in a report. Knows no option.
import { UsageError } from './exit-code.ts';

const BYTES = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
  ['kib', 1024],
  ['mib', 1024 ** 2],
]);

const MILLISECONDS = new Map([
  ['', 1000],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['min', 60_000],
  ['h', 3_600_000],
]);

/** A number and what follows it. */
function split(text: string): [number: number, unit: string] | null {
  const match = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text);
  return match && [Number(match[1]), match[2]!.toLowerCase()];
}

/**
 * Bytes: `64`, `16KiB`, `1MiB`, `10kB`.
 * @throws {UsageError} it is something else.
 */
export function parseSize(text: string): number {
  const [number, unit] = split(text) ?? [];
  const bytes = number! * BYTES.get(unit ?? 'none')!;
  if (!Number.isSafeInteger(bytes)) throw new UsageError(`${quote(text)} is not a size such as 64, 16KiB or 1MiB`);
  return bytes;
}

/**
 * Milliseconds: `10s`, `500ms`, `2m`; a number alone is seconds.
 * @throws {UsageError} it is something else.
 */
export function parseDuration(text: string): number {
  const [number, unit] = split(text) ?? [];
  const milliseconds = number! * MILLISECONDS.get(unit ?? 'none')!;
  if (!Number.isFinite(milliseconds)) throw new UsageError(`${quote(text)} is not a time such as 10s, 500ms or 2m`);
  return milliseconds;
}

/**
 * A whole number from 1 on: `64`, `10_000`.
 * @throws {UsageError} it is something else.
 */
export function parseCount(text: string): number {
  const count = /^\d+(_\d+)*$/.test(text) ? Number(text.replaceAll('_', '')) : 0;
  if (count < 1 || !Number.isSafeInteger(count)) throw new UsageError(`${quote(text)} is not a whole number from 1 on`);
  return count;
}

/** A size in the unit that suits it: `64 B`, `16 KiB`, `1.5 MiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length);
  return `${short(bytes / 1024 ** power)} ${units[power - 1]}`;
}

/** A time in the unit that suits it, to three digits: `71.3 µs`, `1.94 ms`, `12.0 s`. */
export function timeText(milliseconds: number): string {
  if (milliseconds < 1) return `${threeDigits(milliseconds * 1000)} µs`;
  return milliseconds < 1000 ? `${threeDigits(milliseconds)} ms` : `${threeDigits(milliseconds / 1000)} s`;
}

/** A whole number with its thousands apart: `812,345`. */
export const countText = (count: number): string => Math.round(count).toLocaleString('en-US');

/** Text in quotes, with whatever would harm a terminal escaped. */
export const quote = (text: string): string => JSON.stringify(text);

const threeDigits = (number: number): string => number.toFixed(number < 9.995 ? 2 : number < 99.95 ? 1 : 0);

/** At most three digits, and no zeros behind the point. */
const short = (number: number): string => String(Number(number.toPrecision(number < 999.5 ? 3 : 4)));
