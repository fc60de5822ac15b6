// What our ClientProtocol says to a server's answer, compared with what others say, and which differences are explained.
import { ClientProtocol } from '../../dist/core/client-protocol.js';
import { ClientPerMessageDeflateFactory } from '../../dist/core/extensions/permessage-deflate-negotiation.js';
import { State } from '../../dist/core/state.js';
import { NodeDeflateEngine } from '../../dist/node/deflate-engine.js';
import { stillHost } from '../engine/conversation.js';
import { holds, same } from '../engine/expect.js';
import { cut, latin1Text } from '../engine/input.js';
import { walkAnswer } from './answer-walk.js';

const engine = new NodeDeflateEngine();
const factory = new ClientPerMessageDeflateFactory({ engine });

/** `open` with what was agreed on and the messages behind it, `refused`, or `waits`. */
export function ourReading({ bytes, key, subprotocols, deflate, cutSeed }) {
  const protocol = new ClientProtocol('ws://example.com/', {
    host: stillHost({ native: true }),
    subprotocols,
    extensions: deflate ? [factory] : null,
  });
  same(protocol.key, key, 'key');
  protocol.sendRequest(protocol.connect());
  for (const piece of cut(bytes, cutSeed)) protocol.receiveData(piece);
  const { handshakeExc, state, extensions } = protocol;
  const isOpen = state !== State.CONNECTING && handshakeExc === null;
  const outcome = isOpen ? 'open' : handshakeExc === null ? 'waits' : 'refused';
  if (!isOpen) same(extensions.length, 0, 'extensions of a connection that is not open');
  const frames = protocol.eventsReceived().filter((event) => 'opcode' in event);
  holds(isOpen || frames.length === 0, 'frames of a connection that is not open');
  const [agreed] = extensions;
  return {
    outcome,
    error: handshakeExc === null ? null : String(handshakeExc),
    subprotocol: protocol.subprotocol,
    deflate: agreed
      ? [
          agreed.remoteNoContextTakeover,
          agreed.localNoContextTakeover,
          agreed.remoteMaxWindowBits,
          agreed.localMaxWindowBits,
        ]
      : null,
    messages: frames.filter(({ opcode }) => opcode === 1).map(({ data }) => latin1Text(data)),
  };
}

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const essence = ({ outcome, subprotocol, deflate, messages }) =>
  outcome === 'open' ? [outcome, subprotocol, deflate, messages] : [outcome];

/** Values of a header as they stand in the head, with the white space around them. */
const rawValues = ({ theCase }, name) =>
  [...theCase.bytes.toString('latin1').matchAll(new RegExp(`^${name}:([^\\n]*)`, 'gim'))].map(([, value]) => value);
const says = ({ theirs }, text) => theirs.error?.includes(text) ?? false;
const takes = ({ theirs }) => theirs.outcome !== 'refused';
/** Whether we say nothing against it, and they do. */
const isOnlyTheirs = ({ ours, theirs }) => ours.outcome !== 'refused' && theirs.outcome === 'refused';
const hasEmptyItems = ({ walked }, name) => walked.values(name).some((value) => /^[\t ]*,|,[\t ]*(?:,|$)/.test(value));

/**
 * Every class of differences, as in differences.js: no class is asked before our own reading agrees with the walk's, whose
 * `fault` says what is wrong with the answer.
 */
