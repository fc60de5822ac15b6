import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { UsageError } from '#dist/cli/exit-code.js';
import { oneOf, optionsHelp, readOptions } from '#dist/cli/options.js';
import { parseCount } from '#dist/cli/quantities.js';

const OPTIONS = {
  count: { kind: 'value', short: 'c', placeholder: 'N', parse: parseCount, default: '64', help: 'How many.' },
  color: { kind: 'value', placeholder: 'NAME', parse: oneOf('red', 'green'), help: 'Which colour.' },
  header: { kind: 'values', short: 'H', placeholder: 'TEXT', parse: String, help: 'Something to add.' },
  json: { kind: 'flag', help: 'JSON instead of words, for programs that read what comes out of this one.' },
} as const;

const refuses = (args: readonly string[], message: string): void =>
  assert.throws(() => readOptions(OPTIONS, args), new UsageError(message));

suite('options', () => {
  test('have their defaults', () => {
    const { given, positionals } = readOptions(OPTIONS, []);
    assert.deepEqual(given, { count: 64, color: undefined, header: [], json: false });
    assert.deepEqual(positionals, []);
  });

  test('are read in all of their forms, between arguments', () => {
    const { given, positionals } = readOptions(OPTIONS, [
      'a',
      '-c',
      '3',
      '--color=red',
      '--json',
      '-Hx',
      '--header',
      'y',
      'b',
    ]);
    assert.deepEqual(given, { count: 3, color: 'red', header: ['x', 'y'], json: true });
    assert.deepEqual(positionals, ['a', 'b']);
  });

  test('end at --', () => {
    assert.deepEqual(readOptions(OPTIONS, ['--', '--json']).positionals, ['--json']);
  });

  test('that are unknown are refused, with the name that was meant', () => {
    refuses(['--cuont', '3'], 'unknown option --cuont; did you mean --count?');
    refuses(['--head', 'x'], 'unknown option --head; did you mean --header?');
    refuses(['--zzz'], 'unknown option --zzz');
    refuses(['-x'], 'unknown option -x');
    refuses(['--constructor'], 'unknown option --constructor');
  });

  test('with a value need one', () => refuses(['--count'], '--count needs a value: --count N'));
  test('without a value take none', () => refuses(['--json=yes'], '--json takes no value'));
  test('with one value have the last one', () => {
    assert.equal(readOptions(OPTIONS, ['-c', '1', '--count', '2']).given.count, 2);
  });

  test('say what is wrong with a value', () => {
    refuses(['-c', 'many'], '--count: "many" is not a whole number from 1 on');
    refuses(['--color', 'blue'], '--color: "blue" is none of red, green');
  });

  test('explain themselves in lines of 80 characters', () => {
    const help = optionsHelp(OPTIONS);
    assert.equal(
      help,
      [
        '  -c, --count N             How many (default: 64).',
        '      --color NAME          Which colour.',
        '  -H, --header TEXT         Something to add.',
        '      --json                JSON instead of words, for programs that read what',
        '                            comes out of this one.',
        '',
      ].join('\n'),
    );
  });
});
