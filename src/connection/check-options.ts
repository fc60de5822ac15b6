// Checks of numbers in options: nonsense must not switch a limit off in silence.

/** A duration in milliseconds from an option; null stands for no limit. */
export function duration(name: string, value: number | null | undefined, defaultMs: number): number | null {
  return value === undefined ? defaultMs : limit(name, value, 'a number of milliseconds');
}

/**
 * A limit from an option; null stands for none.
 * @throws {TypeError} it is no number.
 * @throws {RangeError} it is negative or NaN.
 */
export function limit(name: string, value: number | null, what = 'a number'): number | null {
  return value === null ? null : amount(name, value, `${what} or null`);
}

/**
 * A number from an option.
 * @throws {TypeError} it is no number.
 * @throws {RangeError} it is negative or NaN.
 */
export function amount(name: string, value: number, what = 'a number'): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be ${what}`);
  if (!(value >= 0)) throw new RangeError(`${name} must be positive or equal to zero`);
  return value;
}
