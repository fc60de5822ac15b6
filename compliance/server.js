// The echo server that the public conformance suites talk to: text as text, binary as binary, with backpressure.
import { parseArgs } from 'node:util';
import { serve } from 'websockets-ts';

const { values } = parseArgs({
  options: { host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string', default: '9001' } },
});

// Direct and serial: a message is sent back, and has found room, before the next frame is looked at. So also the echo of a
// message gets out that came in one segment with a close frame.
const server = await serve(
  { message: (connection, message) => connection.send(message) },
  {
    serial: true,
    host: values.host,
    port: Number(values.port),
    maxSize: 64 * 1024 * 1024,
    openTimeoutMs: 5_000,
    pingIntervalMs: null,
    // The suites look at what compression makes of small messages too.
    compressionThreshold: 0,
    // A suite ends most of its cases with an error, which is no news.
    logger: { debug() {}, info() {}, warn() {}, error() {}, isEnabled: () => false },
  },
);
process.on('SIGTERM', () => server.close());
console.log('listening');
await server.waitClosed();
