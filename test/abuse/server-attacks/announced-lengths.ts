// Lengths around every limit, up to 2^64 - 1, in forms that are allowed and in forms that are not.
import { BINARY, CLOSE, PING } from '../../conformance/wire.ts';
import { MIB, type ServerAttack } from '../attack.ts';
import { announced } from '../hostile-peer.ts';

const HEADS: readonly (readonly [opcode: number, length: bigint, bits?: 16 | 64])[] = [
  [BINARY, 0n, 16],
  [BINARY, 125n, 16],
  [BINARY, 126n, 64],
  [BINARY, 65_535n, 64],
  [PING, 126n],
  [CLOSE, 126n],
  [BINARY, 1_048_577n],
  [BINARY, 2n ** 31n - 1n],
  [BINARY, 2n ** 31n],
  [BINARY, 2n ** 32n - 1n],
  [BINARY, 2n ** 32n],
  [BINARY, 2n ** 53n - 1n],
  [BINARY, 2n ** 53n],
  [BINARY, 2n ** 63n - 1n],
  [BINARY, 2n ** 63n],
  [BINARY, 2n ** 64n - 1n],
];

export const announcedLengths: ServerAttack = {
  name: 'lengths up to 2^64 - 1',
  expect: {
    ends: ['1002', '1009'],
    memory: { bytes: 8 * MIB, because: 'nothing is allocated for what was announced' },
  },
  async run(target) {
    await target.many(HEADS.length * target.amount(50, 4), async (index) => {
      const peer = await target.open();
      await peer.write(Buffer.concat([announced(...headOf(index)), Buffer.alloc(126)]));
      await peer.ended(2000);
    });
  },
};

function headOf(index: number): [opcode: number, length: bigint, payload: string, bits?: 16 | 64] {
  const [opcode, length, bits] = HEADS[index % HEADS.length]!;
  return bits === undefined ? [opcode, length, ''] : [opcode, length, '', bits];
}
