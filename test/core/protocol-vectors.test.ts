// Every vector of test/vectors/protocol, on both sides, in the pull and the push form, whole and in pieces.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protocolVectorFiles, readProtocolVectors, runProtocolVector } from '../support/protocol-vectors.js';

for (const file of protocolVectorFiles()) {
  for (const vector of readProtocolVectors(file)) {
    test(`${file}: ${vector.title}, ${vector.side.toLowerCase()}`, () => {
      for (const { actual, expected } of runProtocolVector(vector)) assert.deepEqual(actual, expected);
    });
  }
}
