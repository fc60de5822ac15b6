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

test('where names know no case, HTTP_PROXY of a CGI program is ignored all the same', async () => {
  const module = JSON.stringify(new URL('../../../dist/client.js', import.meta.url).href);
  // As Windows does it: any spelling finds the variable.
  const script = `
    const variables = { HTTP_PROXY: 'http://evil', REQUEST_METHOD: 'GET' };
    Object.defineProperty(process, 'platform', { value: 'win32' });
    Object.defineProperty(process, 'env', { value: new Proxy(variables, {
      get: (target, name) => target[String(name).toUpperCase()],
    }) });
    const { getProxy } = await import(${module});
    const inCgi = getProxy('ws://h/');
    delete variables.REQUEST_METHOD;
    console.log(JSON.stringify([inCgi, getProxy('ws://h/')]));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: {},
  });
  assert.deepEqual(JSON.parse(stdout), [null, 'http://evil']);
});
