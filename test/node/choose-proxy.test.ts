// The environment as a process finds it at its start: asked in a process of its own.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What a process with these variables takes for `wss`, before and after it has changed them. */
async function found(env: Readonly<Record<string, string>>): Promise<unknown> {
  const module = JSON.stringify(new URL('../../../dist/client.js', import.meta.url).href);
  const script = `
    import { getProxy } from ${module};
    const before = getProxy('wss://h/');
    process.env.HTTPS_PROXY = 'later';
    console.log(JSON.stringify([before, getProxy('wss://h/')]));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env,
  });
  return JSON.parse(stdout);
}

test('variables count in every case of their names, with the values that they have now', async () => {
  assert.deepEqual(await found({}), [null, 'later']);
  assert.deepEqual(await found({ Wss_Proxy: 'mixed' }), ['mixed', 'mixed']);
  assert.deepEqual(await found({ https_proxy: 'lower' }), ['lower', 'lower']);
});
