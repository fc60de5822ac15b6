// A server that is told to stop in the middle of its work: a process of its own, with clients in others.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type InvalidStatus, type SignalOptions } from 'websockets-ts';
import { rejection } from '../behaviour/meet.ts';
import { Program } from '../support/program.ts';
import { RawPeer } from '../support/raw-peer.ts';
import type { Seen } from '../support/stopping-clients.ts';

/** How many clients there are, in how many processes. */
const CLIENTS = Number(process.env['STOP_CLIENTS'] ?? 2000);
const PROCESSES = 2;

interface Stopping extends AsyncDisposable {
  readonly server: Program;
  readonly port: number;
  readonly clients: readonly Program[];
}

/** A server and as many clients, all of whom have been confirmed a message. */
async function running(count: number, options: SignalOptions, ...flags: string[]): Promise<Stopping> {
  const server = new Program('build/test/support/stopping-server.js', [JSON.stringify(options), ...flags]);
  const port = Number((await server.printed(/port (\d+) /))[1]);
  const args = [`ws://127.0.0.1:${port}/`, String(count / PROCESSES)];
  const clients = Array.from({ length: PROCESSES }, () => new Program('build/test/support/stopping-clients.js', args));
  await Promise.all(clients.map((each) => each.printed(/talking/)));
  return {
    server,
    port,
    clients,
    [Symbol.asyncDispose]: async () => {
      for (const program of [...clients, server]) await program[Symbol.asyncDispose]();
    },
  };
}

/** Everybody has seen the close code; as much was confirmed as has arrived; the server has ended by itself. */
async function assertAllIsWell({ server, clients }: Stopping, end: string, count: number): Promise<void> {
  const seen: Seen = { ends: {}, confirmed: 0, wrong: 0 };
  for (const each of clients) {
    const part = JSON.parse((await each.printed(/seen (.*)\n/))[1]!) as Seen;
    seen.confirmed += part.confirmed;
    seen.wrong += part.wrong;
    for (const [name, number] of Object.entries(part.ends)) seen.ends[name] = (seen.ends[name] ?? 0) + number;
  }
  assert.deepEqual(await server.ended(), { code: 0, signal: null }, server.output);
  assert.deepEqual(seen.ends, { [end]: count });
  assert.equal(seen.wrong, 0);
  assert.ok(seen.confirmed >= count);
  assert.equal(Number(/confirmed (\d+) /.exec(server.output)?.[1]), seen.confirmed);
  assert.doesNotMatch(server.output, /time to close is over/);
}

suite('a server that is told to stop', { skip: process.platform === 'win32' && 'Windows has no signals' }, () => {
  const options = { code: 1012, reason: 'deploy', graceMs: 60_000, spreadMs: 1000, retryAfterSeconds: 3 };

  test(`closes ${CLIENTS} clients in the middle of their work, loses nothing that it confirmed, and ends`, async () => {
    await using stopping = await running(CLIENTS, options);
    // Their handshakes come too late: they have connected, and said nothing yet, or not all.
    const late = [await RawPeer.dial(stopping.port), await RawPeer.dial(stopping.port)];
    late[1]?.socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n');
    await sleep(50);
    stopping.server.kill('SIGTERM');
    for (const peer of late) {
      assert.match(await peer.rest(), /^HTTP\/1\.1 503 Service Unavailable\r\n[\s\S]*\r\nRetry-After: 3\r\n/);
      peer.socket.end();
    }
    await assertAllIsWell(stopping, '1012 deploy', CLIENTS);
  });

  test('on an HTTP server tells handshakes that come meanwhile to come again', async () => {
    const count = 100;
    await using stopping = await running(count, { graceMs: 60_000, spreadMs: 1000 }, '--attach');
    stopping.server.kill('SIGTERM');
    let late = 0;
    for (;;) {
      const error = await rejection(connect(`ws://127.0.0.1:${stopping.port}/`));
      const { response } = error as Partial<InvalidStatus>;
      if (response === undefined || response.statusCode === 404) break; // Only the HTTP server is left, or nobody.
      assert.equal(`${response.statusCode} ${response.headers.get('Retry-After')}`, '503 1');
      late++;
    }
    assert.ok(late > 0);
    await assertAllIsWell(stopping, '1001', count);
  });
});
