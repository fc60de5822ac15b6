// WebSocket URIs and IRIs: only InvalidURI, parts that may go into a request, the same when written and read again.

import punycode from 'punycode/punycode.js';
import { buildHandshakeRequest } from '../../dist/core/client-handshake.js';
import { InvalidURI } from '../../dist/core/exceptions/handshake-errors.js';
import { encodePunycode } from '../../dist/core/idna.js';
import { buildHost, parseUri } from '../../dist/core/uri.js';
import { attempt, holds, inLinearTime, same } from '../engine/expect.js';
import { Input, seed } from '../engine/input.js';

const VISIBLE = /^[\x21-\x7e]*$/;
/** Names that WHATWG's URL takes as they are: the last label is no number, none is Punycode. */
const PLAIN_NAME = /^(?!.*xn--)(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*$/;

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const isAscii = input.bool();
  const text = isAscii ? input.restText() : Buffer.from(input.rest()).toString('utf8');
  const { value: uri } = attempt(() => parseUri(text), [InvalidURI]);
  if (uri === undefined) return;
  const { host, port, secure, path, query, resourceName, userInfo } = uri;
  holds(Number.isInteger(port) && port >= 1 && port <= 65_535, `port ${port}`);
  holds(VISIBLE.test(host) && host !== '' && !/[/?#@[\]\\]/.test(host), `host ${host}`);
  holds(resourceName.startsWith('/') && !resourceName.includes('#'), `resource ${resourceName}`);
  for (const part of [path, query, ...(userInfo ?? [])]) {
    holds(/^[\x20-\x7e\x7f\x00-\x1f]*$/.test(part), `not ASCII: ${JSON.stringify(part)}`);
  }

  // Whoever is asked for this URI is told so, or the caller is: never half.
  const { value: request, error } = attempt(
    () => buildHandshakeRequest({ uri, key: 'AAECAwQFBgcICQoLDA0ODw==' }),
    [TypeError, RangeError],
  );
  if (request !== undefined) {
    holds(VISIBLE.test(request.path), 'a request target with white space');
    const head = Buffer.from(request.serialize()).toString('latin1');
    same(head.split('\r\n').length, userInfo === null ? 8 : 9, `lines of ${JSON.stringify(head)}`);
  } else holds(!VISIBLE.test(resourceName) || userInfo?.[0].includes(':'), `refused: ${error.message}`);

  const credentials = userInfo === null ? '' : `${userInfo[0]}:${userInfo[1]}@`;
  if (!/[\t\r\n]/.test(resourceName + credentials)) {
    const scheme = secure ? 'wss' : 'ws';
    const again = parseUri(`${scheme}://${credentials}${buildHost(host, port, secure)}${resourceName}`);
    same(
      [again.host, again.port, again.resourceName, again.userInfo],
      [host, port, resourceName, userInfo],
      'written and read again',
    );
  }
  if (PLAIN_NAME.test(host) && VISIBLE.test(text) && !text.includes('\\')) {
    const url = new URL(text);
    same([url.hostname, Number(url.port) || (secure ? 443 : 80)], [host, port], 'held against URL');
  }
  if (!isAscii) {
    const points = Array.from(text.slice(0, 60), (character) => character.codePointAt(0));
    same(encodePunycode(points), punycode.encode(text.slice(0, 60)), 'Punycode');
  }
});

export const maxLength = 600;
export const words = [
  'ws://',
  'wss://',
  'WS:',
  '[::1]',
  '%25',
  ':80',
  ':443',
  '@',
  'xn--',
  '\u00fc',
  '\u3002',
  '\u200d',
  '?a=b',
  '#',
  '\\',
  '..',
].map((word) => Buffer.from(word).toString('latin1'));
export const seeds = () =>
  [
    'ws://localhost/',
    'wss://example.com:8443/a/b?c=d',
    'ws://user:pass@example.com',
    'ws://[::1]:80/',
    'ws://[fe80::1%25eth0]/',
    'WSS://EXAMPLE.com./?q#',
    'ws://bücher.example/straße?ü=ö',
    'ws://例え。テスト/',
    '  ws://a\tb/\n',
    'ws://xn--bcher-kva.example/%41',
    'ws://faß.ΣΑΣ/',
  ].flatMap((text) => [seed([0], Buffer.from(text)), seed([1], Buffer.from(text))]);
