// What the receiver of `ws` makes of a case.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// It is no entry of the package, so it is asked for by its file.
const require = createRequire(import.meta.url);
const file = (name) => fileURLToPath(new URL(`../node_modules/ws/lib/${name}.js`, import.meta.url));
const Receiver = require(file('receiver'));
const PerMessageDeflate = require(file('permessage-deflate'));
const { kStatusCode } = require(file('constants'));

export const name = 'ws';

export const available = () => true;

export const outcomes = (cases) => Promise.all(cases.map(receive));

function receive({ side, deflate, maxSize, bytes }) {
  const isServer = side === 'server';
  const extensions = {};
  if (deflate !== null) {
    const extension = new PerMessageDeflate({ isServer, maxPayload: maxSize ?? 0 });
    const sender = isServer ? 'client' : 'server';
    extension.params = {
      [`${sender}_max_window_bits`]: deflate.windowBits,
      ...(deflate.noContextTakeover && { [`${sender}_no_context_takeover`]: true }),
    };
    extensions[PerMessageDeflate.extensionName] = extension;
  }
  const receiver = new Receiver({ isServer, extensions, maxPayload: maxSize ?? 0 });
  const events = [];
  let closed = null;
  receiver.on('message', (data, isBinary) => events.push((isBinary ? 'B' : 'T') + data.toString('latin1')));
  receiver.on('ping', (data) => events.push(`P${data.toString('latin1')}`));
  receiver.on('pong', (data) => events.push(`O${data.toString('latin1')}`));
  receiver.on('conclude', (code, reason) => {
    closed = [code, reason.toString('latin1')];
  });
  receiver.on('error', () => {});
  return new Promise((resolve) => {
    // It unmasks in place.
    receiver.write(Buffer.from(bytes), (error) => {
      extensions[PerMessageDeflate.extensionName]?.cleanup();
      resolve({ events, failed: error ? error[kStatusCode] : null, closed: error ? null : closed });
    });
  });
}
