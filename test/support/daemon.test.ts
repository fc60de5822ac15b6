// Daemons as tests start them, with Node in the part of the daemon.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { suite, test } from 'node:test';
import { freePort, startDaemon, TemporaryFolder } from './daemon.ts';

const listener = (port: number): string => `require('node:net').createServer().listen(${port}, '127.0.0.1')`;

suite('a daemon', () => {
  test('is ready when it listens, and gone after its block', async () => {
    const port = await freePort();
    for (let run = 0; run < 2; run++) {
      await using daemon = await startDaemon(process.execPath, ['-e', listener(port)], { readyPort: port });
      assert.equal(daemon.output, '');
    }
  });

  test('is ready when it says so', async () => {
    const say = 'console.log("here I am"); setInterval(() => {}, 1000)';
    await using daemon = await startDaemon(process.execPath, ['-e', say], { readyPattern: /here/ });
    assert.equal(daemon.output, 'here I am\n');
  });

  test('that ends at once fails with what it said', async () => {
    const fail = 'console.error("bad configuration"); process.exit(3)';
    for (const ready of [{ readyPort: await freePort() }, { readyPattern: /here/ }]) {
      await assert.rejects(startDaemon(process.execPath, ['-e', fail], ready), /bad configuration/);
    }
  });

  test('has a folder that goes with its block', async () => {
    let path: string;
    {
      await using folder = await TemporaryFolder.make();
      path = await folder.write('file', 'text');
      assert.ok(existsSync(path));
    }
    assert.ok(!existsSync(path));
  });
});
