// Where an answer leads: a Location against the URI that was asked for, held against `URL`; what is refused, and that no error
// shows a password.
import { isCrossOrigin, redirectTarget } from '../../dist/connection/client/redirect.js';
import { InvalidHeaderValue, InvalidURI, SecurityError } from '../../dist/core/exceptions/handshake-errors.js';
import { InvalidStatus } from '../../dist/core/exceptions/status-errors.js';
import { Headers } from '../../dist/core/headers.js';
import { Response } from '../../dist/core/http-message.js';
import { formatUri, parseUri } from '../../dist/core/uri.js';
import { resolveReference } from '../../dist/core/uri-reference.js';
import { attempt, holds, inLinearTime, same } from '../engine/expect.js';
import { Input, seed } from '../engine/input.js';

const PASSWORD = 's3cret';
const BASES = [
  'ws://example.com',
  'ws://example.com/a/b/../c?d=e',
  `wss://user:${PASSWORD}@example.com:8443/a/b/`,
  'wss://[::1]//a//b?/c/',
  'ws://example.com/?x',
];
const FIXED = [null, 'a preexisting socket', 'an explicit host or port'];
const STATUSES = [302, 301, 307, 308, 303, 300, 304, 200];

/** What `URL` and RFC 3986 read alike: no characters that one of them encodes, and no scheme without an authority. */
const PLAIN =
  /^(?:wss?:\/\/[a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*)*(?::[1-9][0-9]{0,3})?(?=[/?#]|$)|\/\/[a-z][a-z0-9]*(?=[/?#]|$)|(?!\/\/)(?![^/?#]*:))[\w.~!$&()*+,;=:@/-]*(?:\?[\w.~!$&()*+,;=:@/?-]*)?(?:#[\w.~!$&()*+,;=:@/?-]*)?$/;

/** A segment that begins with a dot: behind it, Node's URL leaves `/./` as it is (ada 2.9.2). */
const HIDDEN = /(?:^|\/)\.(?!\.?(?:[/?#]|$))/;

function checkAgainstUrl(resolved, url, location) {
  same(new URL(resolved).href, url.href, `${location} held against URL`);
  const [, path] = /^[a-z]+:\/\/[^/?#]*([^?#]*)/.exec(resolved);
  // URL has taken away the dots of both; those of the base may be left where the reference has no path.
  if (/^[^?#]/.test(location)) same(path === '' ? '/' : path, url.pathname, `path of ${location}`);
}

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const from = parseUri(input.pick(BASES));
  const fixed = input.pick(FIXED);
  const status = input.pick(STATUSES);
  const location = input.restText();
  const base = formatUri(from);
  const resolved = resolveReference(base, location);
  // RFC 3986 §5.2.2 leaves the dots of the base where the reference has no path; the second time there are none.
  const again = resolveReference(base, resolved);
  same(resolveReference(base, again), again, 'what is resolved is absolute');
  if (PLAIN.test(location) && !HIDDEN.test(location)) checkAgainstUrl(resolved, new URL(location, base), location);

  const { value: headers } = attempt(() => new Headers([['Location', location]]), [InvalidHeaderValue]);
  if (headers === undefined) return;
  const refusal = new InvalidStatus(new Response(status, '', headers));
  const { value: to, error } = attempt(
    () => redirectTarget(refusal, from, fixed),
    [InvalidURI, SecurityError, RangeError],
  );
  if (error !== null) {
    if (!location.includes(PASSWORD)) holds(!error.message.includes(PASSWORD), `a password in ${error.message}`);
    holds(status < 304 || status > 306, 'an answer that leads nowhere');
    return;
  }
  same(to === null, status === 304 || status === 200, 'whether it leads anywhere');
  if (to === null) return;
  holds(!from.secure || to.secure, 'from wss to ws');
  if (fixed !== null) holds(fixed !== FIXED[1] && !isCrossOrigin(from, to), `${fixed} leads somewhere else`);
  if (isCrossOrigin(from, to) && !location.includes(PASSWORD)) {
    holds(!formatUri(to).includes(PASSWORD), 'the password goes to somebody else');
  }
});

export const maxLength = 200;
export const words = [
  'ws://',
  'wss://',
  '//',
  '../',
  './',
  '..',
  '?',
  '#',
  '@',
  ':80',
  'example.com',
  '/a',
  'http://',
  '%2e',
];
export const seeds = () =>
  [
    '/a',
    '../../x',
    './',
    '..',
    '?q',
    '#f',
    '//other/x',
    'ws://other:81/a/./b',
    'wss://example.com:8443/',
    'g;x=1/../y',
    'http://example.com/',
    `//user:${PASSWORD}x@h`,
    'a//../b',
    '',
    'mailto:x',
    '\\\\h',
  ].flatMap((location) => BASES.map((_, i) => seed([i, i % 3, i], location)));
