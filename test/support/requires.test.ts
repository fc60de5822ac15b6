// What becomes of a test whose tool is missing, asked in processes of their own: the answer depends on the environment.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';

/** Evaluates an expression with `requires` and `commandOf` at hand, where only `env` is set. */
function evaluate(expression: string, env: Record<string, string>): { stdout: string; stderr: string } {
  const module = JSON.stringify(new URL('./requires.js', import.meta.url).href);
  const script = `import { requires, commandOf } from ${module}; process.stdout.write(String(${expression}));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    env,
    encoding: 'utf8',
  });
  return { stdout, stderr };
}

const nowhere = { PATH: '/nonexistent' };

suite('a tool that a test needs', () => {
  test('is the reason to skip when it is missing', () => {
    assert.equal(evaluate("requires('curl')", nowhere).stdout, 'curl is not installed');
  });

  test('is an error where CI is set', () => {
    assert.match(
      evaluate("requires('curl')", { ...nowhere, CI: 'true' }).stderr,
      /curl is not installed, and CI skips no test/,
    );
  });

  test('is no reason to skip when it works', () => {
    const itself = { ...nowhere, CURL: process.execPath, CI: 'true' }; // node answers --version too
    assert.equal(evaluate("requires('curl')", itself).stdout, 'false');
    assert.equal(evaluate("commandOf('curl')", itself).stdout, process.execPath);
  });

  test('has no command when it is missing', () => {
    assert.match(evaluate("commandOf('curl')", nowhere).stderr, /curl is not installed/);
  });
});
