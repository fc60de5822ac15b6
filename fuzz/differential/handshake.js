// What our ServerProtocol says to a request, compared with what others say, and which differences are explained.
import { ServerProtocol } from '../../dist/core/server-protocol.js';
import { stillHost } from '../engine/conversation.js';

/** The status of the answer, `waits` when the request is not complete; and what is wrong with it. */
export function ourAnswer({ bytes, subprotocols }) {
  const protocol = new ServerProtocol({ host: stillHost({ native: true }), subprotocols });
  protocol.receiveData(bytes);
  const [request] = protocol.eventsReceived();
  if (request !== undefined) protocol.sendResponse(protocol.accept(request));
  const [answer] = protocol.dataToSend();
  const status = answer === undefined ? 'waits' : Number(Buffer.from(answer).toString('latin1', 9, 12));
  return { status, error: protocol.handshakeExc };
}

const NUMBERS = { accepted: (status) => status === 101, waits: (status) => status === 'waits' };
const kindOf = (status) => Object.keys(NUMBERS).find((kind) => NUMBERS[kind](status)) ?? 'refused';

const head = ({ bytes }) => bytes.toString('latin1');
/** All values of a header, as they stand in the request. */
const valuesOf = (theCase, name) =>
  head(theCase)
    .split('\r\n')
    .slice(1)
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(name.length + 1).trim());
/** Whether our error, or what caused it, says so. */
const says = ({ error }, pattern) => error !== null && pattern.test(`${error.message}; ${error.cause?.message ?? ''}`);
const isAccepted = ({ ours, theirs }) => ours === 'refused' && theirs === 'accepted';
/** Whether the request ends before its head does. */
const isCut = ({ theCase }) => !/\r?\n\r?\n/.test(head(theCase));

/** As the classes of differences.js. `ours` and `theirs` are `accepted`, `refused` or `waits`. */
const CLASSES = [
  {
    name: 'a Host that is missing, repeated or malformed',
    because: 'RFC 9112 §3.2: 400',
    peers: ['websockets', 'wsproto'],
    fits: (all) => all.ours === 'refused' && says(all, /Host header/),
  },
  {
    name: 'another version than 13',
    because: 'RFC 6455 §4.2.2: 426 with the version that we speak, not 400',
    peers: ['websockets'],
    fits: (all) => all.status === 426 && all.theirStatus === 400 && says(all, /Sec-WebSocket-Version header/),
  },
  {
    name: 'no subprotocol of those that the server has',
    because: '400, as websockets does it since version 11; version 10 and wsproto go on without one',
    peers: ['websockets', 'wsproto'],
    fits: (all) => isAccepted(all) && all.error.name === 'NegotiationError' && says(all, /subprotocol/),
  },
  {
    name: 'a malformed Sec-WebSocket-Protocol',
    because:
      'the peers read it only when the server has subprotocols, or never hold it against the grammar (RFC 6455 §11.3.4)',
    peers: ['websockets', 'wsproto'],
    fits: (all) => isAccepted(all) && all.error.name === 'InvalidHeaderFormat' && says(all, /Sec-WebSocket-Protocol/),
  },
  {
    name: 'a request line with characters that may not stand there',
    because: 'RFC 9112 §3.2: 400; websockets takes the target as it is',
    peers: ['websockets'],
    fits: (all) => all.ours === 'refused' && says(all, /invalid HTTP request line/),
  },
  {
    name: 'a body of no bytes that is announced',
    because: 'Content-Length: 0 announces nothing; websockets refuses any',
    peers: ['websockets'],
    fits: (all) =>
      all.ours === 'accepted' &&
      all.theirs === 'refused' &&
      valuesOf(all.theCase, 'Content-Length').join() !== '' &&
      valuesOf(all.theCase, 'Content-Length').every((value) => /^0+$/.test(value)),
  },
  {
    name: 'a key that is not ASCII',
    because: 'a wrong key is a mistake of the client: 400; websockets 10 has an internal error, 500',
    peers: ['websockets'],
    fits: (all) => all.status === 400 && all.theirStatus === 500 && says(all, /Sec-WebSocket-Key/),
  },
  {
    name: 'a head that is not complete',
    because: 'some refuse a line when it is there, some when the head is; nobody accepts',
    peers: ['websockets', 'wsproto'],
    fits: (all) => isCut(all) && all.ours !== 'accepted' && all.theirs !== 'accepted',
  },
  {
    name: 'a key that is none',
    because: 'RFC 6455 §4.2.1: 16 bytes in base64; wsproto takes any',
    peers: ['wsproto'],
    fits: (all) => isAccepted(all) && says(all, /Sec-WebSocket-Key/),
  },
  {
    name: 'a header that is not ASCII',
    because: 'wsproto has an internal error; we do not read extensions when the server has none (RFC 6455 §9.1)',
    peers: ['wsproto'],
    fits: (all) => all.ours === 'accepted' && all.theirStatus === 'crashed: UnicodeDecodeError',
  },
  {
    name: 'a header that is repeated',
    because: 'RFC 6455 §11.3: they appear once; with wsproto the last one counts',
    peers: ['wsproto'],
    fits: (all) =>
      all.ours !== all.theirs &&
      ['Sec-WebSocket-Key', 'Sec-WebSocket-Version', 'Upgrade', 'Connection', 'Origin'].some(
        (name) => valuesOf(all.theCase, name).length > 1,
      ),
  },
  {
    name: 'a Connection that is malformed, with the option in it',
    because: 'RFC 9110 §7.6.1 has a list of tokens; wsproto splits at commas, and reads what is not one',
    peers: ['wsproto'],
    fits: (all) =>
      isAccepted(all) &&
      all.error.name === 'InvalidHeaderFormat' &&
      says(all, /Connection header/) &&
      valuesOf(all.theCase, 'Connection').some((value) => /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(value)),
  },
  {
    name: 'HTTP that h11 takes and we do not',
    because:
      'bare LF, folded lines, control characters, bodies and other versions than 1.1 have no place in a handshake: 400 or 505',
    peers: ['wsproto'],
    fits: (all) =>
      all.ours === 'refused' &&
      (all.error.name === 'InvalidProtocol' ||
        (all.error.name === 'InvalidMessage' &&
          says(
            all,
            /; (?:connection closed while reading|invalid (?:Content-Length|HTTP header (?:line|value))|transfer codings|unsupported (?:protocol|request body))/,
          ))),
  },
  {
    name: 'Upgrade as a list, with empty items',
    because: 'RFC 9110 §5.6.1 has them passed over; wsproto compares the whole value',
    peers: ['wsproto'],
    fits: (all) =>
      all.ours === 'accepted' &&
      all.theirs === 'refused' &&
      valuesOf(all.theCase, 'Upgrade').some((value) => value.includes(',')),
  },
];

/** Null: they agree. Else the class that explains it, or one whose name is null. */
export function answerDifference(peer, theCase, { status, error }, theirs) {
  const kinds = { ours: kindOf(status), theirs: kindOf(theirs) };
  const bothSay = typeof status === 'number' && typeof theirs === 'number' && peer === 'websockets';
  if (kinds.ours === kinds.theirs && (!bothSay || status === theirs)) return null;
  const all = { ...kinds, status, theirStatus: theirs, error, theCase };
  return CLASSES.find(({ peers, fits }) => peers.includes(peer) && fits(all)) ?? { name: null };
}
