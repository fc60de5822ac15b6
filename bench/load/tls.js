// The load of the scenario with TLS, on Node: clients with one message each on its way. Looks at every byte of every answer.
// Needs more processor time than some servers, and says so.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';

const { port, pid, connections, seconds, frame, answer, ca } = JSON.parse(process.argv[2]);
const message = Buffer.from(frame, 'base64');
const expected = Buffer.from(answer, 'base64');
const WARM_UP_MS = 1_000;

const REQUEST =
  `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

let received = 0;
let isStopping = false;
let onTheirWay = 0;
let latencies = [];

/** FIN and the opcode of a ping. */
const PING = 0x89;

class Client {
  #socket;
  #pending = Buffer.alloc(0);
  #sentAt = 0;

  async open() {
    this.#socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca });
    await once(this.#socket, 'secureConnect');
    this.#socket.setNoDelay(true);
    this.#socket.write(REQUEST);
    const [response] = await once(this.#socket, 'data');
    const head = response.toString('latin1');
    if (!head.startsWith('HTTP/1.1 101 ') || !head.endsWith('\r\n\r\n')) throw new Error(`not an answer: ${head}`);
    this.#socket.on('data', (bytes) => this.#receive(bytes));
    this.#socket.on('close', () => {
      throw new Error('a connection was closed');
    });
  }

  send() {
    onTheirWay += 1;
    this.#sentAt = performance.now();
    this.#socket.write(message);
  }

  #receive(bytes) {
    if (this.#pending.length > 0) bytes = Buffer.concat([this.#pending, bytes]);
    // A keepalive ping is nobody's answer. It comes in one piece, being so small.
    if (bytes[0] === PING) bytes = bytes.subarray(2 + bytes[1]);
    this.#pending = bytes;
    if (bytes.length < expected.length) return;
    if (!bytes.equals(expected)) throw new Error('an answer has other bytes than the message');
    this.#pending = bytes.subarray(0, 0);
    received += 1;
    onTheirWay -= 1;
    latencies.push(performance.now() - this.#sentAt);
    if (!isStopping) this.send();
  }
}

/** Processor time of the server: in hundredths of a second, which is enough for a run of seconds. */
function serverCpuNs() {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 1e7;
}

const ownCpuNs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
};

const clients = Array.from({ length: connections }, () => new Client());
for (const client of clients) await client.open();

async function phase(milliseconds) {
  isStopping = false;
  for (const client of clients) client.send();
  await delay(milliseconds);
  isStopping = true;
  while (onTheirWay > 0) await delay(1);
}

await phase(WARM_UP_MS);
const start = { at: performance.now(), received, cpuNs: serverCpuNs(), loadCpuNs: ownCpuNs() };
latencies = [];
await phase(seconds * 1000);
latencies.sort((a, b) => a - b);
const percentileUs = (part) => latencies[Math.floor(latencies.length * part)] * 1e3;
console.log(
  JSON.stringify({
    messages: received - start.received,
    elapsedNs: (performance.now() - start.at) * 1e6,
    cpuNs: serverCpuNs() - start.cpuNs,
    loadCpuNs: ownCpuNs() - start.loadCpuNs,
    p50Us: percentileUs(0.5),
    p99Us: percentileUs(0.99),
    p999Us: percentileUs(0.999),
  }),
);
process.exit();
