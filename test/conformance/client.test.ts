// The conformance suite against our echo client, which goes through all cases in one run.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CaseServer, clientJobs } from './against-client.ts';
import { Program } from './program.ts';
import { byChapter, failures, type Result } from './report.ts';

/** How long the whole run may take. It takes a fraction of this; the rest is for slow machines. */
const RUN_TIMEOUT_MS = 240_000;

describe('the echo client', () => {
  const jobs = clientJobs({ full: false });
  let server: CaseServer;
  let client: Program;
  let results: Map<Result['job'], Result>;

  before(async () => {
    server = await CaseServer.listen(jobs, { timeoutMs: 3000 });
    client = new Program('client.js', ['--url', `ws://${server.address}`, '--agent', 'conformance']);
    await client.ends(RUN_TIMEOUT_MS);
    results = new Map(server.results.map((result) => [result.job, result]));
  });

  after(async () => {
    await client.stop();
    await server.close();
  });

  test('goes through all cases and ends by itself', () => {
    assert.equal(client.exitCode, 0, client.output);
  });

  for (const [heading, chapter] of byChapter(jobs)) {
    test(`${heading} (${chapter.length} cases)`, () => {
      assert.deepEqual(failures(chapter.map((job) => results.get(job)!)), []);
    });
  }
});
