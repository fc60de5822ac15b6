// Brings our end and a peer's end of one connection together, whoever of the two connects. Knows no scenario.
import {
  type Connection,
  type ConnectOptions,
  connect,
  type ServeOptions,
  type Server,
  type ServerConnection,
  serve,
} from '../support/websockets.ts';
import { ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory } from '../support/websockets-extensions.ts';
import type { Carrier, PeerEnd, RunningPeer, Settings, Target } from './peer.ts';
import { placeOf, type Site, targetOf } from './site.ts';
import { type Tap, tap } from './tap.ts';

export const DIRECTIONS = ['our server', 'our client'] as const;
/** Which side of the connection is ours. */
export type Direction = (typeof DIRECTIONS)[number];

export interface Arrangement {
  readonly direction: Direction;
  readonly carrier: Carrier;
  readonly ours: Settings;
  readonly theirs: Settings;
  /** Whether to count the bytes; over IPv4 only. */
  readonly isTapped: boolean;
}

/** Both ends of one connection. Disposing of it leaves nothing behind, however the connection fares. */
export interface Meeting extends AsyncDisposable {
  readonly direction: Direction;
  readonly ours: Connection;
  readonly theirs: PeerEnd;
  /** Null unless the arrangement asks for it. */
  readonly tap: Tap | null;
}

export async function meet(peer: RunningPeer, site: Site, arrangement: Arrangement): Promise<Meeting> {
  const endings: Endings = [];
  const endAll = async (): Promise<void> => {
    for (const end of endings.splice(0).reverse()) await end();
  };
  try {
    const ends = await (arrangement.direction === 'our server'
      ? meetAtOurs(peer, site, arrangement, endings)
      : meetAtTheirs(peer, site, arrangement, endings));
    return { ...ends, direction: arrangement.direction, [Symbol.asyncDispose]: endAll };
  } catch (error) {
    await endAll();
    throw error;
  }
}

/** What has to be ended, in the order in which it began. */
type Endings = (() => Promise<void>)[];

type Ends = Pick<Meeting, 'ours' | 'theirs' | 'tap'>;

async function meetAtOurs(
  peer: RunningPeer,
  site: Site,
  { carrier, ours, theirs, isTapped }: Arrangement,
  endings: Endings,
): Promise<Ends> {
  let arrive!: (connection: ServerConnection) => void;
  const arrived = new Promise<ServerConnection>((resolve) => {
    arrive = resolve;
  });
  const place = placeOf(carrier, site);
  const options: ServeOptions = {
    ...place,
    ...commonOptions(ours),
    ...(ours.compression && { extensions: [new ServerPerMessageDeflateFactory(ours.compression)] }),
    ...(carrier === 'TLS' && { tls: site.identity }),
  };
  const server = await serve((connection: ServerConnection) => {
    arrive(connection);
    return connection.closed;
  }, options);
  endings.push(() => stop(server));
  const reached = await tapped(targetOf(carrier, 'path' in place ? place.path : portOf(server)), isTapped, endings);
  const end = await peer.connect(reached.target, theirs);
  return { ours: await arrived, theirs: end, tap: reached.tap };
}

async function meetAtTheirs(
  peer: RunningPeer,
  site: Site,
  { carrier, ours, theirs, isTapped }: Arrangement,
  endings: Endings,
): Promise<Ends> {
  let arrive!: (end: PeerEnd) => void;
  const arrived = new Promise<PeerEnd>((resolve) => {
    arrive = resolve;
  });
  const server = await peer.serve!(carrier, theirs, arrive);
  endings.push(async () => server[Symbol.asyncDispose]());
  const { target, tap } = await tapped(server.target, isTapped, endings);
  const options: ConnectOptions = {
    ...commonOptions(ours),
    ...(ours.compression && { extensions: [new ClientPerMessageDeflateFactory(ours.compression)] }),
    ...(target.socketPath !== undefined && { path: target.socketPath }),
    ...(carrier === 'TLS' && { tls: { ca: site.ca } }),
  };
  const connection = await connect(target.url, options);
  endings.push(async () => connection.abort());
  return { ours: connection, theirs: await arrived, tap };
}

const commonOptions = ({ subprotocols, maxMessageBytes, compression }: Settings) => ({
  pingIntervalMs: null,
  // The scenarios look at what is compressed, however short it is.
  compressionThreshold: 0,
  ...(subprotocols && { subprotocols }),
  ...(maxMessageBytes !== undefined && { maxSize: maxMessageBytes }),
  ...(compression === null && { compression }),
});

async function tapped(
  target: Target,
  isTapped: boolean,
  endings: Endings,
): Promise<{ readonly target: Target; readonly tap: Tap | null }> {
  if (!isTapped) return { target, tap: null };
  const between = await tap(target);
  endings.push(async () => between[Symbol.asyncDispose]());
  return { target: between.target, tap: between };
}

const portOf = (server: Server): number => Number(server.addresses[0]![1]);

/** Ends a server, whatever its connections are doing. */
async function stop(server: Server): Promise<void> {
  for (const connection of server.connections) connection.abort();
  server.close();
  await server.waitClosed();
}