const CLASSES = [
  {
    name: 'a refusal whose body is not complete',
    because: 'we, as websockets, report a refusal together with its body; ws and wsproto as soon as its head is there',
    peers: ['ws', 'wsproto'],
    fits: (all) => all.walked.outcome === 'waits' && all.walked.seen.isHeadComplete && isOnlyTheirs(all),
  },
  {
    name: 'interim responses before the answer',
    because: 'RFC 9110 §15.2: a client must be able to read them; websockets 10 and wsproto take them for the answer',
    peers: ['websockets', 'wsproto'],
    fits: (all) => all.walked.seen.interim > 0 && isOnlyTheirs(all) && /status(?:_code=| )1/.test(all.theirs.error),
  },
  {
    name: 'more than 16 interim responses',
    because: 'nobody needs so many, and without a limit there is no end of them',
    peers: ['ws'],
    fits: (all) => all.walked.fault === 'too many interim responses' && takes(all),
  },
  {
    name: 'Content-Length or Transfer-Encoding in an answer that has no body',
    because:
      'RFC 9112 §6.3: 1xx, 204 and 304 end with their head, whatever it says; the peers refuse what is not as it must be',
    peers: ['websockets', 'ws', 'wsproto'],
    fits: (all) =>
      isOnlyTheirs(all) &&
      all.walked.values('content-length').length + all.walked.values('transfer-encoding').length > 0 &&
      /transfer codings|HPE_\w*(?:CONTENT_LENGTH|TRANSFER_ENCODING)|Bad HTTP message/.test(all.theirs.error),
  },
  {
    name: 'a status line that is none',
    because: 'RFC 9112 §4: HTTP/1.1, three digits of which the first is 1 to 5, a space; each peer takes some others',
    peers: ['websockets', 'ws', 'wsproto'],
    fits: (all) => all.walked.fault === 'status line' && takes(all),
  },
  {
    name: 'a reason or a header that is not UTF-8',
    because: 'RFC 9112 §4 has bytes beyond ASCII in a reason, and says nothing of UTF-8; websockets 10 fails',
    peers: ['websockets'],
    fits: (all) => isOnlyTheirs(all) && says(all, 'UnicodeDecodeError'),
  },
  {
    name: 'a bare LF',
    because: 'RFC 9112 §2.2 lets a recipient take it for the end of a line; we refuse it, as websockets and ws',
    peers: ['wsproto'],
    fits: (all) => all.walked.fault === 'bare LF' && takes(all),
  },
  {
    name: 'a header line that is none',
    because: 'folded lines, white space before the colon, control characters: RFC 9112 §5; h11 takes them',
    peers: ['wsproto'],
    fits: (all) => all.walked.fault === 'header line' && takes(all),
  },
  {
    name: 'a line that is wrong and not complete',
    because: 'we look at a line when it is there',
    peers: ['ws', 'wsproto'],
    fits: (all) => all.walked.outcome === 'waits' && !all.walked.seen.isHeadComplete && isOnlyTheirs(all),
  },
  {
    name: 'a header that is repeated',
    because: 'RFC 6455 §4.1 has one of each; with wsproto the last one counts',
    peers: ['wsproto'],
    fits: (all) =>
      all.ours.outcome !== all.theirs.outcome &&
      ['upgrade', 'connection', 'sec-websocket-accept', 'sec-websocket-protocol', 'sec-websocket-extensions'].some(
        (name) => all.walked.values(name).length > 1,
      ),
  },
  {
    name: 'Upgrade, a subprotocol or extensions as a list, with empty items',
    because:
      'RFC 9110 §5.6.1 has them passed over; ws and wsproto compare the whole value, or read an item that is not there',
    peers: ['ws', 'wsproto'],
    fits: (all) =>
      isOnlyTheirs(all) &&
      ['upgrade', 'sec-websocket-protocol', 'sec-websocket-extensions'].some((name) => hasEmptyItems(all, name)),
  },
  {
    name: 'no subprotocol, though some were offered',
    because: 'RFC 6455 §4.2.2: a server need not choose one; ws fails',
    peers: ['ws'],
    fits: (all) => isOnlyTheirs(all) && all.ours.subprotocol === null && says(all, 'no subprotocol'),
  },
  {
    name: 'Connection as node:http reads it',
    because:
      'its parser does not know the option with a tab beside it (RFC 9110 §5.5 allows one), and finds none in others',
    peers: ['ws'],
    fits: (all) =>
      isOnlyTheirs(all) &&
      says(all, 'Unexpected server response: 101') &&
      rawValues(all, 'Connection').some((value) => value.includes('\t')),
  },
  {
    name: 'a Connection that is malformed, with the option in it',
    because:
      'RFC 9110 §7.6.1 has a list of tokens, and each line is one, as with websockets; node:http looks for the option',
    peers: ['ws'],
    fits: (all) => all.walked.fault === 'Connection' && takes(all),
  },
  {
    name: 'a window of 8 bits to compress with',
    because: 'zlib cannot keep to it, and ws does not say so',
    peers: ['ws'],
    fits: (all) =>
      all.walked.fault === 'extension' &&
      takes(all) &&
      all.walked.values('sec-websocket-extensions').some((value) => value.includes('client_max_window_bits=8')),
  },
  {
    name: 'a window of 8 bits that the server compresses with',
    because: 'RFC 7692 §7.1.2.1 allows it, and to inflate it is no problem; wsproto crashes',
    peers: ['wsproto'],
    fits: (all) => isOnlyTheirs(all) && says(all, 'Window size must be'),
  },
  {
    name: 'the value of a parameter in quotes',
    because: 'RFC 6455 §9.1: it is the same as without; wsproto crashes',
    peers: ['wsproto'],
    fits: (all) =>
      isOnlyTheirs(all) &&
      says(all, 'crashed: ValueError') &&
      all.walked.values('sec-websocket-extensions').some((value) => value.includes('"')),
  },
  {
    name: 'parameters that RFC 7692 does not know, or not so',
    because:
      '§7.1: unknown, repeated, out of range: the connection fails; ws takes leading zeros and repetitions, wsproto all',
    peers: ['ws', 'wsproto'],
    fits: (all) => all.walked.fault === 'extension' && takes(all),
  },
];

/** Null: they agree. Else the class that explains it, or one whose name is null. */
export function readingDifference(peer, theCase, ours, theirs) {
  const walked = walkAnswer(theCase);
  const isAsWalked = isSame(essence(ours), essence(walked));
  if (isAsWalked && isSame(essence(ours), essence(theirs))) return null;
  const all = { ours, theirs, walked, theCase };
  const found = isAsWalked && CLASSES.find(({ peers, fits }) => peers.includes(peer) && fits(all));
  return found || { name: null, walked: { ...walked, values: undefined, isAsWalked } };
}
