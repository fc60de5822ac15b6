// The same below TLS: connections that never say hello, or stop in the middle of it.
import { KIB, type ServerAttack } from '../attack.ts';

const MAX_PENDING = 500;
/** The head of a TLS record with a ClientHello of 512 bytes, of which nothing comes. */
const HALF_HELLO = Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc);

export const halfOpenTls: ServerAttack = {
  name: 'handshakes: TLS half open',
  server: { tls: true, maxPending: MAX_PENDING },
  expect: {
    ends: ['dropped', 'open'],
    held: MAX_PENDING,
    memory: {
      bytes: MAX_PENDING * 160 * KIB,
      because: '500 pending (`maxPending`) × 160 KiB for OpenSSL and a socket',
    },
    delayMs: 500,
  },
  async run(target) {
    await target.many(target.amount(3000, 1000), async (index) => {
      const peer = await target.dial({ plain: true });
      if (index % 2 === 0) await peer.write(HALF_HELLO);
    });
  },
};
