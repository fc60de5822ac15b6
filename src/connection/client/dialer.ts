// How a client gets to servers: what the runtime does for it. No code, only shapes.
import type { WebSocketURI } from '../../core/uri.ts';
import type { Transport } from '../transport.ts';

/** What stands fast about the way to a server, whatever the URI says. Error messages say it in these words. */
export type FixedRoute = 'a preexisting socket' | 'a Unix socket' | 'an explicit host or port';

/** Opens transports for a client. */
export interface Dialer {
  /** Null: the URI alone says where to go. */
  readonly fixed: FixedRoute | null;
  /** Opens a transport to the server. Aborting the signal gives up and leaves nothing behind. */
  open(uri: WebSocketURI, signal: AbortSignal): Promise<Transport>;
  /** Where that will go, for `serializeConnects`: two texts are equal when the addresses are. */
  addressOf(uri: WebSocketURI): string;
}
