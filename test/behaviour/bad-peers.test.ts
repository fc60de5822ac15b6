// Peers that break rules, stop in the middle or vanish: always a typed error, never the end of the process.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  ConnectionClosed,
  ConnectionClosedError,
  EndOfStreamError,
  PayloadTooBig,
  ProtocolError,
  Response,
  type ServerConnection,
} from 'websockets-ts';
import { BINARY, CONTINUATION, type Frame, PING, TEXT } from '../conformance/wire.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import type { RawPeer } from '../support/raw-peer.ts';
import { driver, echo, isPending, meet, rejection, SIDES, serving } from './meet.ts';

const accidents: unknown[] = [];
const note = (error: unknown): void => {
  accidents.push(error);
};

before(() => {
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
});

after(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
  assert.deepEqual(accidents, []);
});

/** Frames that break a rule, and what both ends hear. */
const VIOLATIONS: readonly {
  title: string;
  frames: readonly Frame[];
  close: string;
  cause: (error: unknown) => boolean;
}[] = [
  {
    title: 'an opcode that does not exist',
    frames: [{ opcode: 3 }],
    close: '1002 invalid opcode',
    cause: (error) => error instanceof ProtocolError && error.code === 'INVALID_OPCODE',
  },
  {
    title: 'the wrong masking',
    frames: [{ opcode: TEXT, mask: 'wrong' }],
    close: '1002 incorrect masking',
    cause: (error) => error instanceof ProtocolError,
  },
  {
    title: 'a reserved bit',
    frames: [{ opcode: TEXT, rsv: 1 }],
    close: '1002 reserved bits must be 0',
    cause: (error) => error instanceof ProtocolError,
  },
  {
    title: 'a continuation of nothing',
    frames: [{ opcode: CONTINUATION }],
    close: '1002 unexpected continuation frame',
    cause: (error) => error instanceof ProtocolError,
  },
  {
    title: 'a message inside a message',
    frames: [{ opcode: TEXT, fin: false }, { opcode: TEXT }],
    close: '1002 expected a continuation frame',
    cause: (error) => error instanceof ProtocolError,
  },
  {
    title: 'a ping in fragments',
    frames: [{ opcode: PING, fin: false }],
    close: '1002 fragmented control frame',
    cause: (error) => error instanceof ProtocolError,
  },
  {
    title: 'a message that is too long, by its header alone',
    frames: [{ opcode: BINARY, announced: 1_048_577n, lengthBits: 64, writeOnly: 10 }],
    close: '1009 frame with 1048577 bytes exceeds limit of 1048576 bytes',
    cause: (error) => error instanceof PayloadTooBig,
  },
  {
    title: 'a length of 2^62',
    frames: [{ opcode: BINARY, announced: 1n << 62n, lengthBits: 64, writeOnly: 10 }],
    close: '1009 frame with 4611686018427387904 bytes exceeds limit of 1048576 bytes',
    cause: (error) => error instanceof PayloadTooBig,
  },
  {
    title: 'fragments that are too long together',
    frames: [
      { opcode: BINARY, payload: new Uint8Array(1_048_000), fin: false },
      { opcode: CONTINUATION, payload: new Uint8Array(1000) },
    ],
    close: '1009 frame with 1000 bytes after reading 1048000 bytes exceeds limit of 1048576 bytes',
    cause: (error) => error instanceof PayloadTooBig,
  },
  {
    title: 'a close frame of one byte',
    frames: [{ opcode: 8, payload: 'x' }],
    close: '1002 close frame too short',
    cause: (error) => error instanceof ProtocolError,
  },
];

