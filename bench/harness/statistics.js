// Medians, and ratios within a round.

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Of rows that have the same shape the one in the middle, by their value. */
export const medianRow = (rows) => rows.toSorted((a, b) => a.value - b.value)[(rows.length - 1) >> 1];

/**
 * How many times the other's value is of the first one's: a ratio for each round in which both were measured, so that a
 * machine that slows down does so for both.
 */
export function ratios(rows, otherRows) {
  const others = new Map(otherRows.map((row) => [row.round, row.value]));
  return rows.filter(({ round }) => others.has(round)).map(({ round, value }) => others.get(round) / value);
}
