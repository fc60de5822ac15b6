// Origins: a page that the rule 'same-host' admits is of the host that it asks for, as browsers see it.
import { parseHostHeader } from '../../dist/core/host-header.js';
import { isOriginAllowed } from '../../dist/core/origin.js';
import { holds, inLinearTime, same } from '../engine/expect.js';
import { Input, seed } from '../engine/input.js';

/** Not with `URL.canParse`, which in Node 20 says yes to some texts that are no URL. */
function urlOf(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

const withoutDot = (host) => host.replace(/\.$/, '');

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const hostLength = input.byte();
  const hostValue = Buffer.from(input.take(hostLength)).toString('latin1');
  const origin = input.restText();
  const host = parseHostHeader(hostValue);
  if (host === null) return;
  const isAllowed = isOriginAllowed(origin, host, 'same-host');
  holds(isOriginAllowed(null, host, 'same-host'), 'no page at all');
  holds(isOriginAllowed(origin, host, [origin]) || origin === 'same-host', 'an origin that is listed');
  same(isOriginAllowed(origin, host, [`${origin}x`, null]), false, 'another origin');
  same(isOriginAllowed(origin, host, ['same-host', null]), isOriginAllowed(origin, host, [null, 'same-host']), 'order');

  // What a browser sends is its own serialisation of an origin.
  const page = urlOf(origin);
  if (page === null || page.origin !== origin) return;
  const asked = urlOf(`http://${hostValue}/`);
  const askedHost = asked && withoutDot(asked.hostname);
  const isSameHost = asked !== null && withoutDot(page.hostname) === askedHost;
  if (isAllowed) holds(isSameHost, `${origin} is let in to ${hostValue}`);
  else if (isSameHost && askedHost === host.host) holds(false, `${origin} is kept out of ${hostValue}`);
});

export const maxLength = 300;
export const words = ['http://', 'https://', 'null', 'example.com', '[::1]', ':8080', '@', 'chrome-extension://', '.'];
export const seeds = () =>
  [
    ['example.com', 'https://example.com'],
    ['example.com:8080', 'http://example.com:3000'],
    ['[::1]', 'http://[::1]:80'],
    ['a.b', 'https://a.b.evil'],
    ['localhost', 'null'],
    ['example.com.', 'https://example.com'],
  ].map(([host, origin]) => seed([host.length], host + origin));
