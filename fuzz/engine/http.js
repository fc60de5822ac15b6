// What the targets for HTTP share: seeds from the vectors of the tests, and messages in a form that can be compared.
import { readHttpVectors } from '../../build/test/support/http-vectors.js';
import { latin1Text } from './input.js';

/** The bytes of all vectors of a file in test/vectors/http that are not very long. */
export const httpSeeds = (file) =>
  readHttpVectors(file)
    .map(({ bytes }) => bytes)
    .filter(({ length }) => length < 2000);

/** A request or response without its class. */
export const describeMessage = (message) => ({
  line:
    'path' in message ? [message.method, message.path, message.protocol] : [message.statusCode, message.reasonPhrase],
  headers: [...message.headers.rawItems()],
  body: message.body && latin1Text(message.body),
});
