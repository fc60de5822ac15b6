// How examples are taken out of Markdown.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { examplesOf } from './readme.ts';

suite('examples in Markdown', () => {
  test('are the fenced blocks with a file name', () => {
    const markdown =
      '# A\n\n```ts server.ts\nconst a = 1;\n\nserve(a);\n```\n\ntext\n\n```ts client.ts\nconnect();\n```\n';
    assert.deepEqual(examplesOf(markdown), [
      { name: 'server.ts', language: 'ts', code: 'const a = 1;\n\nserve(a);\n' },
      { name: 'client.ts', language: 'ts', code: 'connect();\n' },
    ]);
  });

  test('are not the blocks without a name', () => {
    assert.deepEqual(examplesOf('```\nplain\n```\n```ts\nfragment\n```\n```sh\nnpm ci\n```\n'), []);
  });

  test('may hold shorter fences', () => {
    assert.deepEqual(examplesOf('````md page.md\n```ts\na\n```\n````\n'), [
      { name: 'page.md', language: 'md', code: '```ts\na\n```\n' },
    ]);
  });

  test('read the same with Windows line ends', () => {
    assert.deepEqual(examplesOf('```ts a.ts\r\nrun();\r\n```\r\n'), [
      { name: 'a.ts', language: 'ts', code: 'run();\n' },
    ]);
  });

  test('must end', () => {
    assert.throws(() => examplesOf('```ts a.ts\nrun();\n'), /`{3}ts a\.ts` has no end/);
  });
});
