// Compares what we make of a case with what a peer does, and explains differences: by a rule of the RFC that leaves it open, by
// a choice of ours that is documented, or by a fault of the peer. What no class here explains is a finding.
import { CODES, walk } from './walk.js';

/**
 * How to be compared with each peer: where it differs from our defaults by choice, and an option of ours does the same, we are
 * told to. `rules` says the same to the walk.
 */
export const PEERS = {
  // Text is checked once a message is whole, and lengths need not be minimal. We are stricter by default.
  websockets: {
    settings: { validateUtf8: false, lenientLengths: true },
    rules: { textAtEnd: true, lenientLengths: true },
  },
  ws: { settings: { validateUtf8: false, lenientLengths: true }, rules: { textAtEnd: true, lenientLengths: true } },
  // As strict as we are, but without limits.
  wsproto: { settings: {}, rules: {}, isUnlimited: true },
};

const codesOf = (faults) => new Set([...faults].map((fault) => CODES[fault]));
const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const startsAlike = (theirs, ours, count) => isSame(theirs.slice(0, count), ours.slice(0, count));
const hasFailedAs = (outcome, faults) => codesOf(faults).has(outcome.failed);
/** Whether all events are the same, so that both stopped at the same frame. */
const stoppedAlike = ({ ours, theirs }) => isSame(ours.events, theirs.events);
/** The faults that can be seen before the payload is there. */
const HEAD_FAULTS = [
  'rsv',
  'opcode',
  'mask',
  'notMinimal',
  'topBit',
  'controlFin',
  'controlLength',
  'sequence',
  'closeLength',
  'size',
];
const headFaults = (last) => [...last.faults].filter((fault) => HEAD_FAULTS.includes(fault));

/** Whether a peculiarity of the stream comes before the first event that differs, or before the end that does. */
const follows = (name, { ours, theirs, walked: { traits } }) =>
  traits.has(name) && startsAlike(theirs.events, ours.events, traits.get(name));

/**
 * Every class of differences: `peers` that show it, `because`, and `fits`, which gets both outcomes and what the walk says. We
 * have been held against the walk before: what is explained is what the peer does.
 */
