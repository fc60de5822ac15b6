// Upgrades behind requests that an HTTP server has not answered yet.
import { CLOSE } from '../../conformance/wire.ts';
import { MIB, type ServerAttack } from '../attack.ts';
import { framesOf, type HostilePeer } from '../hostile-peer.ts';

const page = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

const OTHER = { Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': '' };

/** One that the WebSocket server takes, and that ends at once; one to a path that it does not take; one to another protocol. */
const upgrades: readonly ((peer: HostilePeer) => string)[] = [
  (peer) => peer.request() + framesOf({ opcode: CLOSE, payload: '' }).toString('latin1'),
  (peer) => peer.request({}, '/page'),
  (peer) => peer.request(OTHER, '/page'),
];

export const pipelinedUpgrades: ServerAttack = {
  name: 'upgrades behind requests without an answer',
  server: { attached: true },
  expect: {
    ends: ['200', 'dropped'],
    memory: { bytes: 8 * MIB, because: 'each request is answered and forgotten, one after the other' },
  },
  async run(target) {
    await target.many(target.amount(500, 120), async (index) => {
      const peer = await target.dial();
      const before = page(index % 2 === 0 ? '/page' : '/page/late');
      await peer.write(Buffer.from(before + page('/page') + upgrades[index % upgrades.length]!(peer), 'latin1'));
      if (index % 5 === 0) target.forget(peer, index % 10 === 0 ? 'reset' : 'destroy');
    });
  },
};

export const abandonedUpgrades: ServerAttack = {
  name: 'upgrades that wait for an answer, and whose clients go',
  server: { attached: true },
  expect: {
    ends: ['dropped'],
    memory: { bytes: 8 * MIB, because: 'a client that has gone is not waited with' },
  },
  async run(target) {
    await target.many(target.amount(1000, 200), async (index) => {
      const peer = await target.dial();
      const upgrade = upgrades[index % upgrades.length]!(peer);
      // Behind a page that never comes, or as such a page.
      const text = index % 2 === 0 ? page('/page/never') + upgrade : peer.request(OTHER, '/page/never');
      await peer.write(Buffer.from(text, 'latin1'));
      peer.socket.end();
    });
  },
};
