// What compression costs and saves by window, memory level and message: node bench/compression.js, after npm run build.
// Each setting has a process of its own, so that its memory is its own. `--out FILE` keeps the table.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

/** As many connections as take turns: no cache holds the contexts of all. */
const CONNECTIONS = 100;
const SIZES = [64, 256, 1024, 16_384];
/** Larger windows go with more memory for what is found in them, as zlib's own defaults do. */
const SETTINGS = [9, 10, 11, 12, 13, 14, 15].map((windowBits) => ({ windowBits, memLevel: windowBits - 7 }));
/** What the two numbers do alone, around the default. */
const VARIATIONS = [1, 8].map((memLevel) => ({ windowBits: 12, memLevel }));

async function report() {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  const rows = [];
  for (const settings of [...SETTINGS, ...VARIATIONS]) {
    rows.push(await inChild(settings));
    process.stderr.write('.');
  }
  process.stderr.write('\n');
  const head = [
    'window bits',
    'memLevel',
    'KiB kept',
    ...SIZES.flatMap((size) => [`${size} B kept`, `${size} B shared`]),
  ];
  const lines = [head, head.map((_, i) => (i < 2 ? '---' : '---:')), ...rows.map(cells)].map(
    (line) => `| ${line.join(' | ')} |`,
  );
  const machine = `Node ${process.version}, ${cpus()[0]?.model}; each cell: times smaller, µs of processor a message.`;
  const text = `${lines.join('\n')}\n\n${machine}\n`;
  process.stdout.write(text);
  if (values.out !== undefined) writeFileSync(values.out, text);
}

async function inChild(settings) {
  const child = fork(import.meta.filename);
  child.send(settings);
  const [row] = await once(child, 'message');
  child.disconnect();
  return { ...settings, ...row };
}

const cells = ({ windowBits, memLevel, keptBytes, sizes }) => [
  windowBits,
  memLevel,
  Math.round(keptBytes / 1024),
  ...sizes.flatMap(({ kept, shared }) => [cell(kept), cell(shared)]),
];

const cell = ({ ratio, micros }) => `${ratio.toFixed(1)}, ${micros.toFixed(micros < 10 ? 1 : 0)}`;

async function measureSettings(settings) {
  const { NodeDeflateEngine } = await import('../dist/node/deflate-engine.js');
  const roads = { kept: new NodeDeflateEngine(undefined, { maxContexts: null, idleMs: null }) };
  roads.shared = new NodeDeflateEngine(undefined, { maxContexts: 0 });
  const before = process.memoryUsage.rss();
  const deflators = { kept: many(roads.kept, settings) };
  const warm = messages(1024);
  for (const deflator of deflators.kept) for (const message of warm.slice(0, 2)) deflator.deflate(message);
  const keptBytes = (process.memoryUsage.rss() - before) / CONNECTIONS;
  deflators.shared = many(roads.shared, settings);
  const sizes = SIZES.map((size) => ({
    kept: measure(deflators.kept, messages(size)),
    shared: measure(deflators.shared, messages(size)),
  }));
  for (const deflator of [...deflators.kept, ...deflators.shared]) deflator.close();
  return { keptBytes, sizes };
}

const many = (engine, settings) => Array.from({ length: CONNECTIONS }, () => engine.createDeflator(settings));

/** Connections in turn, each with the messages in their order; the better of two times. */
function measure(deflators, input) {
  let micros = Number.POSITIVE_INFINITY;
  let ratio = 0;
  for (let round = 0; round < 2; round += 1) {
    let [given, made] = [0, 0];
    const start = process.cpuUsage();
    for (const message of input) {
      for (const deflator of deflators) {
        given += message.length;
        made += deflator.deflate(message).length - 4;
      }
    }
    const { user, system } = process.cpuUsage(start);
    micros = Math.min(micros, (user + system) / (input.length * deflators.length));
    ratio = given / made;
  }
  return { ratio, micros };
}

/** JSON as applications send it: the same keys again and again, other values. More than fits into any window. */
function messages(byteLength) {
  return Array.from({ length: Math.ceil(70_000 / byteLength) }, (_, seed) => {
    const items = Array.from({ length: Math.ceil(byteLength / 50) }, (_, i) => ({
      id: seed * 1009 + i,
      name: `user ${(seed * 7919 + i * 104_729) % 9973}`,
      price: ((seed + 1) * (i + 3) * 31) / 97,
      tags: ['a', 'b', i % 2 ? 'c' : 'd'],
      active: i % 3 === 0,
    }));
    return Buffer.from(JSON.stringify(items).slice(0, byteLength));
  });
}

if (process.send === undefined) await report();
else process.once('message', (settings) => measureSettings(settings).then((row) => process.send(row)));
