// Python's spelling: each name is the very function of this package, and none is missing.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as main from 'websockets-ts';
import * as compat from 'websockets-ts/compat';
import * as extensions from 'websockets-ts/extensions';
import * as headers from 'websockets-ts/headers';
import * as protocol from 'websockets-ts/protocol';
import * as router from 'websockets-ts/router';

type Names = Readonly<Record<string, unknown>>;

const toSnakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const isFunction = (name: string, value: unknown): boolean => typeof value === 'function' && /^[a-z]/.test(name);

/** Functions that Python does not have, or that Python's legacy API has under this name. */
const OURS: readonly string[] = [
  'closeOnSignals',
  'digestAuth',
  'prepare',
  'parseChallenges',
  'parseCredentials',
  'urlPattern',
  'rule',
];
const LEGACY: readonly string[] = ['unixConnect', 'unixServe'];

describe("Python's spelling", () => {
  const all: Names = { ...protocol, ...headers, ...extensions, ...router, ...main };
  const functions = Object.entries(all).filter(([name, value]) => isFunction(name, value) && /[A-Z]/.test(name));

  test('is there for every function that has another one here', () => {
    const missing = functions
      .map(([name]) => name)
      .filter((name) => !OURS.includes(name) && !(toSnakeCase(name) in compat));
    assert.deepEqual(missing, []);
  });

  for (const [name, value] of functions.filter(([key]) => toSnakeCase(key) in compat && !LEGACY.includes(key))) {
    test(`${toSnakeCase(name)} is ${name}`, () => assert.equal((compat as Names)[toSnakeCase(name)], value));
  }

  for (const name of [...LEGACY, 'basicAuthProtocolFactory']) {
    test(`${toSnakeCase(name)} is ${name} of the same entry`, () => {
      assert.equal(typeof (compat as Names)[name], 'function');
      assert.equal((compat as Names)[toSnakeCase(name)], (compat as Names)[name]);
    });
  }
});
