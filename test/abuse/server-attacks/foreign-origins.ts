// Pages of other sites, and hosts that were rebound to us.
import { MIB, type ServerAttack } from '../attack.ts';

const HEADERS = [
  { Origin: 'https://evil.example' },
  { Origin: 'null' },
  { Origin: 'http://127.0.0.1.evil.example' },
  { Host: 'evil.example' },
  { Host: 'evil.example', Origin: 'http://evil.example' },
  { Host: '127.0.0.1.evil.example' },
];

export const foreignOrigins: ServerAttack = {
  name: 'foreign origins and rebound hosts',
  expect: {
    ends: ['403'],
    memory: { bytes: 8 * MIB, because: 'each request is answered and forgotten' },
  },
  async run(target) {
    await target.many(HEADERS.length * target.amount(100, 10), async (index) => {
      await target.open({ headers: HEADERS[index % HEADERS.length]! });
    });
  },
};
