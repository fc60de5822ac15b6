// Signals: real ones, to processes of their own, which have to end by themselves.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ClosableServer,
  closeOnSignals,
  connect,
  type ServerCloseOptions,
  type SignalOptions,
} from 'websockets-ts';
import { deferred, isPending } from '../behaviour/meet.ts';
import { Program } from '../support/program.ts';
import { RawPeer } from '../support/raw-peer.ts';

interface Stoppable extends AsyncDisposable {
  readonly program: Program;
  readonly ports: readonly number[];
}

async function stoppable(options: SignalOptions = {}, ...flags: string[]): Promise<Stoppable> {
  const program = new Program('build/test/support/stoppable.js', [JSON.stringify(options), ...flags]);
  const [, ports] = await program.printed(/ports (.*) \n/);
  return {
    program,
    ports: (ports ?? '').split(' ').map(Number),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

describe('a process with closeOnSignals', { skip: process.platform === 'win32' && 'Windows has no signals' }, () => {
  for (const [signal, options, expected] of [
    ['SIGTERM', {}, '1001'],
    ['SIGINT', {}, '1001'],
    ['SIGTERM', { code: 1012, reason: 'deploy' }, '1012 deploy'],
    ['SIGHUP', { signals: ['SIGHUP'] }, '1001'],
  ] as const) {
    test(`closes its server on ${signal} with ${expected}, and ends by itself with 0`, async () => {
      await using s = await stoppable(options);
      await using client = await connect(`ws://127.0.0.1:${s.ports[0]}/`);
      s.program.kill(signal);
      await client.closed;
      assert.equal(`${client.closeCode} ${client.closeReason}`.trimEnd(), expected);
      assert.deepEqual(await s.program.ended(), { code: 0, signal: null });
      assert.match(s.program.output, /^ports \d+ \nclosed\n$/);
    });
  }

  test('closes all its servers', async () => {
    await using s = await stoppable({}, '--two');
    await using one = await connect(`ws://127.0.0.1:${s.ports[0]}/`);
    await using two = await connect(`ws://127.0.0.1:${s.ports[1]}/`);
    s.program.kill('SIGTERM');
    await Promise.all([one.closed, two.closed]);
    assert.deepEqual([one.closeCode, two.closeCode], [1001, 1001]);
    assert.deepEqual(await s.program.ended(), { code: 0, signal: null });
  });

  test('ends with 0 after graceMs, though handlers hang and nothing else keeps it running', async () => {
    await using s = await stoppable({ graceMs: 300 }, '--hang');
    await using client = await connect(`ws://127.0.0.1:${s.ports[0]}/`);
    s.program.kill('SIGTERM');
    await client.closed;
    assert.deepEqual(await s.program.ended(), { code: 0, signal: null });
    assert.match(s.program.output, /time to close is over: 0 connections dropped, 1 handlers left alone/);
  });

  test('drops at a second signal what is left', async () => {
    await using s = await stoppable({ graceMs: 60_000 }, '--hang');
    const deaf = await RawPeer.dial(s.ports[0]!);
    await deaf.open();
    s.program.kill('SIGTERM');
    assert.equal(await deaf.closeFrame(), '1001');
    assert.equal(await isPending(s.program.ended()), true);
    s.program.kill('SIGINT');
    assert.deepEqual(await s.program.ended(), { code: 0, signal: null });
    deaf.destroy();
  });

  test('is ended by a signal once they are unbound', async () => {
    await using s = await stoppable({}, '--unbind');
    s.program.kill('SIGTERM');
    assert.deepEqual(await s.program.ended(), { code: null, signal: 'SIGTERM' });
  });
});

describe('closeOnSignals', () => {
  /** A server that is closed when the test says so. */
  class FakeServer implements ClosableServer {
    readonly calls: unknown[] = [];
    readonly #closed = deferred();

    close(options?: ServerCloseOptions): void {
      this.calls.push(options);
    }

    abort(): void {
      this.calls.push('abort');
      this.end();
    }

    waitClosed(): Promise<void> {
      return this.#closed.promise;
    }

    end(): void {
      this.#closed.resolve();
    }
  }

  const listeners = (): number => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');

  test('leaves no listener when it is unbound, nor when all is closed', async () => {
    const before = listeners();
    const server = new FakeServer();
    {
      using _binding = closeOnSignals(server);
      assert.equal(listeners(), before + 2);
    }
    assert.equal(listeners(), before);
    closeOnSignals(server, { code: 1012, graceMs: 5 });
    process.emit('SIGTERM');
    assert.deepEqual(server.calls, [{ code: 1012, graceMs: 5 }]);
    assert.equal(listeners(), before + 2);
    server.end();
    await new Promise(setImmediate);
    assert.equal(listeners(), before);
  });

  test('leaves no listener when all was closed by somebody else', async () => {
    const before = listeners();
    const [one, two] = [new FakeServer(), new FakeServer()];
    closeOnSignals([one, two]);
    one.end();
    await new Promise(setImmediate);
    assert.equal(listeners(), before + 2);
    two.end();
    await new Promise(setImmediate);
    assert.equal(listeners(), before);
  });

  test('lets a third signal do what it does without it', () => {
    const before = listeners();
    const server = new FakeServer();
    closeOnSignals([server]);
    process.emit('SIGTERM');
    process.emit('SIGTERM');
    assert.deepEqual(server.calls, [{}, 'abort']);
    assert.equal(listeners(), before);
  });

  test('refuses at once what close would refuse, and binds nothing', () => {
    const before = listeners();
    assert.throws(() => closeOnSignals(new FakeServer(), { code: 1006 }), { name: 'ProtocolError' });
    assert.throws(() => closeOnSignals(new FakeServer(), { graceMs: 1, spreadMs: 2 }), RangeError);
    assert.equal(listeners(), before);
  });
});