for (const side of SIDES) {
  describe(`a ${side} whose peer`, () => {
    for (const { title, frames, close, cause } of VIOLATIONS) {
      test(`sends ${title} closes with ${close.slice(0, 4)}, and its user hears why`, async () => {
        await using m = await meet(side);
        const message = rejection(m.connection.recv());
        m.peer.send(...frames);
        assert.equal(await m.peer.closeFrame(), close);
        m.peer.socket.end();
        const error = await message;
        assert.ok(error instanceof ConnectionClosedError);
        assert.ok(cause(error.cause), String(error.cause));
      });
    }

    test('sends only noise closes, and drops the rest of it unread', async () => {
      await using m = await meet(side);
      m.peer.socket.write(Buffer.alloc(200_000, 0xff));
      assert.match(await m.peer.closeFrame(), /^1002 /);
      m.peer.socket.write(Buffer.alloc(200_000, 0xff));
      m.peer.socket.end();
      await m.connection.closed;
    });

    for (const [title, writeOnly] of [
      ['before a frame', 0],
      ['inside a header', 1],
      ['inside an extended length', 3],
      ['inside a payload', 100],
    ] as const) {
      for (const [how, end] of [
        ['ends TCP', (peer: RawPeer) => peer.socket.end()],
        ['resets TCP', (peer: RawPeer) => peer.socket.resetAndDestroy()],
      ] as const) {
        test(`${how} ${title} gets it told as ConnectionClosedError`, async () => {
          await using m = await meet(side);
          const message = rejection(m.connection.recv());
          const { pong } = await m.connection.ping();
          if (writeOnly > 0) m.peer.send({ opcode: BINARY, payload: new Uint8Array(300), writeOnly });
          end(m.peer);
          const error = await message;
          assert.ok(error instanceof ConnectionClosedError);
          assert.equal(error.message, 'no close frame received or sent');
          if (how === 'ends TCP') assert.ok(error.cause instanceof EndOfStreamError);
          assert.ok((await rejection(pong)) instanceof ConnectionClosedError);
          assert.ok((await rejection(m.connection.send('x'))) instanceof ConnectionClosedError);
          assert.equal(m.connection.closeCode, 1006);
        });
      }
    }

    test('goes on sending after its close frame is not listened to', async () => {
      await using m = await meet(side);
      m.peer.sendClose(1000);
      m.peer.send({ opcode: TEXT, payload: 'late' }, { opcode: 3 });
      await m.peer.finishClosing();
      await m.connection.closed;
      assert.equal(m.connection.closeCode, 1000);
      assert.equal((await rejection(m.connection.recv())).name, 'ConnectionClosedOK');
    });

    test('vanishes while a large message is on its way gets it told as ConnectionClosedError', async () => {
      await using m = await meet(side);
      const sent = m.connection.send(new Uint8Array(32 * 1024 * 1024));
      assert.equal(await isPending(sent), true);
      await m.peer.link.take(1);
      m.peer.socket.resetAndDestroy();
      assert.ok((await rejection(sent)) instanceof ConnectionClosedError);
    });

    test('closes and reads no more while a large message is on its way ends in time', async () => {
      await using m = await meet(side, { closeTimeoutMs: 50 });
      m.peer.socket.pause();
      const sent = rejection(m.connection.send(new Uint8Array(32 * 1024 * 1024)));
      m.peer.sendClose(1000);
      const error = await sent;
      assert.ok(error instanceof ConnectionClosed);
      assert.equal(String(error.cause), 'TimeoutError: timed out while closing connection');
    });

    test('sends the same close frame twice is no trouble', async () => {
      await using m = await meet(side);
      m.peer.sendClose(1000);
      m.peer.sendClose(1000);
      await m.peer.finishClosing();
      await m.connection.closed;
      assert.equal(m.connection.closeCode, 1000);
    });
  });
}

describe('a server whose client stops before it is one', () => {
  const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n';

  for (const [title, text] of [
    ['after connecting', ''],
    ['inside the request line', 'GET / HT'],
    ['inside the headers', REQUEST],
    ['after garbage', '\0\xff nonsense\r\n\r\n'],
    ['after a TLS greeting', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'],
    ['after a line without end', `GET /${'x'.repeat(100_000)}`],
    ['after headers without end', REQUEST + 'a: b\r\n'.repeat(1000)],
    ['after a request with a body', `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello`],
  ] as const) {
    for (const how of ['end', 'resetAndDestroy', 'destroy'] as const) {
      test(`goes on: ${how} ${title}`, async () => {
        const logger = new LogRecorder('error');
        let handled = 0;
        await using s = await serving(
          (connection: ServerConnection) => {
            handled++;
            return echo(connection);
          },
          { logger },
        );
        const peer = await driver.dial(s.port);
        if (text !== '') await new Promise((resolve) => peer.socket.write(text, 'latin1', resolve));
        peer.socket[how]();
        await peer.ended();
        peer.destroy();
        await using client = await driver.connect(s.url);
        await client.send('x');
        assert.equal(await client.recv(), 'x');
        assert.equal(handled, 1);
        assert.deepEqual(logger.lines, []);
      });
    }
  }

  test('goes on when a hook answers a client that is gone', async () => {
    await using s = await serving(echo, {
      processRequest: async (connection) => {
        connection.abort();
        await connection.closed;
        return new Response(200, 'OK', []);
      },
    });
    const peer = await driver.dial(s.port);
    peer.socket.write(peer.request());
    await peer.ended();
    peer.destroy();
  });
});
