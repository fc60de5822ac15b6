// Close payloads by example: what is read, what is refused and with which error, what is written.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Close } from '#dist/core/close.js';
import { InvalidUtf8Error, ProtocolError } from '#dist/core/exceptions.js';

const payloadOf = (code: number, reason: string | Uint8Array = ''): Uint8Array =>
  Uint8Array.of(code >> 8, code & 0xff, ...(typeof reason === 'string' ? new TextEncoder().encode(reason) : reason));

const protocolError = (message: string) => (error: unknown) =>
  error instanceof ProtocolError && error.message === message;

const SENDABLE = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const NOT_SENDABLE = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 65535];

describe('Close.parse', () => {
  test('reads an empty payload as 1005, the absence of a code', () => {
    assert.deepEqual(Close.parse(new Uint8Array(0)), new Close(1005, ''));
  });

  test('reads code and reason', () => {
    assert.deepEqual(Close.parse(payloadOf(1001, 'Bye! 👋')), new Close(1001, 'Bye! 👋'));
    assert.deepEqual(Close.parse(payloadOf(1000)), new Close(1000, ''));
  });

  test('reads a view that starts in the middle of its buffer', () => {
    const view = Uint8Array.of(0xff, 0xff, ...payloadOf(1001, 'é')).subarray(2);
    assert.deepEqual(Close.parse(view), new Close(1001, 'é'));
  });

  test('keeps a byte order mark in the reason', () => {
    assert.equal(Close.parse(payloadOf(1000, '\ufeffx')).reason, '\ufeffx');
  });

  test('refuses a single byte', () => {
    assert.throws(() => Close.parse(Uint8Array.of(0x03)), protocolError('close frame too short'));
  });

  for (const code of SENDABLE) {
    test(`accepts ${code}`, () => assert.equal(Close.parse(payloadOf(code)).code, code));
  }
  for (const code of NOT_SENDABLE) {
    test(`refuses ${code}`, () =>
      assert.throws(() => Close.parse(payloadOf(code)), protocolError('invalid status code')));
  }

  test('refuses a reason that is not UTF-8, counting from its start', () => {
    const cases: readonly (readonly [number[], string, number])[] = [
      [[0x61, 0xff], 'invalid start byte', 1],
      [[0xc3, 0x28], 'invalid continuation byte', 0],
      [[0x61, 0x62, 0xe2, 0x82], 'unexpected end of data', 2],
    ];
    for (const [bytes, reason, position] of cases) {
      assert.throws(
        () => Close.parse(payloadOf(1000, Uint8Array.from(bytes))),
        (error) => error instanceof InvalidUtf8Error && error.reason === reason && error.position === position,
      );
    }
  });

  test('reports the reason before the code when both are bad', () => {
    assert.throws(() => Close.parse(payloadOf(1005, Uint8Array.of(0xff))), InvalidUtf8Error);
  });
});

describe('Close.serialize', () => {
  for (const code of SENDABLE) {
    test(`writes ${code} in big-endian order`, () =>
      assert.deepEqual(new Close(code, '').serialize(), payloadOf(code)));
  }
  for (const code of [...NOT_SENDABLE, -1, Number.NaN]) {
    test(`refuses ${code}`, () =>
      assert.throws(() => new Close(code, '').serialize(), protocolError('invalid status code')));
  }

  test('writes the reason as UTF-8', () => {
    assert.deepEqual(new Close(4000, 'naïve 👋').serialize(), payloadOf(4000, 'naïve 👋'));
  });

  test('fills a control frame to its last byte and no further', () => {
    assert.equal(new Close(1000, 'x'.repeat(123)).serialize().length, 125);
    assert.throws(() => new Close(1000, 'x'.repeat(124)).serialize(), protocolError('control frame too long'));
    assert.equal(new Close(1000, `${'é'.repeat(61)}x`).serialize().length, 125);
    assert.throws(() => new Close(1000, 'é'.repeat(62)).serialize(), protocolError('control frame too long'));
  });

  test('writes what parse reads', () => {
    const close = new Close(3000, 'a reason: é € 👋');
    assert.deepEqual(Close.parse(close.serialize()), close);
  });
});

describe('Close', () => {
  test('reads as code, meaning and reason', () => {
    assert.equal(String(new Close(1001, 'Bye!')), '1001 (going away) Bye!');
    assert.equal(String(new Close(1000, '')), '1000 (OK)');
    assert.equal(String(new Close(1005, '')), '1005 (no status received [internal])');
    assert.equal(String(new Close(4321, 'mine')), '4321 (private use) mine');
  });
});