const CLASSES = [
  {
    name: 'two faults in one frame',
    because: 'RFC 6455 does not say which one is found first, and each has its code',
    peers: ['websockets', 'ws', 'wsproto'],
    fits: (all) => {
      const { last } = all.walked;
      return last?.faults.size > 1 && stoppedAlike(all) && hasFailedAs(all.theirs, last.faults);
    },
  },
  {
    name: 'a head that is wrong, refused before its payload is there',
    because: 'we, as websockets, look at reserved bits and the rules for control frames when the frame is complete',
    peers: ['ws', 'wsproto'],
    fits: (all) => {
      const { last } = all.walked;
      return (
        last !== null &&
        !last.isComplete &&
        all.ours.failed === null &&
        stoppedAlike(all) &&
        hasFailedAs(all.theirs, headFaults(last))
      );
    },
  },
  {
    name: 'a control frame that says in 7 bits that more follow',
    because:
      'a length over 125 can be expected then: ws and wsproto refuse it at once, we when it is there, or not minimal',
    peers: ['ws', 'wsproto'],
    fits: (all) =>
      all.theirs.failed === 1002 &&
      ((all.walked.last?.hasLongForm && stoppedAlike(all)) || follows('longControl', all)),
  },
  {
    name: 'a control frame that passes the limit',
    because: 'the limit of a message holds for every frame, as with websockets; ws asks for data only',
    peers: ['ws'],
    fits: (all) => {
      const { last } = all.walked;
      return (
        last?.opcode >= 8 &&
        last.faults.has('size') &&
        startsAlike(all.theirs.events, all.ours.events, all.ours.events.length)
      );
    },
  },
  {
    name: 'a head that is wrong and not complete',
    because: 'we refuse opcode and mask as soon as two bytes are there; the peer waits for the length',
    peers: ['wsproto'],
    fits: (all) => {
      const { last } = all.walked;
      return last?.hasHead === false && stoppedAlike(all) && isOpen(all.theirs);
    },
  },
  {
    name: 'a length of 2^63 or more',
    because: '1002, since RFC 6455 §5.2 forbids it; the peers take it for one that is too large, or wait for it',
    peers: ['websockets', 'ws'],
    fits: (all) =>
      all.walked.last?.faults.has('topBit') && stoppedAlike(all) && (all.theirs.failed === 1009 || isOpen(all.theirs)),
  },
  {
    name: 'a length of 2^53 or more',
    because: 'ws cannot count so far; we wait for a payload that never comes, unless it passes the limit',
    peers: ['ws'],
    fits: (all) => {
      const { last } = all.walked;
      return (
        last !== null && !last.isComplete && last.length >= 2n ** 53n && stoppedAlike(all) && all.theirs.failed === 1009
      );
    },
  },
  {
    name: 'garbage in a compressed message',
    because: 'RFC 6455 §7.4.1: data that is not what it should be is 1007; websockets answers 1002',
    peers: ['websockets'],
    fits: (all) =>
      all.walked.last?.faults.has('deflate') &&
      stoppedAlike(all) &&
      all.ours.failed === 1007 &&
      all.theirs.failed === 1002,
  },
  {
    name: 'a compressed stream that ends (BFINAL)',
    because: 'RFC 7692 §7.2.3.4: all messages decode; the peers lose what follows, or part of it',
    peers: ['websockets', 'wsproto', 'ws'],
    fits: (all) => follows('streamEnds', all),
  },
  {
    name: 'a compressed message that is empty or ends in a flush',
    because:
      'RFC 7692 §7.2.2 has 00 00 ff ff behind it, which would be the head of a block that the next message goes on with',
    peers: ['websockets', 'wsproto', 'ws'],
    fits: (all) => follows('endsInFlush', all),
  },
  {
    name: 'a compressed message that ends inside of a block',
    because:
      'RFC 7692 §7.2.1 has messages end between blocks; the next one begins a new block with us, and goes on with the old one there',
    peers: ['websockets', 'wsproto', 'ws'],
    fits: (all) => follows('endsInBlock', all),
  },
  {
    name: 'a distance that is larger than the window',
    because: 'corrupt by RFC 7692 §7.1.2; zlib sees it or not, depending on how much output is asked for in one call',
    peers: ['websockets', 'wsproto', 'ws'],
    fits: (all) => follows('beyondWindow', all),
  },
  {
    name: 'a close frame in the middle of a message',
    because: '1002, as with websockets: its end will never come; ws and wsproto close as if nothing was missing',
    peers: ['ws', 'wsproto'],
    fits: (all) =>
      isSame([...(all.walked.last?.faults ?? [])], ['closeMidMessage']) &&
      stoppedAlike(all) &&
      all.theirs.closed !== null,
  },
  {
    name: 'a control frame in the middle of a compressed message',
    because: 'wsproto takes what follows for not compressed',
    peers: ['wsproto'],
    fits: (all) => follows('controlInsideCompressed', all),
  },
  {
    name: 'a compressed payload that is not complete',
    because: 'wsproto inflates what has arrived of a frame, and sees what is wrong with it',
    peers: ['wsproto'],
    fits: (all) => {
      const { last } = all.walked;
      return (
        last?.isComplete === false &&
        isOpen(all.ours) &&
        stoppedAlike(all) &&
        all.theirs.failed === 1007 &&
        hasFailedAs(all.theirs, last.faults)
      );
    },
  },
  {
    name: 'a message that begins in the middle of a compressed one',
    because: 'wsproto inflates it before it looks whether it may begin',
    peers: ['wsproto'],
    fits: (all) => all.walked.last?.isInsideCompressed && stoppedAlike(all) && all.theirs.failed === 1007,
  },
  {
    name: 'close code 1014',
    because: 'it has been registered since; wsproto does not know it',
    peers: ['wsproto'],
    fits: (all) =>
      (all.walked.closed?.[0] === 1014 || all.walked.last?.closeCode === 1014) &&
      stoppedAlike(all) &&
      all.theirs.failed === 1002,
  },
  {
    name: 'compressed frames that together pass the limit, and a message that does not',
    because: 'ws adds up what travels; with us each frame may have what the message has left',
    peers: ['ws'],
    fits: (all) => follows('compressedBeyondLimit', all) && all.theirs.failed === 1009,
  },
  {
    name: 'a compressed frame that is larger than what the message has left',
    because:
      'the limit holds for the payload of a frame as it travels too, as with websockets; ws asks for what comes out',
    peers: ['ws'],
    fits: (all) => {
      const { last } = all.walked;
      const { events } = all.ours;
      return last?.isCompressed && last.faults.has('size') && startsAlike(all.theirs.events, events, events.length);
    },
  },
  {
    name: 'a compressed fragment that passes the limit',
    because: 'websockets asks zlib whether input is left; what it holds back of the output comes out later',
    peers: ['websockets'],
    fits: (all) => {
      const { last } = all.walked;
      const { events } = all.ours;
      return last?.isCompressed && last.faults.has('size') && startsAlike(all.theirs.events, events, events.length);
    },
  },
  {
    name: 'half of a surrogate pair at the end of a fragment',
    because: 'Python finds it with the byte that follows, we with the second of its three',
    peers: ['wsproto'],
    fits: (all) => {
      const { last } = all.walked;
      const { events } = all.ours;
      const text = last?.inMessage?.bytes.toString('latin1') ?? '';
      return (
        isSame([...(last?.faults ?? [])], ['utf8']) &&
        /\xed[\xa0-\xbf]$/.test(text) &&
        startsAlike(all.theirs.events, events, events.length)
      );
    },
  },
  {
    name: 'a limit that a compressed message has just reached',
    because: 'websockets 10 takes nothing left for no limit at all',
    peers: ['websockets'],
    fits: (all) => follows('limitReached', all),
  },
];

const isOpen = ({ failed, closed }) => failed === null && closed === null;

/** Whether we did what the walk says: its events, and a failure with one of the codes of what is wrong. */
function isAsWalked(ours, walked) {
  // Whether it is seen depends on us as well; nothing that comes before does.
  const corrupt = walked.traits.get('beyondWindow');
  if (corrupt !== undefined) return startsAlike(ours.events, walked.events, corrupt);
  if (!isSame(ours.events, walked.events)) return false;
  if (walked.last === null) return ours.failed === null && isSame(ours.closed, walked.closed);
  if (ours.failed !== null) return codesOf(walked.last.faults).has(ours.failed);
  // What is not complete may be waited for.
  return ours.closed === null && (!walked.last.isComplete || walked.last.faults.size === 0);
}

/** Null: they agree. Else the class that explains it, or `{ name: null }` with all that there is to say. */
export function difference(peer, theCase, ours, theirs) {
  const closed = (outcome) => (outcome.failed === null ? outcome.closed : null);
  if (isSame([ours.events, ours.failed, closed(ours)], [theirs.events, theirs.failed, closed(theirs)])) return null;
  const { rules, isUnlimited } = PEERS[peer];
  const walked = walk(isUnlimited ? { ...theCase, maxSize: null } : theCase, rules);
  if (isAsWalked(ours, walked)) {
    const all = { ours, theirs, walked };
    const found = CLASSES.find(({ peers, fits }) => peers.includes(peer) && fits(all));
    if (found !== undefined) return found;
  }
  return { name: null, walked };
}
