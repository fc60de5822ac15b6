// The request for a tunnel, and how the proxy's answer is read: whole, byte by byte, and with the tunnel's bytes behind it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import type { Hash } from '#dist/core/digest.js';
import { InvalidProxyMessage } from '#dist/core/exceptions/handshake-errors.js';
import { Headers } from '#dist/core/headers.js';
import { Response, requestHead } from '#dist/core/http-message.js';
import {
  buildConnectRequest,
  ConnectResponseReader,
  digestAuthorization,
  isGranted,
  type TunnelTarget,
} from '#dist/core/proxy-tunnel.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const byteByByte = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));

suite('the request for a tunnel', () => {
  /** The target, what the request line asks for, and the Host header. */
  const TARGETS: readonly (readonly [target: TunnelTarget, authority: string, host: string])[] = [
    [{ host: 'h', port: 80, secure: false }, 'h:80', 'h'],
    [{ host: 'h', port: 443, secure: true }, 'h:443', 'h'],
    [{ host: 'h', port: 443, secure: false }, 'h:443', 'h:443'],
    [{ host: 'h', port: 8765, secure: true }, 'h:8765', 'h:8765'],
    [{ host: '::1', port: 80, secure: false }, '[::1]:80', '[::1]'],
    [{ host: '::1', port: 81, secure: false }, '[::1]:81', '[::1]:81'],
  ];
  for (const [target, authority, host] of TARGETS) {
    test(`names ${authority} and the host ${host}`, () => {
      const request = buildConnectRequest(target, { userAgent: null, authorization: null });
      assert.equal(requestHead(request), `CONNECT ${authority} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    });
  }

  test('says who asks, and with which right', () => {
    const target = { host: 'h', port: 80, secure: false };
    const request = buildConnectRequest(target, { userAgent: 'me/1', authorization: 'Basic dTpw' });
    assert.equal(
      requestHead(request),
      'CONNECT h:80 HTTP/1.1\r\nHost: h\r\nUser-Agent: me/1\r\nProxy-Authorization: Basic dTpw\r\n\r\n',
    );
  });

  test('has no room for a header more', () => {
    const target = { host: 'h', port: 80, secure: false };
    assert.throws(() => buildConnectRequest(target, { userAgent: 'a\r\nb: c', authorization: null }), TypeError);
    // The proxy might read the request line up to the first version.
    const host = 'other.example:443 HTTP/1.1';
    assert.throws(() => buildConnectRequest({ ...target, host }, { userAgent: null, authorization: null }), TypeError);
  });
});

suite('the answer of a proxy', () => {
  /** The head, its status, and whether the tunnel is granted. */
  const ANSWERS: readonly (readonly [head: string, status: number, granted: boolean])[] = [
    ['HTTP/1.1 200 Connection established\r\n\r\n', 200, true],
    ['HTTP/1.0 200 OK\r\n\r\n', 200, true],
    ['HTTP/1.1 200 \r\nVia: me\r\n\r\n', 200, true],
    // RFC 9110 §9.3.6: in an answer to CONNECT both say nothing.
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 200, true],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 200, true],
    ['HTTP/1.1 204 No Content\r\n\r\n', 204, true],
    ['HTTP/1.1 299 Whatever\r\n\r\n', 299, true],
    ['HTTP/1.1 100 Continue\r\n\r\n', 100, false],
    ['HTTP/1.1 101 Switching Protocols\r\n\r\n', 101, false],
    ['HTTP/1.1 302 Found\r\nLocation: http://elsewhere\r\n\r\n', 302, false],
    ['HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 1000000000\r\n\r\n', 407, false],
    ['HTTP/1.0 503 Service Unavailable\r\n\r\n', 503, false],
  ];
  for (const [head, status, granted] of ANSWERS) {
    const title = JSON.stringify(head.slice(0, head.indexOf('\r')));
    for (const [cut, parts] of [
      ['whole', [bytesOf(head)]],
      ['byte by byte', byteByByte(bytesOf(head))],
    ] as const) {
      test(`${title}, ${cut}`, () => {
        const reader = new ConnectResponseReader();
        for (const part of parts.slice(0, -1)) assert.equal(reader.push(part), null);
        const response = reader.push(parts.at(-1)!);
        assert.equal(response?.statusCode, status);
        assert.equal(response.body.length, 0);
        assert.equal(isGranted(response), granted);
        assert.equal(reader.rest.length, 0);
      });
    }
    test(`${title}, with bytes of the tunnel behind it`, () => {
      const reader = new ConnectResponseReader();
      assert.equal(reader.push(bytesOf(`${head}\x15\r\n\r\n`))?.statusCode, status);
      assert.deepEqual(Buffer.from(reader.rest).toString('latin1'), '\x15\r\n\r\n');
    });
    test(`${title}, with bytes of the tunnel in its last piece`, () => {
      const reader = new ConnectResponseReader();
      assert.equal(reader.push(bytesOf(head.slice(0, -1))), null);
      assert.equal(reader.push(bytesOf(`${head.slice(-1)}tunnel`))?.statusCode, status);
      assert.deepEqual(Buffer.from(reader.rest).toString('latin1'), 'tunnel');
    });
  }

  /** What comes, and what is wrong with it. */
  const FLAWED: readonly (readonly [answer: string, cause: RegExp])[] = [
    ['SSH-2.0-OpenSSH\r\n', /invalid HTTP status line/],
    ['HTTP/2 200 OK\r\n', /unsupported protocol; expected HTTP\/1\.1 or HTTP\/1\.0/],
    ['HTTP/1.1 2000 OK\r\n', /invalid status code; expected 100–599/],
    ['HTTP/1.1 200 OK\n', /connection closed while reading HTTP status line/],
    ['HTTP/1.1 200 OK\r\nno colon\r\n', /invalid HTTP header line/],
    [`HTTP/1.1 200 ${'x'.repeat(9000)}`, /read 9013 bytes, expected no more than 8192 bytes/],
    [`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(200)}`, /expected no more than 128 headers/],
    [`HTTP/1.1 200 OK\r\n${`a: ${'b'.repeat(4000)}\r\n`.repeat(100)}`, /expected no more than 65536 bytes/],
  ];
  for (const [answer, cause] of FLAWED) {
    for (const [cut, parts] of [
      ['whole', [bytesOf(answer)]],
      ['in pieces', byteByByte(bytesOf(answer))],
    ] as const) {
      test(`${JSON.stringify(answer.slice(0, 40))} is none, ${cut}`, () => {
        const reader = new ConnectResponseReader();
        assert.throws(
          () => {
            for (const part of parts) reader.push(part);
          },
          (error) =>
            error instanceof InvalidProxyMessage &&
            error.message === 'did not receive a valid HTTP response from proxy' &&
            (cut === 'in pieces' || cause.test((error.cause as Error).message)),
        );
      });
    }
  }

  for (const begun of ['', 'HTTP/1.1 200', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nVia: me\r\n']) {
    test(`is none when it ends after ${JSON.stringify(begun)}`, () => {
      const reader = new ConnectResponseReader();
      if (begun !== '') assert.equal(reader.push(bytesOf(begun)), null);
      assert.throws(() => reader.end(), InvalidProxyMessage);
    });
  }

  test('is held to the limits that are given', () => {
    const reader = new ConnectResponseReader({ maxLineBytes: 10 });
    assert.throws(() => reader.push(bytesOf('HTTP/1.1 200 OK\r\n\r\n')), InvalidProxyMessage);
  });
});

suite('the answer to a proxy that asks for Digest', () => {
  const target = { host: 'h', port: 80, secure: false };
  const user = { username: 'user', password: 'secret' };
  const hash: Hash = (name, bytes) => createHash(name).update(bytes).digest('hex');
  const source = { hash, cnonce: 'cnonce' };
  const answer = (status: number, ...challenges: readonly string[]): string | null => {
    const headers = new Headers(challenges.map((value) => ['Proxy-Authenticate', value] as const));
    return digestAuthorization(new Response(status, '', headers), target, user, source);
  };

  test('is calculated for CONNECT and the authority', () => {
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const response = md5(`${md5('user:r:secret')}:n:00000001:cnonce:auth:${md5('CONNECT:h:80')}`);
    const value = answer(407, 'Basic realm="r"', 'Digest realm="r", nonce="n", qop="auth"');
    assert.match(value!, /^Digest username="user", realm="r", nonce="n", uri="h:80", /);
    assert.ok(value!.includes(`response="${response}"`));
  });

  test('is given only where it is asked for', () => {
    assert.equal(answer(407), null);
    assert.equal(answer(407, 'Basic realm="r"'), null);
    assert.equal(answer(407, 'Digest realm="r", nonce="n", algorithm=other'), null);
    assert.equal(answer(401, 'Digest realm="r", nonce="n"'), null);
  });
});
