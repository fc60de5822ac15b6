// Reads a server's answer as RFC 9112, 6455 §4.1 and 7692 §7.1 describe it, slowly and with everything at hand. Written from
// the RFCs, and sharing no code with src/: differences are explained by it.
import { createHash } from 'node:crypto';
import { FRAME } from './answer-case.js';

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/;
const wholly = (pattern) => new RegExp(`^(?:${pattern.source})$`);
const IS_TOKEN = wholly(TOKEN);
const IS_PROTOCOL = new RegExp(`^${TOKEN.source}(?:/${TOKEN.source})?$`);
const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9]{2}) [\t\x20-\x7e\x80-\xff]*$/;
const HEADER_LINE = new RegExp(`^(${TOKEN.source}):[\\t ]*([\\t\\x20-\\x7e\\x80-\\xff]*?)[\\t ]*$`);
const PARAMETER = `[\\t ]*;[\\t ]*(${TOKEN.source})(?:[\\t ]*=[\\t ]*(${TOKEN.source}|"(?:\\\\?[!#$%&'*+\\-.^_\`|~0-9A-Za-z])+"))?`;
const EXTENSION = new RegExp(`^(${TOKEN.source})((?:${PARAMETER})*)$`);
/** RFC 9110 §15.2 has no limit; ours is documented. */
const MOST_INTERIM = 16;

/** Something is not as it must be: `fault` says what. */
class Refused {
  constructor(fault) {
    this.fault = fault;
  }
}
const refuse = (fault) => {
  throw new Refused(fault);
};
/** More has to come. */
const WAITS = Symbol('waits');

/**
 * What has to come of an answer: `outcome` is `open`, `refused` or `waits`, `fault` what is wrong with it. When it opens, what
 * was agreed on, and the messages behind it. `status` is null as long as there is no status line that is good; `values` are
 * those of a header in the last head that was read.
 */
export function walkAnswer({ bytes, key, subprotocols, deflate }) {
  const seen = { status: null, interim: 0, isHeadComplete: false, fields: [] };
  const values = (name) => seen.fields.filter(([other]) => other === name).map(([, value]) => value);
  const result = { outcome: 'refused', fault: null, subprotocol: null, deflate: null, messages: [], seen, values };
  try {
    const rest = finalHead(bytes.toString('latin1'), seen);
    if (seen.status !== 101) {
      if (seen.status !== 204 && seen.status !== 304) readBody(rest, values);
      refuse('status');
    }
    checkUpgrade(values);
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    if (values('sec-websocket-accept').join() !== accept) refuse('accept');
    const agreed = extensionsOf(values('sec-websocket-extensions'), deflate);
    const subprotocol = subprotocolOf(values('sec-websocket-protocol'), subprotocols ?? []);
    return { ...result, outcome: 'open', subprotocol, deflate: agreed, messages: rest === FRAME ? ['hi'] : [] };
  } catch (thrown) {
    if (thrown === WAITS) return { ...result, outcome: 'waits' };
    if (thrown instanceof Refused) return { ...result, fault: thrown.fault };
    throw thrown;
  }
}

/** Reads heads up to the one that is no interim response. Returns what follows it. */
function finalHead(text, seen) {
  for (let rest = text; ; ) {
    seen.status = null;
    seen.fields = [];
    const first = firstLine(rest);
    seen.status = Number((STATUS_LINE.exec(first.line) ?? refuse('status line'))[1]);
    rest = first.rest;
    for (;;) {
      const { line, rest: following } = firstLine(rest);
      rest = following;
      if (line === '') break;
      const [, name, value] = HEADER_LINE.exec(line) ?? refuse('header line');
      seen.fields.push([name.toLowerCase(), value]);
    }
    if (seen.status >= 200 || seen.status === 101) {
      seen.isHeadComplete = true;
      return rest;
    }
    seen.interim += 1;
    if (seen.interim > MOST_INTERIM) refuse('too many interim responses');
  }
}

/** A line ends in CRLF, and a bare LF is none (RFC 9112 §2.2 leaves it open; we refuse it). */
function firstLine(text) {
  const end = text.indexOf('\n');
  if (end === -1) throw WAITS;
  if (text[end - 1] !== '\r') refuse('bare LF');
  return { line: text.slice(0, end - 1), rest: text.slice(end + 1) };
}

