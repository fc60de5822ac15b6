// Bytes on loan to a whole connection: whatever road messages take to the user, and however long they wait, they are his own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ConnectionClosed, type Data } from 'websockets-ts';
import { settled } from 'websockets-ts/testing';
import { Side } from '#dist/core/state.js';
import { conversation, cuts, deflateOf, lend, reads, type Spoken, wireOf } from '../support/lent-wire.js';
import { OpenConnection, type OpenOptions } from '../support/open-connection.js';

const memory = new Uint8Array(65_536);

const said = (messages: readonly Spoken[]): unknown[] =>
  messages.map(({ isText, fragments }) => {
    const text = fragments.join('');
    return isText ? text : Uint8Array.from(Buffer.from(text));
  });

function open(isCompressed: boolean, options: OpenOptions): OpenConnection {
  const connection = OpenConnection.make(options);
  if (isCompressed) connection.protocol.extensions = [deflateOf(Side.SERVER)];
  return connection;
}

/** Lends read after read while the connection wants them, then lets the transport end. */
async function deliver({ transport }: OpenConnection, parts: readonly Uint8Array[], waits: boolean): Promise<void> {
  for (const part of parts) {
    while (transport.isPaused) await settled();
    lend(memory, part, (bytes, end) => transport.sink!.onData(bytes, end));
    if (waits) await settled();
  }
  transport.sink!.onEnd();
  transport.sink!.onClose(null);
}

const COMPRESSED = [
  ['plain', false],
  ['compressed', true],
] as const;

describe('messages that were lent', () => {
  for (const [how, isCompressed] of COMPRESSED) {
    for (const serial of [false, true]) {
      const road = serial ? 'direct handlers that are awaited' : 'direct handlers';
      test(`belong to ${road}, ${how}`, async () => {
        const run = fc.asyncProperty(conversation, cuts, fc.boolean(), async (messages, places, waits) => {
          // Looked at when all is over: by then everything that was not copied is garbage.
          const received: Data[] = [];
          await new Promise<void>((resolve, reject) => {
            const handlers = {
              message: (_: unknown, data: Data) => {
                received.push(data);
                return serial && received.length % 3 > 0 ? settled() : undefined;
              },
              close: () => resolve(),
            };
            const connection = open(isCompressed, { handlers, serial });
            const parts = reads(wireOf(Side.SERVER, messages, isCompressed), places);
            deliver(connection, parts, waits).catch(reject);
          });
          assert.deepEqual(received, said(messages));
        });
        await fc.assert(run, { numRuns: 40 });
      });
    }

    test(`belong to readers, however slowly they read, ${how}`, async () => {
      const ways = fc.array(fc.constantFrom<Way>('recv', 'stream', 'iterate', 'wait', 'wait'), {
        minLength: 1,
        maxLength: 10,
      });
      const run = fc.asyncProperty(
        conversation,
        cuts,
        fc.boolean(),
        ways,
        fc.boolean(),
        async (messages, places, waits, ways, validateUtf8) => {
          const connection = open(isCompressed, { maxQueue: [2, 1], validateUtf8 });
          const parts = reads(wireOf(Side.SERVER, messages, isCompressed), places);
          const [received] = await Promise.all([readAll(connection, ways), deliver(connection, parts, waits)]);
          assert.deepEqual(received.map(joined), said(messages));
        },
      );
      await fc.assert(run, { numRuns: 40 });
    });
  }
});

/** How the next message is asked for. */
type Way = 'recv' | 'stream' | 'iterate' | 'wait';

/** Every message in its pieces. */
async function readAll(connection: OpenConnection, ways: readonly Way[]): Promise<Data[][]> {
  const received: Data[][] = [];
  const iterator = connection[Symbol.asyncIterator]();
  try {
    for (let i = 0; ; i++) {
      const way = ways.every((each) => each === 'wait') ? 'recv' : ways[i % ways.length]!;
      if (way === 'wait') {
        await settled();
      } else if (way === 'recv') {
        received.push([await connection.recv()]);
      } else if (way === 'iterate') {
        const { value } = await iterator.next();
        if (value === undefined) return received;
        received.push([value]);
      } else {
        const pieces: Data[] = [];
        for await (const piece of connection.recvStreaming()) pieces.push(piece);
        received.push(pieces);
      }
    }
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
    return received;
  }
}

function joined(pieces: readonly Data[]): Data {
  if (typeof pieces[0] === 'string') return pieces.join('');
  return Uint8Array.from(Buffer.concat(pieces as readonly Uint8Array[]));
}
