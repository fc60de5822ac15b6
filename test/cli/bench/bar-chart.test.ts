import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { barChart } from '#dist/cli/bench/bar-chart.js';
import { Histogram } from '#dist/cli/bench/histogram.js';

suite('a bar chart', () => {
  test('has a row for each step between the fastest and the slowest, empty ones too', () => {
    const histogram = new Histogram();
    for (let i = 0; i < 1000; i++) histogram.record(90_000);
    for (let i = 0; i < 500; i++) histogram.record(150_000);
    histogram.record(1_900_000);
    assert.deepEqual(barChart(histogram), [
      `≤ 100 µs  1,000  ${'█'.repeat(40)}`,
      `≤ 200 µs    500  ${'█'.repeat(20)}`,
      '≤ 500 µs      0',
      '≤   1 ms      0',
      '≤   2 ms      1  ▏',
    ]);
  });

  test('puts a number on a step into the row that ends there', () => {
    const histogram = new Histogram();
    histogram.record(200);
    assert.deepEqual(barChart(histogram), [`≤ 0.2 µs  1  ${'█'.repeat(40)}`]);
  });

  test('is empty when nothing was counted', () => assert.deepEqual(barChart(new Histogram()), []));
});
