// That no path takes long: each of these would keep a backtracking RegExp busy for years.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type RulePath, urlPattern } from 'websockets-ts/router';
import { RuleTable } from '#dist/router/rule-table.js';

/** As long as a request line may be. */
const LENGTH = 8_000;

const cases: readonly (readonly [path: RulePath, request: string])[] = [
  ['/<a>-<b>-<c>-<d>-<e>!<f>', `/${'-'.repeat(LENGTH)}`],
  ['/<path:a>/<path:b>/<path:c>/<path:d>/x<path:e>', `/${'a/'.repeat(LENGTH / 2)}`],
  ['/<int:a><int:b><int:c><int:d>x<int:e>', `/${'1'.repeat(LENGTH)}`],
  ['/<string(maxlength=200):a><string(maxlength=200):b><path:c>!<path:d>', `/${'a'.repeat(LENGTH)}`],
  ['/<any(a,aa):a><any(a,aa):b><path:c>!<path:d>', `/${'a'.repeat(LENGTH)}`],
  [urlPattern('/:a-:b-:c-:d-:e!:f'), `/${'-'.repeat(LENGTH)}`],
  [urlPattern('/*/*/*/*/x*'), `/${'a/'.repeat(LENGTH / 2)}`],
  [urlPattern('{/:a}*{/:b}*{/:c}*{/:d}*!*'), '/a'.repeat(LENGTH / 2)],
  [urlPattern('/{a}*{a}*{a}*{a}*!*'), `/${'a'.repeat(LENGTH)}`],
];

describe('a hostile path is refused in a time that is linear in its length', { timeout: 60_000 }, () => {
  for (const [path, request] of cases) {
    test(`for ${typeof path === 'string' ? path : (path as { pathname: string }).pathname}`, () => {
      const rules = new RuleTable([{ path, handler: () => {} }], {});
      assert.equal(rules.match(request), null);
    });
  }

  for (const path of ['/<slug:a>-<slug:b>-<slug:c>', urlPattern('/:a([\\w\\-]+)-:b([\\w\\-]+)-:c([\\w\\-]+)')]) {
    test(`or with an error, for expressions of users: ${typeof path === 'string' ? path : path.pathname}`, () => {
      const rules = new RuleTable([{ path, handler: () => {} }], { slug: { regex: /[\w-]+/ } });
      assert.throws(() => rules.match(`/${'a-'.repeat(LENGTH / 2)}!`), {
        name: 'RangeError',
        message: /take too long/,
      });
      assert.equal(rules.match(`/${'a-'.repeat(100)}!`), null);
      assert.deepEqual({ ...(rules.match('/a-b-c-d') as { params: object }).params }, { a: 'a-b', b: 'c', c: 'd' });
    });
  }

  test('also by the longest parameter, again and again', () => {
    const rules = new RuleTable([{ path: '/<string(maxlength=1000):a>-x', handler: () => {} }], {});
    const before = process.cpuUsage();
    for (let i = 0; i < 200; i++) assert.equal(rules.match(`/${'-'.repeat(2_000)}-x`), null);
    // 0.3 s; 8 s when each character that may be the last has a way out of its own.
    assert.ok(process.cpuUsage(before).user < 3e6);
  });

  test('also by thousands of rules', () => {
    const paths = Array.from({ length: 2_000 }, (_, index) => `/<a>-<b>!${index}<c>`);
    const rules = new RuleTable(
      paths.map((path) => ({ path, handler: () => {} })),
      {},
    );
    assert.equal(rules.match(`/${'-'.repeat(400)}`), null);
  });
});
