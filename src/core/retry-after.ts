// Knows the Retry-After field (RFC 9110 §10.2.3) and the three forms of an HTTP date (§5.6.7). Reads no clock.

const DAYS = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)';

/** The form of today, and the two old ones that a recipient has to understand all the same. */
const FORMS: readonly RegExp[] = [
  `${DAYS}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`,
  `(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT`,
  `${DAYS} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}$`));

/**
 * How many milliseconds a `Retry-After` field asks to wait: it has seconds, or a date. 0 for a date that is over; null when
 * it is malformed.
 * @param nowMs milliseconds since 1970.
 */
export function retryAfterMs(value: string, nowMs: number): number | null {
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = parseHttpDate(value, nowMs);
  return date === null ? null : Math.max(0, date - nowMs);
}

function parseHttpDate(text: string, nowMs: number): number | null {
  for (const form of FORMS) {
    const groups = form.exec(text)?.groups;
    if (groups === undefined) continue;
    const { year, month, day, hour, minute, second } = groups as Record<string, string>;
    const at = (fullYear: number): number =>
      Date.UTC(fullYear, MONTHS.indexOf(month!), Number(day), Number(hour), Number(minute), Number(second));
    return year!.length === 4 ? at(Number(year)) : at(fullYearOf(Number(year), nowMs));
  }
  return null;
}

/** Of the years that end so, the last one that is not more than 50 years from now (§5.6.7). */
function fullYearOf(twoDigits: number, nowMs: number): number {
  const latest = new Date(nowMs).getUTCFullYear() + 50;
  return latest - ((latest - twoDigits) % 100);
}
