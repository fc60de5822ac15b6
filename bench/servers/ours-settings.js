// The settings of both servers that use this library.
import { HOST } from './common.js';

/** Everything as it is by default, but compression only where it is asked for. */
export const settings = ({ isCompressed, tlsFiles }) => ({
  host: HOST,
  ...(isCompressed ? {} : { compression: null }),
  ...(tlsFiles && { tls: tlsFiles }),
  // A load ends without a close frame. That is no news here.
  logger: { debug() {}, info() {}, warn() {}, error() {}, isEnabled: () => false },
});
