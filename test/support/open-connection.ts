// A connection that is open from the start, over a transport in memory and with a clock that the test turns. No handshake.

import { FakeClock } from 'websockets-ts/testing';
import { Connection, type ConnectionOptions } from '#dist/connection/connection.js';
import { type CommonConnectionOptions, connectionSettings } from '#dist/connection/connection-settings.js';
import type { DirectHandlers } from '#dist/connection/handlers.js';
import { FlushQueue } from '#dist/connection/write-batch.js';
import type { Logger } from '#dist/core/logger.js';
import { Protocol } from '#dist/core/protocol.js';
import { Side } from '#dist/core/state.js';
import { nodeRuntime } from '#dist/node/runtime.js';
import { encodeFrame, type Frame } from '../conformance/wire.ts';
import { FakeTransport } from './fake-transport.ts';

/** What a test may choose. */
export interface OpenOptions extends CommonConnectionOptions {
  readonly handlers?: DirectHandlers<Connection>;
  readonly logger?: Logger;
  /** The first of the random numbers; the others count on from it. Default 0. */
  readonly mask?: number;
}

/** A server's connection: its peer masks. */
export class OpenConnection extends Connection {
  readonly transport: FakeTransport;
  readonly clock: FakeClock;

  static make({ handlers, logger, mask = 0, ...options }: OpenOptions = {}): OpenConnection {
    const clock = new FakeClock();
    const transport = new FakeTransport();
    let masks = mask;
    const runtime = {
      ...nodeRuntime,
      // No chance: 0 lets the first ping come at the end of the interval; then each has another payload.
      host: { ...nodeRuntime.host, nextMask: () => masks++ },
      clock: clock.wheel,
      flushQueue: new FlushQueue((callback) => process.nextTick(callback)),
    };
    const settings = connectionSettings(options, 1_048_576);
    const { host } = runtime;
    const protocol = new Protocol(Side.SERVER, { host, validateUtf8: settings.validatesUtf8, logger });
    return new OpenConnection(protocol, { runtime, transport, settings, handlers }, transport, clock);
  }

  constructor(protocol: Protocol, options: ConnectionOptions, transport: FakeTransport, clock: FakeClock) {
    super(protocol, options);
    this.transport = transport;
    this.clock = clock;
    this.onOpen();
  }

  /** Frames of the peer arrive in one read. */
  receive(...frames: readonly Frame[]): void {
    this.receiveBytes(Buffer.concat(frames.map((frame) => encodeFrame(frame, 'client'))));
  }

  /** Bytes of the peer arrive in one read. They have a buffer for themselves, as those of Node's sockets have. */
  receiveBytes(bytes: Uint8Array): void {
    this.transport.sink?.onData(Uint8Array.from(bytes));
  }

  protected override onHandshake(): void {}
}
