// Checks which origins a list of rules admits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostHeader } from '#dist/core/host-header.js';
import { isOriginAllowed, type OriginRules } from '#dist/core/origin.js';

const HOST = parseHostHeader('Example.com:8080')!;
const HTTPS = 'https://example.com';

const RULES: readonly (readonly [rules: OriginRules, origin: string | null, admitted: boolean, why: string])[] = [
  [[], HTTPS, false, 'an empty list admits no page'],
  [[], null, false, 'an empty list admits nobody at all'],
  [[HTTPS], HTTPS, true, 'it is listed'],
  [[HTTPS], null, false, 'a missing header is not listed'],
  [[HTTPS], 'https://EXAMPLE.com', false, 'case matters'],
  [[HTTPS], 'https://example.com:443', false, 'the port matters'],
  [[HTTPS], 'https://example.com/', false, 'a trailing slash matters'],
  [[HTTPS], 'http://example.com', false, 'the scheme matters'],
  [['https://a.test', HTTPS], HTTPS, true, 'the second of two is as good'],
  [[null], null, true, 'null stands for a missing header'],
  [[null], 'null', false, 'null does not stand for the text null'],
  [['null'], 'null', true, 'the text null is listed'],
  [['null'], null, false, 'the text null is not a missing header'],
  [[/https:\/\/.*\.example\.com/], 'https://www.example.com', true, 'the whole value matches'],
  [[/https:\/\/example\.com/], 'https://example.com.evil.test', false, 'only the beginning matches'],
  [[/example\.com/], HTTPS, false, 'only the end matches'],
  [[/a|https:\/\/example\.com/], HTTPS, true, 'the second branch matches as a whole'],
  [[/a|https:\/\/example\.com/], 'https://example.com.evil.test', false, 'no branch matches as a whole'],
  [[/.*/], null, false, 'an expression never matches a missing header'],
  [[/HTTPS:.*/i], HTTPS, true, 'flags of the expression count'],
  ['same-host', HTTPS, true, 'the page is of the same host'],
  ['same-host', 'http://example.com:3000', true, 'ports and schemes may differ'],
  ['same-host', 'https://EXAMPLE.COM.', true, 'names of hosts know no case and no root'],
  ['same-host', null, true, 'it is not a browser'],
  ['same-host', 'null', false, 'a page without an origin is not of the same host'],
  ['same-host', 'https://www.example.com', false, 'a host below is another host'],
  ['same-host', 'https://example.com.evil.test', false, 'the name only begins alike'],
  ['same-host', 'https://example.com@evil.test', false, 'an origin has no user information'],
  ['same-host', 'https://evil.test/example.com', false, 'an origin has no path'],
  ['same-host', 'https://example.com:x', false, 'the port is none'],
  ['same-host', 'example.com', false, 'an origin has a scheme'],
  ['same-host', '', false, 'an empty value is no origin'],
  ['same-host', 'https://', false, 'an origin has a host'],
  [['same-host'], HTTPS, true, 'the rule may stand in a list'],
  [['same-host'], null, true, 'in a list the rule admits what is not a browser too'],
  [['same-host', 'https://a.test'], 'https://a.test', true, 'others may be listed beside it'],
  [['same-host', 'https://a.test'], 'https://b.test', false, 'it is neither of the same host nor listed'],
];

for (const [rules, origin, admitted, why] of RULES) {
  const list = typeof rules === 'string' ? rules : `[${rules.map(String).join(', ')}]`;
  test(`origins ${list} ${admitted ? 'admit' : 'refuse'} ${origin}: ${why}`, () => {
    assert.equal(isOriginAllowed(origin, HOST, rules), admitted);
  });
}

test('the origin of an IPv6 address is the same host as its Host header', () => {
  assert.equal(isOriginAllowed('http://[::1]:3000', parseHostHeader('[::1]:8080')!, 'same-host'), true);
  assert.equal(isOriginAllowed('http://[::2]:3000', parseHostHeader('[::1]:8080')!, 'same-host'), false);
});

test('an expression with the flags g or y matches each time it is asked', () => {
  const rule = /https:.*/gy;
  rule.lastIndex = 5;
  for (let i = 0; i < 3; i++) assert.equal(isOriginAllowed(HTTPS, HOST, [rule]), true);
  assert.equal(rule.lastIndex, 5);
});
