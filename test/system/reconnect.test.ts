// A client that stays connected, for long and to servers that do not make it easy.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { ConnectionClosed, connect } from 'websockets-ts';
import { reconnects } from '../soak/reconnects.ts';
import { Program } from '../support/program.ts';

describe('a loop over connections', () => {
  test('leaves no socket, no timer, no listener and no memory behind in 1,000 cycles', async () => {
    const { met, failures, heapBytes } = await reconnects({ cycles: 1000 });
    assert.equal(Object.keys(met).length, 10, JSON.stringify(met));
    assert.ok(failures > 500, `${failures} failures`);
    // A connection that stays behind is 3 KB.
    const grown = heapBytes.at(-1)! - heapBytes[1]!;
    assert.ok(grown < 1_000_000, `heap: ${heapBytes.join(' ')}`);
  });

  test('survives a server process that is killed and started again', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    const start = (): Program => new Program('compliance/server.js', ['--host', '127.0.0.1', '--port', String(port)]);

    let echoes = 0;
    let server = start();
    try {
      const connections = connect(`ws://127.0.0.1:${port}/`, {
        reconnectDelays: function* () {
          for (;;) yield 20;
        },
      });
      for await (const connection of connections) {
        await connection.send(`${echoes}`);
        assert.equal(await connection.recv(), `${echoes}`);
        echoes += 1;
        if (echoes === 4) break;
        server.kill('SIGKILL');
        await assert.rejects(connection.recv(), ConnectionClosed);
        await server.ended();
        server = start();
      }
    } finally {
      await server[Symbol.asyncDispose]();
    }
    assert.equal(echoes, 4);
  });
});
