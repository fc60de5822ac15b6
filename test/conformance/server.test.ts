// The conformance suite against our echo server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { serverJobs } from './against-server.ts';
import { freePort, Program } from './program.ts';
import { attempt, byChapter, failures, Slots } from './report.ts';

describe('the echo server', { concurrency: true }, () => {
  let server: Program;
  let url: URL;
  const slots = new Slots(16);

  before(async () => {
    const port = await freePort();
    url = new URL(`ws://127.0.0.1:${port}/`);
    server = new Program('server.js', ['--host', '127.0.0.1', '--port', String(port)]);
    await server.prints('listening', 10_000);
  });

  after(() => server.stop());

  for (const [heading, jobs] of byChapter(serverJobs({ full: false }))) {
    test(`${heading} (${jobs.length} cases)`, async () => {
      const runs = jobs.map((job) => slots.run(() => attempt(job, () => job.run({ url, timeoutMs: 5000 }))));
      const results = await Promise.all(runs);
      assert.deepEqual(failures(results), [], server.exitCode === null ? undefined : `it died:\n${server.output}`);
    });
  }
});
