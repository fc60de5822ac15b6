// What the bench can do: a row for each mode, with its lane and the words for its report.
import { ConnectLane } from './connect-lane.ts';
import { EchoLane } from './echo-lane.ts';
import type { Lane, LaneOptions } from './lane.ts';
import { PingLane } from './ping-lane.ts';
import { SendLane } from './send-lane.ts';

/** A kind of work. */
export interface Mode {
  readonly name: 'echo' | 'send' | 'ping' | 'connect';
  readonly Lane: new (options: LaneOptions) => Lane;
  /** What is counted. */
  readonly noun: string;
  /** What the latency is that of. */
  readonly timed: string;
  /** How many times the message goes out and comes back in one operation. */
  readonly copiesOut: number;
  readonly copiesIn: number;
  /** What to tell when no answer comes. */
  readonly silence: string;
}

export const MODES: Readonly<Record<Mode['name'], Mode>> = {
  echo: {
    name: 'echo',
    Lane: EchoLane,
    noun: 'messages',
    timed: 'from sending a message to its echo',
    copiesOut: 1,
    copiesIn: 1,
    silence:
      'A server that sends each message back is expected. To measure only how fast it takes messages: --mode send; ' +
      'how fast it answers pings: --ping; how fast it accepts connections: --mode connect.',
  },
  send: {
    name: 'send',
    Lane: SendLane,
    noun: 'messages',
    timed: 'until there was room for the next message',
    copiesOut: 1,
    copiesIn: 0,
    silence: 'The server does not read what is sent to it.',
  },
  ping: {
    name: 'ping',
    Lane: PingLane,
    noun: 'pings',
    timed: 'from ping to pong',
    copiesOut: 0,
    copiesIn: 0,
    silence: 'The server answers no pings, though RFC 6455 asks every server to.',
  },
  connect: {
    name: 'connect',
    Lane: ConnectLane,
    noun: 'handshakes',
    timed: 'of the opening handshake, TCP included',
    copiesOut: 0,
    copiesIn: 0,
    silence: 'The server accepts no more connections, or does not end those that are closed.',
  },
};
