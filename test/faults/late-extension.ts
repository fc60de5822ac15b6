// An extension that only marks messages, and takes its time for each: as compression on another thread does, but always the
// same time.
import type { ClientExtensionFactory, Extension, ServerExtensionFactory } from 'websockets-ts/extensions';
import { Frame, Opcode } from 'websockets-ts/protocol';
import type { Stopwatch } from './stopwatch.ts';

const NAME = 'late';

/** A copy with the mark or without. Other frames than whole messages have none. */
function marked({ opcode, fin, rsv1, data }: Frame, mark: boolean): Frame {
  const isMessage = fin && (opcode === Opcode.TEXT || opcode === Opcode.BINARY);
  return new Frame({ opcode, fin, rsv1: isMessage ? mark : rsv1, data: new Uint8Array(data) });
}

/** For both sides. */
export function lateExtension(time: Stopwatch, ms: number): ClientExtensionFactory & ServerExtensionFactory {
  const later = async (frame: Frame): Promise<Frame> => {
    await time.sleep(ms);
    return frame;
  };
  const extension: Extension = {
    name: NAME,
    encode: (frame) => marked(frame, true),
    encodeLater: (frame) => later(marked(frame, true)),
    decode: (frame) => marked(frame, false),
    decodeLater: (frame) => later(marked(frame, false)),
  };
  return {
    name: NAME,
    getRequestParams: () => [],
    processResponseParams: () => extension,
    processRequestParams: () => [[], extension],
  };
}
