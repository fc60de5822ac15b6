// Two protocols that talk over a random wire: whatever they say and wherever the wire breaks, it ends well.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvalidState, ProtocolError } from '#dist/core/exceptions/protocol-errors.js';
import { Opcode } from '#dist/core/opcode.js';
import { Protocol } from '#dist/core/protocol.js';
import { Side, State } from '#dist/core/state.js';
import { fakeHost } from '../support/fake-host.js';
import { dataFrameText, finish, WireEnd } from '../support/random-wire.js';

const payload = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', '\u00ff'), maxLength: 8 }) },
  { weight: 1, arbitrary: fc.constantFrom(120, 125, 126, 130, 300).map((length) => 'x'.repeat(length)) },
);
const closeCode = fc.constantFrom(undefined, 1000, 1001, 1002, 1005, 1006, 1011, 3000, 4999, 999, 5000);
const reason = fc.constantFrom('', 'bye', 'r'.repeat(123), 'r'.repeat(124), '€'.repeat(42));

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver' as const), count: fc.nat(40) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('text', 'binary', 'continuation' as const),
      payload,
      fin: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('ping', 'pong' as const), payload }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('close', 'fail' as const), code: closeCode, reason }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const script = fc.array(fc.tuple(fc.boolean(), step), { maxLength: 60 });

/** One of the two who talk, with what it got rid of. */
class Talker {
  readonly end: WireEnd;
  readonly sentData: string[] = [];
  readonly sentPings: string[] = [];
  hasFailed = false;

  constructor(side: Side) {
    this.end = new WireEnd(new Protocol(side, { host: fakeHost(), maxSize: null }));
  }

  act(step: Exclude<Step, { do: 'deliver' }>): void {
    const { protocol } = this.end;
    try {
      switch (step.do) {
        case 'text':
        case 'binary':
        case 'continuation': {
          const data = Buffer.from(step.payload, 'latin1');
          if (step.do === 'text') protocol.sendText(data, step.fin);
          else if (step.do === 'binary') protocol.sendBinary(data, step.fin);
          else protocol.sendContinuation(data, step.fin);
          const opcode = { text: Opcode.TEXT, binary: Opcode.BINARY, continuation: Opcode.CONT }[step.do];
          this.sentData.push(dataFrameText(opcode, step.fin, step.payload));
          break;
        }
        case 'ping':
          protocol.sendPing(Buffer.from(step.payload, 'latin1'));
          // Behind our close frame the peer drops it.
          if (protocol.state === State.OPEN) this.sentPings.push(step.payload);
          break;
        case 'pong':
          protocol.sendPong(Buffer.from(step.payload, 'latin1'));
          break;
        case 'close':
          protocol.sendClose(step.code, step.reason);
          break;
        case 'fail':
          protocol.fail(step.code ?? 1011, step.reason);
          this.hasFailed = true;
          break;
      }
    } catch (error) {
      assert.ok(error instanceof ProtocolError || error instanceof InvalidState, String(error));
    }
    // An owner writes nothing behind the half-close: what a protocol still says then is lost.
    this.end.settle();
  }
}

/** What holds for what one said and the other heard, wherever the wire broke. */
function assertHeard(speaker: Talker, listener: Talker): void {
  const heard = listener.end.receivedData;
  assert.deepEqual(heard, speaker.sentData.slice(0, heard.length), 'in order, without holes');
  const { closeRcvd } = listener.end.protocol;
  if (closeRcvd === null) return;
  const { closeSent } = speaker.end.protocol;
  assert.deepEqual({ ...closeRcvd }, { ...closeSent }, 'what one sent is what the other received');
  assert.equal(heard.length, speaker.sentData.length, 'complete up to the close frame');
}

function assertOver({ end }: Talker): void {
  const { protocol } = end;
  assert.equal(protocol.state, State.CLOSED);
  assert.equal(end.markers, 1, 'the half-close comes exactly once');
  assert.equal(protocol.closeExpected(), false);
  assert.equal(protocol.closeCode, protocol.closeRcvd?.code ?? 1006);
  assert.match(protocol.closeExc.name, /^ConnectionClosed(OK|Error)$/);
}

function play(steps: readonly (readonly [byClient: boolean, step: Step])[]): [client: Talker, server: Talker] {
  const client = new Talker(Side.CLIENT);
  const server = new Talker(Side.SERVER);
  for (const [byClient, step] of steps) {
    const [self, other] = byClient ? [client, server] : [server, client];
    if (step.do === 'deliver') self.end.deliver(other.end, step.count);
    else self.act(step);
  }
  return [client, server];
}

test('a conversation over a wire that holds ends with codes that agree', () => {
  fc.assert(
    fc.property(script, (steps) => {
      const [client, server] = play(steps);
      finish(client.end, server.end);
      for (const talker of [client, server]) assertOver(talker);
      assertHeard(client, server);
      assertHeard(server, client);
      if (client.hasFailed || server.hasFailed) return;
      const incomplete = client.end.protocol.parserExc ?? server.end.protocol.parserExc;
      if (incomplete !== null) {
        assert.equal(incomplete.message, 'incomplete fragmented message');
        return;
      }
      for (const [speaker, listener] of [
        [client, server],
        [server, client],
      ] as const) {
        assert.notEqual(listener.end.protocol.closeRcvd, null);
        assert.deepEqual(listener.end.receivedPings, speaker.sentPings);
      }
    }),
    { numRuns: 400 },
  );
});

test('a conversation over a wire that breaks anywhere ends as well', () => {
  fc.assert(
    fc.property(script, fc.boolean(), (steps, clientFirst) => {
      const [client, server] = play(steps);
      for (const { end } of clientFirst ? [client, server] : [server, client]) end.break();
      for (const talker of [client, server]) assertOver(talker);
      assertHeard(client, server);
      assertHeard(server, client);
    }),
    { numRuns: 400 },
  );
});

test('every ping is answered in order as long as nobody closes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(payload, fc.nat(40)), { maxLength: 20 }), (pings) => {
      const client = new Talker(Side.CLIENT);
      const server = new Talker(Side.SERVER);
      for (const [text, count] of pings) {
        client.act({ do: 'ping', payload: text });
        client.end.deliver(server.end, count);
        server.end.deliver(client.end, count);
      }
      finish(client.end, server.end);
      assert.deepEqual(server.end.receivedPings, client.sentPings);
      assert.deepEqual(client.end.receivedPongs, client.sentPings);
    }),
    { numRuns: 100 },
  );
});
