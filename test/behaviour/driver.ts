// What a runtime has to bring so that the suite of behaviour can run on it: no tests here, one shape.
import type { RawPeer, RawServer } from '../support/raw-peer.ts';

type Library = typeof import('websockets-ts');

/** The library as a runtime has it, and sockets without the library. */
export interface Driver extends Pick<Library, 'connect' | 'serve' | 'unixConnect' | 'unixServe'> {
  /** A TCP connection to a server of the library. */
  readonly dial: (port: number) => Promise<RawPeer>;
  /** A TCP server for clients of the library. */
  readonly listen: () => Promise<RawServer>;
}
