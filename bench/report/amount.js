// How figures are written.

export const number = (value) => value.toLocaleString('en', { maximumSignificantDigits: 3 });

/** A figure with its unit. */
export const amount = (value, unit) =>
  unit === 'B' && value >= 10_000 ? `${number(value / 1024)} KiB` : `${number(value)} ${unit}`;
