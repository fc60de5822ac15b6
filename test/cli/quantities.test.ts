import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { UsageError } from '#dist/cli/exit-code.js';
import { countText, parseCount, parseDuration, parseSize, sizeText, timeText } from '#dist/cli/quantities.js';

const reads = (parse: (text: string) => number, good: Record<string, number>, bad: readonly string[]): void => {
  for (const [text, number] of Object.entries(good)) {
    test(`reads ${text}`, () => assert.equal(parse(text), number));
  }
  for (const text of bad) test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parse(text), UsageError));
};

suite('a size', () => {
  const good = { '0': 0, '64': 64, '64B': 64, '16KiB': 16_384, '1MiB': 1_048_576, '1.5 kib': 1536, '10kB': 10_000 };
  reads(parseSize, good, ['', 'KiB', '-1', '1.5', '1 XB', '0x10', '1e3', '9'.repeat(30)]);
});

suite('a time', () => {
  const good = { '10': 10_000, '10s': 10_000, '500ms': 500, '0.5s': 500, '2m': 120_000, '1h': 3_600_000 };
  reads(parseDuration, good, ['', 's', '-1s', '1 fortnight', 'Infinity']);
});

suite('a count', () => {
  reads(parseCount, { '1': 1, '10_000': 10_000 }, ['', '0', '-1', '1.5', '1k', '9'.repeat(30)]);
});

suite('text of', () => {
  test('sizes has the unit that suits them', () => {
    const sizes = [0, 64, 1023, 1024, 1536, 1_048_576, 104_857_600, 5 * 1024 ** 3].map(sizeText);
    assert.deepEqual(sizes, ['0 B', '64 B', '1023 B', '1 KiB', '1.5 KiB', '1 MiB', '100 MiB', '5 GiB']);
  });

  test('times has three digits', () => {
    const times = [0.00015, 0.0713, 0.712, 1.944, 12.34, 250, 12_000].map(timeText);
    assert.deepEqual(times, ['0.15 µs', '71.3 µs', '712 µs', '1.94 ms', '12.3 ms', '250 ms', '12.0 s']);
  });

  test('counts has its thousands apart', () => assert.equal(countText(1_234_567.8), '1,234,568'));
});
