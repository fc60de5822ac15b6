// Which proxy the environment names for a URI: order, case, exceptions.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { getProxy, type ProxyEnvironment } from '#dist/core/proxy-environment.js';
import { parseUri } from '#dist/core/uri.js';

/** All variables that name a proxy, each with a value of its own. */
const ALL = { ws_proxy: 'ws', wss_proxy: 'wss', socks_proxy: 'socks', https_proxy: 'https', http_proxy: 'http' };

const without = (...names: readonly string[]): ProxyEnvironment =>
  Object.fromEntries(Object.entries(ALL).filter(([name]) => !names.includes(name)));

function check(
  title: string,
  env: ProxyEnvironment,
  proxies: { readonly ws: string | null; readonly wss: string | null },
) {
  test(title, () => {
    for (const scheme of ['ws', 'wss'] as const) {
      assert.equal(getProxy(parseUri(`${scheme}://host.example/`), env), proxies[scheme], scheme);
    }
  });
}

suite('the proxy of the environment', () => {
  check('is none where nothing is set', {}, { ws: null, wss: null });
  check('is that of the scheme first', ALL, { ws: 'ws', wss: 'wss' });
  check('is socks_proxy next', without('ws_proxy', 'wss_proxy'), { ws: 'socks', wss: 'socks' });
  check('is https_proxy next, for ws too and before http_proxy', without('ws_proxy', 'wss_proxy', 'socks_proxy'), {
    ws: 'https',
    wss: 'https',
  });
  check('is http_proxy last, and for ws only', { http_proxy: 'http' }, { ws: 'http', wss: null });
  check(
    'is never all_proxy, ftp_proxy or a name that only ends so',
    { all_proxy: 'a', ftp_proxy: 'b', my_https_proxy: 'c' },
    {
      ws: null,
      wss: null,
    },
  );
  check('is taken as it stands there', { https_proxy: ' nonsense ' }, { ws: ' nonsense ', wss: ' nonsense ' });

  check(
    'is read as SOCKS where socks_proxy says http://',
    { socks_proxy: 'http://p:1080' },
    {
      ws: 'socks5h://p:1080',
      wss: 'socks5h://p:1080',
    },
  );
  check(
    'is left alone where socks_proxy says anything else',
    { socks_proxy: 'https://http://' },
    {
      ws: 'https://http://',
      wss: 'https://http://',
    },
  );
  check(
    'is left alone where another variable says http://',
    { https_proxy: 'http://p' },
    {
      ws: 'http://p',
      wss: 'http://p',
    },
  );
});

suite('the name of a variable', () => {
  check('may be in any case', { HTTPS_PROXY: 'upper' }, { ws: 'upper', wss: 'upper' });
  check('may be in mixed case', { Https_Proxy: 'mixed' }, { ws: 'mixed', wss: 'mixed' });
  for (const names of [
    ['https_proxy', 'HTTPS_PROXY'],
    ['HTTPS_PROXY', 'https_proxy'],
  ]) {
    const env = Object.fromEntries(names.map((name) => [name, name]));
    check(`counts most in lower case: ${names.join(', ')}`, env, { ws: 'https_proxy', wss: 'https_proxy' });
  }
  check(
    'in lower case with an empty value switches that one off',
    { https_proxy: '', HTTPS_PROXY: 'upper', http_proxy: 'http' },
    {
      ws: 'http',
      wss: null,
    },
  );
  check(
    'in upper case with an empty value says nothing',
    { HTTPS_PROXY: '', https_proxy: 'lower' },
    {
      ws: 'lower',
      wss: 'lower',
    },
  );
  check('without a value says nothing', { https_proxy: undefined, HTTPS_PROXY: 'upper' }, { ws: null, wss: null });

  const CGI = { REQUEST_METHOD: 'GET' };
  check(
    'HTTP_PROXY is a header of the request in a CGI program',
    { ...CGI, HTTP_PROXY: 'evil' },
    { ws: null, wss: null },
  );
  check('http_proxy is not, even there', { ...CGI, HTTP_PROXY: 'evil', http_proxy: 'good' }, { ws: 'good', wss: null });
  check('HTTPS_PROXY is not, even there', { ...CGI, HTTPS_PROXY: 'good' }, { ws: 'good', wss: 'good' });
});

suite('no_proxy', () => {
  /** The value, the URI, whether the proxy is bypassed. */
  const CASES: readonly (readonly [noProxy: string, uri: string, isBypassed: boolean])[] = [
    ['', 'ws://a.example', false],
    ['*', 'ws://a.example', true],
    ['*,b.example', 'ws://a.example', false],
    ['a.example', 'ws://a.example', true],
    ['a.example', 'wss://a.example', true],
    ['A.Example', 'ws://a.example', true],
    ['a.example', 'ws://A.EXAMPLE', true],
    ['example', 'ws://a.example', true],
    ['.example', 'ws://a.example', true],
    ['..example', 'ws://a.example', true],
    ['.a.example', 'ws://a.example', true],
    ['a.example', 'ws://b.a.example', true],
    ['a.example', 'ws://ba.example', false],
    ['a.example', 'ws://example', false],
    ['b.example, a.example ,c', 'ws://a.example', true],
    [',, ,.,', 'ws://a.example', false],
    ['a.example:80', 'ws://a.example', true],
    ['a.example:443', 'wss://a.example', true],
    ['a.example:81', 'ws://a.example', false],
    ['a.example:81', 'ws://a.example:81', true],
    ['example:81', 'ws://a.example:81', true],
    ['*.example', 'ws://a.example', false],
    ['127.0.0.0/8', 'ws://127.0.0.1', false],
    ['127.0.0.1', 'ws://127.0.0.1', true],
    ['::1', 'ws://[::1]', true],
    ['::1:8080', 'ws://[::1]:8080', true],
    ['[::1]', 'ws://[::1]', false],
    ['localhost', 'ws://127.0.0.1', false],
  ];
  for (const [noProxy, uri, isBypassed] of CASES) {
    test(`${JSON.stringify(noProxy)} ${isBypassed ? 'keeps' : 'does not keep'} ${uri} from the proxy`, () => {
      assert.equal(getProxy(parseUri(uri), { ...ALL, no_proxy: noProxy }) === null, isBypassed);
    });
  }

  test('counts in any case of its name, and most in lower case', () => {
    const uri = parseUri('ws://a.example');
    assert.equal(getProxy(uri, { ...ALL, NO_PROXY: '*' }), null);
    assert.equal(getProxy(uri, { ...ALL, NO_PROXY: '*', no_proxy: '' }), 'ws');
  });
});