/** RFC 9112 §6.3: whether the body of a refusal is there. A refusal is reported with it. */
function readBody(text, values) {
  const coding = values('transfer-encoding');
  const lengths = values('content-length');
  if (coding.length > 0) {
    if (coding.join().toLowerCase() !== 'chunked') refuse('transfer coding');
    readChunks(text);
    return;
  }
  if (lengths.length > 1 || (lengths.length === 1 && !/^[0-9]+$/.test(lengths[0]))) refuse('Content-Length');
  if (lengths.length === 1 && Number(lengths[0]) > 1_048_576) refuse('large body');
  if (lengths.length === 0 || text.length < Number(lengths[0])) throw WAITS;
}

function readChunks(text) {
  for (let rest = text; ; ) {
    const { line, rest: following } = firstLine(rest);
    const [, digits] = /^[\t ]*([0-9a-fA-F]{1,4})[\t ]*(?:;.*)?$/.exec(line) ?? refuse('chunk');
    const size = Number.parseInt(digits, 16);
    rest = following;
    if (size === 0) {
      for (;;) {
        const trailer = firstLine(rest);
        if (trailer.line === '') return;
        if (!HEADER_LINE.test(trailer.line)) refuse('header line');
        rest = trailer.rest;
      }
    }
    if (rest.length < size + 2) throw WAITS;
    if (rest.slice(size, size + 2) !== '\r\n') refuse('chunk');
    rest = rest.slice(size + 2);
  }
}

/** RFC 9110 §5.6.1: empty items are passed over, and one at least is not. */
function listOf(values, item, fault) {
  return values.flatMap((value) => {
    const items = value
      .split(',')
      .map((text) => text.replace(/^[\t ]+|[\t ]+$/g, ''))
      .filter((text) => text !== '');
    if (items.length === 0 || !items.every((text) => item.test(text))) refuse(fault);
    return items;
  });
}

function checkUpgrade(values) {
  const options = listOf(values('connection'), IS_TOKEN, 'Connection');
  if (!options.some((option) => option.toLowerCase() === 'upgrade')) refuse('Connection');
  const protocols = listOf(values('upgrade'), IS_PROTOCOL, 'Upgrade');
  if (protocols.length !== 1 || protocols[0].toLowerCase() !== 'websocket') refuse('Upgrade');
}

function subprotocolOf(values, offered) {
  if (values.length === 0) return null;
  const chosen = listOf(values, IS_TOKEN, 'subprotocol');
  if (chosen.length !== 1 || !offered.includes(chosen[0])) refuse('subprotocol');
  return chosen[0];
}

/** Of permessage-deflate: whether each side forgets its window, and how large the windows are; the server's first. */
function extensionsOf(values, isOffered) {
  if (values.length === 0) return null;
  const extensions = listOf(values, EXTENSION, 'extension');
  if (!isOffered || extensions.length !== 1) refuse('extension');
  const [, name, parameters] = EXTENSION.exec(extensions[0]);
  if (name !== 'permessage-deflate') refuse('extension');
  const agreed = new Map();
  for (const [, parameter, value] of parameters.matchAll(new RegExp(PARAMETER, 'g'))) {
    if (agreed.has(parameter)) refuse('extension');
    agreed.set(parameter, value === undefined ? null : value.replace(/["\\]/g, ''));
  }
  for (const [parameter, value] of agreed) {
    const isFlag = parameter.endsWith('_no_context_takeover');
    if (!/^(?:server|client)_(?:no_context_takeover|max_window_bits)$/.test(parameter)) refuse('extension');
    if (isFlag ? value !== null : !/^(?:[89]|1[0-5])$/.test(value ?? '')) refuse('extension');
  }
  // zlib cannot compress with so small a window, so that we cannot keep to it.
  if (agreed.get('client_max_window_bits') === '8') refuse('extension');
  return [
    agreed.has('server_no_context_takeover'),
    agreed.has('client_no_context_takeover'),
    Number(agreed.get('server_max_window_bits') ?? 15),
    Number(agreed.get('client_max_window_bits') ?? 15),
  ];
}
