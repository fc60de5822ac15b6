// The suite by itself, without the test runner:
//   node build/test/conformance/run.js --url ws://host:port     tests an echo server
//   node build/test/conformance/run.js --listen 9001            tests a client that comes by (/getCaseCount, /runCase, /updateReports)
// Exits with 1 when a case fails.
import { parseArgs } from 'node:util';
import { CaseServer, clientJobs } from './against-client.ts';
import { serverJobs } from './against-server.ts';
import { attempt, type Job, type Result, Slots, table } from './report.ts';

const USAGE = `usage: run.js (--url ws://host:port | --listen port) [options]
  --full           the slow cases too (messages of 64 MiB)
  --only TEXT      only cases whose section, chapter or title contains this
  --timeout MS     how long a case waits for anything (default 5000; 60000 with --full)
  --parallel N     how many cases run at once against a server (default 16; 4 with --full)
  --verbose        a line for each case as it ends
`;

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    listen: { type: 'string' },
    full: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    timeout: { type: 'string' },
    parallel: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

const { full } = values;
const timeoutMs = Number(values.timeout ?? (full ? 60_000 : 5000));
const isWanted = (job: Job<never>): boolean => `${job.section}: ${job.chapter}: ${job.title}`.includes(values.only);
const note = (result: Result): void => {
  if (values.verbose)
    console.log(`${result.error === null ? 'ok    ' : 'FAILED'} ${result.job.section}: ${result.job.title}`);
};

async function testServer(url: URL): Promise<Result[]> {
  const slots = new Slots(Number(values.parallel ?? (full ? 4 : 16)));
  const runs = serverJobs({ full })
    .filter(isWanted)
    .map((job) =>
      slots.run(async () => {
        const result = await attempt(job, () => job.run({ url, timeoutMs }));
        note(result);
        return result;
      }),
    );
  return Promise.all(runs);
}

async function testClient(port: number): Promise<Result[]> {
  const server = await CaseServer.listen(clientJobs({ full }).filter(isWanted), { port, timeoutMs });
  server.onResult = note;
  console.log(`listening on ws://${server.address}`);
  await server.done;
  await server.close();
  return server.results;
}

if ((values.url === undefined) === (values.listen === undefined)) {
  process.stderr.write(USAGE);
  process.exit(2);
}
const results =
  values.url === undefined ? await testClient(Number(values.listen)) : await testServer(new URL(values.url));
process.stdout.write(table(results));
process.exitCode = results.every(({ error }) => error === null) ? 0 : 1;
