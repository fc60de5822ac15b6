// What happens in a conversation over real sockets and a hostile proxy: made up by chance, so that a seed brings it back, as far as
// real time does. Does nothing.
import fc from 'fast-check';
import type { CommonOptions } from 'websockets-ts';
import type { Harm } from './hostile-proxy.ts';
import { INCIDENTS, type Incident, NETWORK_INCIDENTS, type Part, part, SIDES } from './schedule.ts';

/** A client, a proxy and a server of one process. */
export interface SocketSchedule {
  /** Where it came from. */
  readonly seed: number;
  readonly isTls: boolean;
  /** Whether each side may go without a net.Socket. */
  readonly handles: Readonly<Record<'client' | 'server', boolean>>;
  readonly client: Part;
  readonly server: Part;
  /** What the proxy does to one connection after the other. */
  readonly harms: readonly Harm[];
  /** When the proxy stops to listen; 0: before anybody comes; null: never. */
  readonly stopsListeningAtMs: number | null;
  /** Whether the client connects again and again. */
  readonly isLoop: boolean;
  /** After how long the client no longer waits for its connection; null: never. */
  readonly patienceMs: number | null;
  readonly incidents: readonly Incident[];
  /** How long the two talk before they close. */
  readonly talkMs: number;
}

/** What deflate leaves of it goes to a thread of its own, too: 64 KiB and more. */
const LARGE = Array.from({ length: 20_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 4).join('');

/** Real time is short. */
const hurried: fc.Arbitrary<CommonOptions> = fc.record({
  compression: fc.constantFrom('deflate', null),
  compressionThreshold: fc.constant(50),
  pingIntervalMs: fc.constantFrom(null, 30),
  pingTimeoutMs: fc.constantFrom(null, 50),
  closeTimeoutMs: fc.constantFrom(50, 200),
  openTimeoutMs: fc.constantFrom(150, 1000, 1000),
  maxQueue: fc.constantFrom(0, 2, 16),
  writeLimit: fc.constantFrom(0, 100, 32_768),
  maxBuffered: fc.constantFrom(0, 2000, 1_048_576),
  slowTimeoutMs: fc.constantFrom(null, 100),
  idleTimeoutMs: fc.constantFrom(null, null, null, 80),
  maxLifetimeMs: fc.constantFrom(null, null, null, 120),
  validateUtf8: fc.boolean(),
});

/** Behind another one: it may refer back to that, and a thread needs to know it. */
const withSecond = ({ messages: [first, ...rest], ...part }: Part): Part => ({
  ...part,
  messages:
    first === undefined ? [] : [first, { ...first, text: LARGE, as: first.isAwaited ? 'text' : 'binary' }, ...rest],
});

const hurriedPart: fc.Arbitrary<Part> = fc.tuple(part, hurried, fc.boolean()).map(([each, options, isLarge]) => {
  const quick: Part = {
    ...each,
    options,
    thinkMs: Math.min(each.thinkMs, 20),
    messages: each.messages.map((message) => ({ ...message, pauseMs: Math.min(message.pauseMs, 20) })),
  };
  return isLarge ? withSecond(quick) : quick;
});

const harm: fc.Arbitrary<Harm> = fc.record({
  what: fc.constantFrom(
    'nothing',
    'reset',
    'reset',
    'reset client',
    'reset server',
    'half-close',
    'close',
    'stall',
    'vanish',
    'corrupt',
  ),
  direction: fc.constantFrom('toServer', 'toClient'),
  // In a handshake of TLS, in the opening handshake, among messages.
  afterBytes: fc.oneof(
    fc.constantFrom(0, 1),
    fc.integer({ min: 2, max: 400 }),
    fc.integer({ min: 400, max: 3000 }),
    fc.integer({ min: 400, max: 100_000 }),
  ),
  stallMs: fc.constantFrom(5, 60, 250),
  pieceBytes: fc.oneof(
    { weight: 3, arbitrary: fc.constant(65_536) },
    { weight: 1, arbitrary: fc.constantFrom(20, 100, 1460) },
  ),
});

export const socketSchedule: fc.Arbitrary<Omit<SocketSchedule, 'seed'>> = fc
  .record({
    isTls: fc.boolean(),
    handles: fc.record({ client: fc.boolean(), server: fc.boolean() }),
    client: hurriedPart,
    server: hurriedPart,
    harms: fc.array(harm, { minLength: 1, maxLength: 4 }),
    stopsListeningAtMs: fc.oneof(
      { weight: 18, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.constant(30) },
    ),
    isLoop: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    patienceMs: fc.oneof(
      { weight: 9, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom(0, 5, 40) },
    ),
    incidents: fc.array(
      fc.record({
        atMs: fc.nat(150),
        // The network is the proxy's.
        what: fc.constantFrom(...INCIDENTS.filter((what) => !isOfNetwork(what))),
        side: fc.constantFrom(...SIDES),
      }),
      { maxLength: 3 },
    ),
    talkMs: fc.constantFrom(40, 150),
    isPatient: fc.boolean(),
  })
  .map((each) => ({
    ...each,
    harms: each.harms.map((harm): Harm => {
      // Plain TCP has no way to notice.
      const isUnseen = harm.what === 'corrupt' && !each.isTls;
      return { ...harm, what: isUnseen ? 'reset' : harm.what };
    }),
  }))
  // Where nobody vanishes, everything ends without a deadline.
  .map(({ isPatient, ...each }) => {
    if (!isPatient || each.harms.some(({ what }) => what === 'vanish')) return each;
    const unlimited = ({ options, ...part }: Part): Part => ({
      ...part,
      options: { ...options, closeTimeoutMs: null },
    });
    return { ...each, client: unlimited(each.client), server: unlimited(each.server) };
  });

function isOfNetwork(what: Incident['what']): boolean {
  return [...NETWORK_INCIDENTS, 'end'].includes(what);
}
