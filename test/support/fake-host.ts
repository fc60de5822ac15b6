// A host without chance and without time: what a protocol does with it is the same in every run.
import { isUtf8 } from 'node:buffer';
import type { Host } from '#dist/core/host.js';

/** The masking key of the examples in RFC 6455 §5.7: what the fake host hands out first. */
export const FIRST_MASK = 0x37_fa_21_3d;
/** What the fake clock shows, always: Sun, 06 Nov 1994 08:49:37 GMT. */
export const FAKE_NOW = 784_111_777_000;

/** Random bytes that count up from 0, masks that count up from {@link FIRST_MASK}, a clock that stands still. */
export function fakeHost(): Host {
  let nextByte = 0;
  let nextMask = FIRST_MASK;
  return {
    fillRandom: (bytes) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = nextByte++;
    },
    nextMask: () => nextMask++,
    isUtf8,
    now: () => FAKE_NOW,
  };
}
