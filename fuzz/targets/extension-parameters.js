// The negotiation of permessage-deflate: arbitrary offers to a server, arbitrary answers to a client, and both together.
import {
  DuplicateParameter,
  InvalidHeaderFormat,
  InvalidParameterName,
  InvalidParameterValue,
  NegotiationError,
} from '../../dist/core/exceptions/handshake-errors.js';
import {
  ClientPerMessageDeflateFactory,
  ServerPerMessageDeflateFactory,
} from '../../dist/core/extensions/permessage-deflate-negotiation.js';
import { parseExtension } from '../../dist/core/header-grammar.js';
import { attempt, holds, inLinearTime, same } from '../engine/expect.js';
import { Input, seed } from '../engine/input.js';

const engine = {};
const NEGOTIATION = [NegotiationError, DuplicateParameter, InvalidParameterName, InvalidParameterValue];
const BITS = [null, 8, 9, 10, 12, 15];
const CLIENT_BITS = [true, ...BITS];

const clientOf = (input) =>
  new ClientPerMessageDeflateFactory({
    serverNoContextTakeover: input.bool(),
    clientNoContextTakeover: input.bool(),
    serverMaxWindowBits: input.pick(BITS),
    clientMaxWindowBits: input.pick(CLIENT_BITS),
    engine,
  });

function serverOf(input) {
  const clientMaxWindowBits = input.pick(BITS);
  return new ServerPerMessageDeflateFactory({
    serverNoContextTakeover: input.bool(),
    clientNoContextTakeover: input.bool(),
    serverMaxWindowBits: input.pick(BITS),
    clientMaxWindowBits,
    requireClientMaxWindowBits: input.bool() && clientMaxWindowBits !== null,
    engine,
  });
}

/** What the extension does must be something that RFC 7692 and zlib know. */
function checkExtension({ localMaxWindowBits, remoteMaxWindowBits }) {
  holds(localMaxWindowBits >= 9 && localMaxWindowBits <= 15, `we compress with ${localMaxWindowBits} bits`);
  holds(remoteMaxWindowBits >= 8 && remoteMaxWindowBits <= 15, `we decompress with ${remoteMaxWindowBits} bits`);
}

const value = (parameters, name) => parameters.find(([each]) => each === name)?.[1];
const has = (parameters, name) => parameters.some(([each]) => each === name);

/** RFC 7692 §7.1: what an answer must say, given the offer. */
function checkAnswer(offer, answer) {
  holds(
    answer.every(([, bits]) => bits === null || /^(?:[89]|1[0-5])$/.test(bits)),
    'values of the answer',
  );
  same(new Set(answer.map(([name]) => name)).size, answer.length, 'repetitions in the answer');
  if (has(offer, 'server_no_context_takeover')) holds(has(answer, 'server_no_context_takeover'), '§7.1.1.1');
  if (has(offer, 'server_max_window_bits')) {
    holds(
      Number(value(answer, 'server_max_window_bits')) <= Number(value(offer, 'server_max_window_bits')),
      '§7.1.2.1',
    );
  }
  if (has(answer, 'client_max_window_bits')) {
    holds(has(offer, 'client_max_window_bits'), '§7.1.2.2: not offered');
    const most = value(offer, 'client_max_window_bits');
    if (most !== null) holds(Number(value(answer, 'client_max_window_bits')) <= Number(most), '§7.1.2.2');
  }
}

/** Both ends of a connection must mean the same. */
function checkMirror(client, server) {
  same(
    client.localNoContextTakeover,
    server.remoteNoContextTakeover || client.localNoContextTakeover,
    'client takeover',
  );
  same(client.remoteNoContextTakeover, server.localNoContextTakeover, 'server takeover');
  same(client.remoteMaxWindowBits, server.localMaxWindowBits, 'window of the server');
  holds(client.localMaxWindowBits <= server.remoteMaxWindowBits, 'window of the client');
}

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const client = clientOf(input);
  const server = serverOf(input);
  const text = input.restText();

  // Our own two ends always agree, or the server declines: then there is no compression.
  const offer = client.getRequestParams();
  const { value: agreed } = attempt(() => server.processRequestParams(offer, []), NEGOTIATION);
  if (agreed !== undefined) {
    const [answer, extension] = agreed;
    checkExtension(extension);
    checkAnswer(offer, answer);
    const { value: other } = attempt(() => client.processResponseParams(answer, []), NEGOTIATION);
    // A window of 8 bits can be answered, and a client that cannot keep to it has to fail.
    if (other === undefined)
      holds(
        value(answer, 'client_max_window_bits') === '8' || value(offer, 'client_max_window_bits') === '8',
        'our client refuses our server',
      );
    else checkMirror(other, extension);
  }

  const { value: headers } = attempt(() => parseExtension(text), [InvalidHeaderFormat]);
  for (const [, parameters] of headers ?? []) {
    const { value: toOffer } = attempt(() => server.processRequestParams(parameters, []), NEGOTIATION);
    if (toOffer !== undefined) {
      const [answer, extension] = toOffer;
      checkExtension(extension);
      checkAnswer(parameters, answer);
      attempt(() => server.processRequestParams(parameters, [extension]), NEGOTIATION);
      holds(attempt(() => server.processRequestParams(parameters, [extension]), NEGOTIATION).error, 'a second one');
    }
    const { value: extension } = attempt(() => client.processResponseParams(parameters, []), NEGOTIATION);
    if (extension === undefined) continue;
    checkExtension(extension);
    const bits = value(parameters, 'client_max_window_bits');
    if (bits !== undefined) same(extension.localMaxWindowBits, Number(bits), 'our window');
    holds(
      extension.localMaxWindowBits <= (Number(value(offer, 'client_max_window_bits')) || 15),
      'our window, as offered',
    );
    holds(
      extension.remoteMaxWindowBits <= Number(value(offer, 'server_max_window_bits') ?? 15),
      'window of the server, as offered',
    );
    if (has(parameters, 'client_no_context_takeover')) holds(extension.localNoContextTakeover, 'our takeover');
    if (has(offer, 'server_no_context_takeover'))
      holds(extension.remoteNoContextTakeover, 'the takeover of the server');
  }
});

export const maxLength = 1024;
export const words = [
  'permessage-deflate',
  'server_no_context_takeover',
  'client_no_context_takeover',
  'server_max_window_bits',
  'client_max_window_bits',
  '=15',
  '=8',
  '="10"',
  '; ',
];
export const seeds = () =>
  [
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_max_window_bits=10; client_max_window_bits=9; server_no_context_takeover',
    'a, permessage-deflate; client_no_context_takeover; server_no_context_takeover',
    'permessage-deflate; server_max_window_bits=8',
    'permessage-deflate; client_max_window_bits="12"; client_max_window_bits=12',
    ...[8, 9, 10, 11, 12, 13, 15, 16].map(
      (bits) => `permessage-deflate; server_max_window_bits=${bits}; client_max_window_bits=${bits}`,
    ),
    ...[9, 10, 11, 15].map((bits) => `permessage-deflate; server_max_window_bits=${bits}`),
  ].flatMap((text) => [
    seed([0, 0, 0, 0, 0, 0, 0, 0, 0], text),
    seed([1, 1, 3, 2, 3, 1, 1, 2, 1], text),
    seed([0, 0, 3, 4, 0, 0, 0, 0, 0], text),
  ]);
