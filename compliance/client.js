// The echo client that the public conformance suites talk to: asks how many cases there are, runs each, asks for the report.
import { parseArgs } from 'node:util';
import { connect } from 'websockets-ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'ws://127.0.0.1:9001' },
    agent: { type: 'string', default: 'websockets-ts' },
  },
});
const agent = encodeURIComponent(values.agent);
const options = {
  maxSize: 64 * 1024 * 1024,
  openTimeoutMs: 5_000,
  pingIntervalMs: null,
  closeTimeoutMs: 2_000,
  compressionThreshold: 0,
};

async function caseCount() {
  const connection = await connect(`${values.url}/getCaseCount`, options);
  return connection.use(async () => Number(await connection.recv({ decode: true })));
}

/** Echoes everything until the connection ends, in whatever way; a handshake that fails counts as run. */
async function runCase(number) {
  const uri = `${values.url}/runCase?case=${number}&agent=${agent}`;
  const handlers = { message: (connection, message) => connection.send(message) };
  try {
    const connection = await connect(uri, { ...options, handlers, serial: true });
    await connection.waitClosed();
  } catch {
    // How a case ends is for the suite to judge.
  }
}

const count = await caseCount();
for (let number = 1; number <= count; number++) await runCase(number);
const report = await connect(`${values.url}/updateReports?agent=${agent}`, options);
await report.close();
