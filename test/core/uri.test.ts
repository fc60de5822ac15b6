// Checks how WebSocket URIs and IRIs are read, which are refused and why, and how a Host header is written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvalidURI } from '#dist/core/exceptions/handshake-errors.js';
import { buildHost, formatUri, parseUri, splitUri, WebSocketURI, type WebSocketURIInit } from '#dist/core/uri.js';

const PLAIN: WebSocketURIInit = { secure: false, host: 'h', port: 80, path: '', query: '' };

/** The URI and what it has that {@link PLAIN} has not. */
const ACCEPTED: readonly (readonly [uri: string, parts: Partial<WebSocketURIInit>])[] = [
  ['ws://h', {}],
  ['ws://h/', { path: '/' }],
  ['wss://h/', { secure: true, port: 443, path: '/' }],
  ['WsS://h/', { secure: true, port: 443, path: '/' }],
  ['ws://LocalHost/Path', { host: 'localhost', path: '/Path' }],
  ['ws://h/path?query', { path: '/path', query: 'query' }],
  ['ws://h?a=/b?c', { query: 'a=/b?c' }],
  ['ws://h/a;params?x', { path: '/a;params', query: 'x' }],
  ['ws://h/a/../b//c/./d', { path: '/a/../b//c/./d' }],
  ['ws://h/a b?c d', { path: '/a b', query: 'c d' }],
  ['ws://h/%7e%zz', { path: '/%7e%zz' }],
  ['ws://h/?', { path: '/' }],
  ['ws://h/#', { path: '/' }],
  ['ws://h:8765', { port: 8765 }],
  ['ws://h:', {}],
  ['ws://h:0', {}],
  ['wss://h:0', { secure: true, port: 443 }],
  ['wss://h:80', { secure: true, port: 80 }],
  ['ws://h:00081', { port: 81 }],
  ['ws://h:65535', { port: 65_535 }],
  ['ws://127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
  ['ws://[::1]', { host: '::1' }],
  ['ws://[2001:DB8::1]:8080/', { host: '2001:db8::1', port: 8080, path: '/' }],
  ['ws://[FE80::1%Wi-Fi]:8080/', { host: 'fe80::1%Wi-Fi', port: 8080, path: '/' }],
  ['ws://[::ffff:127.0.0.1]:', { host: '::ffff:127.0.0.1' }],
  ['ws://under_score.example.', { host: 'under_score.example.' }],
  ['ws://p%41rcent', { host: 'p%41rcent' }],
  ['ws://user:pass@h/', { username: 'user', password: 'pass', path: '/' }],
  ['ws://user:@h', { username: 'user', password: '' }],
  ['ws://:@h', { username: '', password: '' }],
  ['ws://:pass@h', { username: '', password: 'pass' }],
  ['ws://u:p:q@h', { username: 'u', password: 'p:q' }],
  ['ws://u:p@q@h', { username: 'u', password: 'p@q' }],
  ['ws://u%40:p%3A@h', { username: 'u%40', password: 'p%3A' }],
  [' \0\x1f ws://h/', { path: '/' }],
  ['w\ts:/\n/h\r/a\tb', { path: '/ab' }],
  ['ws://høst/', { host: 'xn--hst-0na', path: '/' }],
  ['ws://BÜCHER.example', { host: 'xn--bcher-kva.example' }],
  ['ws://h/πass', { path: '/%CF%80ass' }],
  ['ws://h/é?ü', { path: '/%C3%A9', query: '%C3%BC' }],
  ['ws://h/é%41%zz', { path: '/%C3%A9%2541%25zz' }],
  ['ws://ü:%@h', { username: '%C3%BC', password: '%25' }],
  ["ws://h/é/_.-~:@[]!$&'()*+,;=?/?", { path: "/%C3%A9/_.-~:@[]!$&'()*+,;=", query: '/?' }],
  ['ws://h/é "<>\\^`{|}', { path: '/%C3%A9%20%22%3C%3E%5C%5E%60%7B%7C%7D' }],
  ['ws://h/🚀', { path: '/%F0%9F%9A%80' }],
  ['wss://[::1]/é', { secure: true, port: 443, host: '::1', path: '/%C3%A9' }],
];

for (const [uri, parts] of ACCEPTED) {
  test(`${JSON.stringify(uri)} is read`, () => {
    assert.deepEqual(parseUri(uri), new WebSocketURI({ ...PLAIN, ...parts }));
  });
}

const SCHEME = "scheme isn't ws or wss";
const NO_HOST = "hostname isn't provided";
const FRAGMENT = 'fragment identifier is meaningless';
const NO_PASSWORD = 'username provided without password';
const BAD_HOST = "hostname isn't valid";
const BAD_PORT = "port isn't a number from 0 to 65535";

const REFUSED: readonly (readonly [uri: string, msg: string])[] = [
  ['', SCHEME],
  ['h', SCHEME],
  ['//h', SCHEME],
  ['/path', SCHEME],
  ['h:8080/path', SCHEME],
  ['http://h', SCHEME],
  ['https://h', SCHEME],
  ['http:///#x', SCHEME],
  ['ws:', NO_HOST],
  ['ws:h', NO_HOST],
  ['ws:/h', NO_HOST],
  ['ws://', NO_HOST],
  ['ws:///path', NO_HOST],
  ['ws://:80', NO_HOST],
  ['ws://u:p@/', NO_HOST],
  ['ws://[]/', NO_HOST],
  ['ws://u@/#x', NO_HOST],
  ['ws://h/#x', FRAGMENT],
  ['ws://h#x', FRAGMENT],
  ['ws://u@h/#x', FRAGMENT],
  ['ws://h/?#a?b', FRAGMENT],
  ['ws://u@h', NO_PASSWORD],
  ['ws://@h', NO_PASSWORD],
  ['ws://u@h:x', NO_PASSWORD],
  ['ws://[::1', BAD_HOST],
  ['ws://::1]', BAD_HOST],
  ['ws://[::1]x', BAD_HOST],
  ['ws://x[::1]', BAD_HOST],
  ['ws://[[::1]]', BAD_HOST],
  ['ws://[::1]8080', BAD_HOST],
  ['ws://[127.0.0.1]', BAD_HOST],
  ['ws://[::g]', BAD_HOST],
  ['ws://[v1.x]', BAD_HOST],
  ['ws://::1', BAD_HOST],
  ['ws://a:b:80', BAD_HOST],
  ['ws://a b', BAD_HOST],
  ['ws://a\0b', BAD_HOST],
  ['ws://a"b', BAD_HOST],
  ['ws://a\\b', BAD_HOST],
  ['ws://a%zz', BAD_HOST],
  ['ws://a..b', BAD_HOST],
  ['ws://.', BAD_HOST],
  [`ws://${'a'.repeat(64)}`, BAD_HOST],
  ['ws://ü..b', BAD_HOST],
  [`ws://${'ü'.repeat(64)}`, BAD_HOST],
  ['ws://a℀b', BAD_HOST],
  ['ws://a：80', BAD_HOST],
  ['ws://h:abc', BAD_PORT],
  ['ws://h:-1', BAD_PORT],
  ['ws://h:+1', BAD_PORT],
  ['ws://h: 80', BAD_PORT],
  ['ws://h:8_0', BAD_PORT],
  ['ws://h:1e3', BAD_PORT],
  ['ws://h:٨', BAD_PORT],
  ['ws://h:65536', BAD_PORT],
  ['ws://h:99999999999999999999', BAD_PORT],
  ['ws://[::1]:x', BAD_PORT],
  ['ws://h/\ud800', "text isn't valid Unicode"],
];

for (const [uri, msg] of REFUSED) {
  test(`${JSON.stringify(uri.slice(0, 40))} is refused: ${msg}`, () => {
    assert.throws(
      () => parseUri(uri),
      (error) => error instanceof InvalidURI && error.uri === uri && error.msg === msg,
    );
  });
}

test('what is no text is no URI: the caller is told so, also of a URL', () => {
  for (const uri of [new URL('ws://h/'), undefined, 5]) {
    assert.throws(() => parseUri(uri as unknown as string), { name: 'TypeError', message: 'uri must be a string' });
  }
});

test('any text is read as a URI or refused with InvalidURI', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'ws://',
      'wss:',
      '/',
      '//',
      '?',
      '#',
      '@',
      ':',
      '[',
      ']',
      '::1',
      '%',
      '.',
      'h',
      'ü',
      ' ',
      '\n',
      '80',
    ),
    fc.string({ unit: 'binary', maxLength: 4 }),
  );
  const text = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(
      fc.oneof(
        text,
        text.map((rest) => `ws://${rest}`),
        text.map((rest) => `ws://h/${rest}`),
      ),
      (uri) => {
        try {
          const { host, port, resourceName } = parseUri(uri);
          assert.match(host, /^[!-~]+$/);
          assert.ok(port > 0 && port <= 65_535);
          assert.match(resourceName, /^[/?][\0-\x7f]*$/);
        } catch (error) {
          assert.ok(error instanceof InvalidURI, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('an ASCII URI put together from its parts is read back into the same parts', () => {
  const word = fc.stringMatching(/^[a-z0-9._~!$&'()*+,;=%-]{0,8}$/);
  const parts = fc.record({
    secure: fc.boolean(),
    host: fc.oneof(fc.domain(), fc.ipV4()),
    port: fc.integer({ min: 1, max: 65_535 }),
    path: word.map((text) => `/${text}`),
    query: word,
    username: word,
    password: word,
  });
  fc.assert(
    fc.property(parts, ({ secure, host, port, path, query, username, password }) => {
      const uri = `${secure ? 'wss' : 'ws'}://${username}:${password}@${host}:${port}${path}?${query}`;
      const expected = { secure, host: host.toLowerCase(), port, path, query, username, password };
      assert.deepEqual(parseUri(uri), new WebSocketURI(expected));
    }),
  );
});

test('the resource name is the path, / when it is empty, and the query when there is one', () => {
  assert.equal(parseUri('ws://h').resourceName, '/');
  assert.equal(parseUri('ws://h?').resourceName, '/');
  assert.equal(parseUri('ws://h?q').resourceName, '/?q');
  assert.equal(parseUri('ws://h/p').resourceName, '/p');
  assert.equal(parseUri('ws://h/p?q?').resourceName, '/p?q?');
});

test('the user information is the pair of name and password, or null', () => {
  assert.equal(parseUri('ws://h').userInfo, null);
  assert.deepEqual(parseUri('ws://:@h').userInfo, ['', '']);
  assert.deepEqual(parseUri('ws://%41:b%3A@h').userInfo, ['%41', 'b%3A']);
  assert.equal(new WebSocketURI(PLAIN).userInfo, null);
  assert.equal(new WebSocketURI({ ...PLAIN, username: 'alone' }).userInfo, null);
});

test('a generic URI is split without being judged', () => {
  assert.deepEqual(splitUri('SOCKS5h://u:p@proxy:1080/x?y#z'), {
    scheme: 'socks5h',
    authority: 'u:p@proxy:1080',
    path: '/x',
    query: 'y',
    fragment: 'z',
  });
  assert.deepEqual(splitUri('no colon'), { scheme: '', authority: null, path: 'no colon', query: '', fragment: '' });
  assert.deepEqual(splitUri('ws://h#f?x'), { scheme: 'ws', authority: 'h', path: '', query: '', fragment: 'f?x' });
});

const HOSTS: readonly (readonly [args: Parameters<typeof buildHost>, header: string])[] = [
  [['h', 80, false], 'h'],
  [['h', 443, true], 'h'],
  [['h', 80, true], 'h:80'],
  [['h', 443, false], 'h:443'],
  [['h', 8765, false], 'h:8765'],
  [['h', 80, false, true], 'h:80'],
  [['h', 443, true, true], 'h:443'],
  [['127.0.0.1', 80, false], '127.0.0.1'],
  [['::1', 80, false], '[::1]'],
  [['::1', 8765, false], '[::1]:8765'],
  [['::ffff:127.0.0.1', 443, true], '[::ffff:127.0.0.1]'],
  [['fe80::1%eth0', 1, true], '[fe80::1%eth0]:1'],
];

for (const [args, header] of HOSTS) {
  test(`the Host header for ${args.join(', ')} is ${header}`, () => assert.equal(buildHost(...args), header));
}

for (const [uri, text] of [
  ['WSS://User:P@ss@HOST:443', 'wss://User:P@ss@host'],
  ['ws://:@[FE80::1]:8765/a b?c', 'ws://:@[fe80::1]:8765/a b?c'],
  ['ws://ü:ü@bücher.example/ø%41?é#', 'ws://%C3%BC:%C3%BC@xn--bcher-kva.example/%C3%B8%2541?%C3%A9'],
] as const) {
  test(`${uri} is written ${text}`, () => {
    assert.equal(formatUri(parseUri(uri)), text);
    assert.deepEqual(parseUri(text), parseUri(uri));
  });
}
