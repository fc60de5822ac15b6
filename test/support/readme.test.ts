// How examples are taken out of Markdown.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Example, examplesOf, runsOf } from './readme.ts';

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

suite('examples that run together', () => {
  const named = (...names: string[]): Example[] => names.map((name) => ({ name, language: 'ts', code: '' }));
  const runs = (...names: string[]): string[] =>
    runsOf(named(...names)).map(({ server, others }) => [server, ...others].map((each) => each?.name ?? '-').join(' '));

  test('are a server and the clients of its name, and the first server and all that have none of their name', () => {
    assert.deepEqual(runs('server.ts', 'client.ts', 'chat-server.ts', 'chat-client.ts', 'json-client.ts', 'app.ts'), [
      'server.ts client.ts json-client.ts app.ts',
      'chat-server.ts chat-client.ts',
    ]);
    assert.deepEqual(runs('a-server.ts', 'b-client.ts', 'b-server.ts'), ['a-server.ts', 'b-server.ts b-client.ts']);
  });

  test('need no server', () => {
    assert.deepEqual(runs('app.ts', 'other.ts'), ['- app.ts other.ts']);
    assert.deepEqual(runs(), []);
  });
});
