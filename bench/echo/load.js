// The load: raw sockets that send prepared frames, one for each frame that comes back. Looks at nothing but lengths.
// Arguments: the index of the scenario, and the server's port.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SCENARIOS } from './scenarios.js';
import { usage } from './usage.js';

const WARM_UP_MS = 500;

const { connections, inFlight, isCompressed, frames: makeFrames } = SCENARIOS[Number(process.argv[2])];
const port = Number(process.argv[3]);

// The ring stands twice in one buffer, so that any `inFlight` frames in a row are one piece of it.
const frames = makeFrames();
const ring = Buffer.concat([...frames, ...frames]);
const starts = [0];
for (const { length } of [...frames, ...frames]) starts.push(starts.at(-1) + length);

let messages = 0;

class Connection {
  #socket;
  #next = 0;
  /** Bytes of the current frame that have not come yet. */
  #missing = 0;
  /** The beginning of a frame whose length is not known yet. */
  #rest = Buffer.alloc(0);

  async open() {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    await once(socket, 'connect');
    const extension = isCompressed ? 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n' : '';
    socket.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${extension}\r\n`,
    );
    const [response] = await once(socket, 'data');
    const head = response.toString('latin1');
    if (!head.startsWith('HTTP/1.1 101 ') || !head.endsWith('\r\n\r\n')) throw new Error(`unexpected answer: ${head}`);
    socket.on('data', (bytes) => this.#receive(bytes));
    this.#send(inFlight);
  }

  #receive(bytes) {
    const count = this.#count(bytes);
    messages += count;
    if (count > 0) this.#send(count);
  }

  #send(count) {
    this.#socket.write(ring.subarray(starts[this.#next], starts[this.#next + count]));
    this.#next = (this.#next + count) % frames.length;
  }

  /** How many frames end in these bytes. */
  #count(bytes) {
    let count = 0;
    let at = this.#missing;
    if (at > 0) {
      if (at > bytes.length) {
        this.#missing -= bytes.length;
        return 0;
      }
      count = 1;
      this.#missing = 0;
    } else if (this.#rest.length > 0) {
      bytes = Buffer.concat([this.#rest, bytes]);
      this.#rest = bytes.subarray(0, 0);
    }
    while (at < bytes.length) {
      const size = frameSize(bytes, at);
      if (size === 0) {
        this.#rest = bytes.subarray(at);
        return count;
      }
      at += size;
      if (at > bytes.length) this.#missing = at - bytes.length;
      else count += 1;
    }
    return count;
  }
}

/** Bytes of the frame that begins there, header included; 0 while that cannot be said. */
function frameSize(bytes, at) {
  const left = bytes.length - at;
  if (left < 2) return 0;
  const mask = bytes[at + 1] & 0x80 ? 4 : 0;
  const length = bytes[at + 1] & 0x7f;
  if (length < 126) return 2 + mask + length;
  if (length === 126) return left < 4 ? 0 : 4 + mask + bytes.readUInt16BE(at + 2);
  return left < 10 ? 0 : 10 + mask + Number(bytes.readBigUInt64BE(at + 2));
}

for (let i = 0; i < connections; i += 1) await new Connection().open();
await delay(WARM_UP_MS);
process.on('message', () => process.send({ ...usage(), messages }));
process.on('disconnect', () => process.exit());
process.send('warm');
