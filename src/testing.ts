// The entry `websockets-ts/testing`: connections, a server, a network and a clock in memory, for tests of what is built on the package.
export { FakeClock } from './testing/fake-clock.ts';
export { type Faults, randomFaults } from './testing/faults.ts';
export { forEachSeed, type SeedOptions } from './testing/for-each-seed.ts';
export type { TestConnectOptions, TestHost } from './testing/memory-host.ts';
export { type Direction, Network, type NetworkOptions } from './testing/network.ts';
export { type Pair, type PairOptions, pair } from './testing/pair.ts';
export { Random } from './testing/random.ts';
export { RawPeer } from './testing/raw-peer.ts';
export { type RawServer, rawServer } from './testing/raw-server.ts';
export { type TestServer, type TestServerOptions, testServer } from './testing/test-server.ts';
export { settled } from './testing/turns.ts';
