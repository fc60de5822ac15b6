import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { version } from 'websockets-ts';
import { runProgram } from '#dist/cli/program.js';
import { FakeTerminal } from './fake-terminal.ts';

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = new FakeTerminal();
  const code = await runProgram(args, terminal);
  return { code, out: terminal.out.text, err: terminal.err.text };
}

suite('the program', () => {
  test('without a command tells what there is, as a mistake', async () => {
    const { code, out, err } = await run();
    assert.equal(code, 2);
    assert.equal(out, '');
    assert.match(err, /^Usage: websockets COMMAND/);
    assert.match(err, /^ {2}bench /m);
  });

  for (const option of ['--help', '-h']) {
    test(`tells with ${option} what there is, on the output`, async () => {
      const { code, out, err } = await run(option);
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /^Usage: websockets COMMAND/);
    });

    test(`tells with ${option} after a command how to use it, whatever else is there`, async () => {
      const { code, out, err } = await run('bench', '--nonsense', option);
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /^Usage: websockets bench \[options\] URI\n/);
      assert.match(out, /^ {2}-c, --connections N /m);
      for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
    });
  }

  for (const option of ['--version', '-V']) {
    test(`prints its version with ${option}`, async () => {
      assert.deepEqual(await run(option), { code: 0, out: `${version}\n`, err: '' });
    });
  }

  test('refuses a command that it does not know', async () => {
    assert.deepEqual(await run('bnch', 'ws://localhost'), {
      code: 2,
      out: '',
      err: 'websockets: unknown command "bnch"; did you mean bench?\nTry `websockets --help`.\n',
    });
  });

  test('refuses an option that it does not know', async () => {
    const { code, err } = await run('--loud');
    assert.equal(code, 2);
    assert.match(err, /unknown option "--loud"/);
  });

  const mistakes: Record<string, { args: string[]; says: RegExp }> = {
    'no URI': { args: [], says: /URI is missing: websockets bench \[options\] URI/ },
    'two URIs': { args: ['ws://a', 'ws://b'], says: /what is "ws:\/\/b"\?/ },
    'something else than a URI': {
      args: ['localhost:8765'],
      says: /^websockets bench: localhost:8765 isn't a valid URI: scheme isn't ws or wss\n/,
    },
    'another scheme': {
      args: ['http://localhost'],
      says: /^websockets bench: http:\/\/localhost isn't a valid URI: scheme isn't ws or wss\n/,
    },
    'an unknown option': { args: ['ws://a', '--conections', '3'], says: /did you mean --connections\?/ },
    'a count that is none': { args: ['ws://a', '-c', '0'], says: /--connections: "0" is not a whole number/ },
    'a size that is none': {
      args: ['ws://a', '-s', 'big'],
      says: /--size: "big" is not a size such as 64, 16KiB or 1MiB\n/,
    },
    'a size beyond all measure': { args: ['ws://a', '-s', '1000MiB'], says: /--size: 256MiB is the most/ },
    'a time that is none': { args: ['ws://a', '-d', 'soon'], says: /--duration: "soon" is not a time/ },
    'no time to answer': { args: ['ws://a', '--timeout', '0'], says: /--timeout must be more than nothing/ },
    'an unknown mode': { args: ['ws://a', '--mode', 'shout'], says: /"shout" is none of echo, send/ },
    'two modes': { args: ['ws://a', '--ping', '--mode', 'send'], says: /--ping and --mode send exclude each other/ },
    'compression and none': { args: ['ws://a', '--compress', '--no-compress'], says: /exclude each other/ },
    'a rate and a number in flight': { args: ['ws://a', '--rate', '9', '-n', '1'], says: /exclude each other/ },
    'a size of pings': { args: ['ws://a', '--ping', '-s', '9'], says: /--size means nothing with --mode ping/ },
    'text of handshakes': { args: ['ws://a', '--mode', 'connect', '--text'], says: /--text means nothing/ },
    'a header without a colon': { args: ['ws://a', '-H', 'Authorization'], says: /not of the form 'Name: value'/ },
    'a header with a line break': { args: ['ws://a', '-H', 'A: b\r\nC: d'], says: /websockets bench: / },
    'a subprotocol that is no token': { args: ['ws://a', '--subprotocol', 'a b'], says: /websockets bench: / },
    'TLS options for ws': { args: ['ws://a', '--insecure'], says: /--insecure and --ca are for wss/ },
    'a file that is not there': {
      args: ['wss://a', '--ca', '/nowhere/ca.pem'],
      says: /cannot read \/nowhere\/ca\.pem/,
    },
  };
  for (const [what, { args, says }] of Object.entries(mistakes)) {
    test(`refuses ${what} before it does anything`, async () => {
      const { code, out, err } = await run('bench', ...args);
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, says);
      assert.match(err, /\nTry `websockets bench --help`\.\n$/);
    });
  }
});
