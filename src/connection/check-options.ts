// Checks of options: nonsense must not switch a limit off in silence.

/** @throws {TypeError} they are no object: a port, a subprotocol or a list of them where options are expected. */
export function mustBeOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError('options must be an object');
  }
}

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

/** As `limit`, for whoever compares: infinite for null, undefined for an option that was not given. */
export function mostOf(name: string, value: number | null | undefined): number | undefined {
  return value === undefined ? undefined : (limit(name, value) ?? Number.POSITIVE_INFINITY);
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
