// The payload of close frames, held against TextDecoder and the table of RFC 6455 §7.4.
import { Close } from '../../dist/core/close.js';
import { InvalidUtf8Error, ProtocolError } from '../../dist/core/exceptions/protocol-errors.js';
import { attempt, holds, inLinearTime, same } from '../engine/expect.js';
import { seed } from '../engine/input.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const mayTravel = (code) =>
  [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].includes(code) ||
  (code >= 3000 && code < 5000);

function expected(payload) {
  if (payload.length === 0) return [1005, ''];
  if (payload.length === 1) return ProtocolError;
  let reason;
  try {
    reason = decoder.decode(payload.subarray(2));
  } catch {
    return InvalidUtf8Error;
  }
  const code = payload[0] * 256 + payload[1];
  return mayTravel(code) ? [code, reason] : ProtocolError;
}

export const fuzz = inLinearTime((data) => {
  const payload = Uint8Array.from(data);
  const { value: close, error } = attempt(() => Close.parse(payload), [ProtocolError, InvalidUtf8Error]);
  same(error?.constructor ?? [close.code, close.reason], expected(payload), 'close');
  if (error === null && payload.length > 1) {
    const { value: again, error: tooLong } = attempt(() => close.serialize(), [ProtocolError]);
    same(tooLong === null, payload.length <= 125, 'whether it fits a control frame');
    if (tooLong === null) same(again, payload, 'written again');
  }
  // Whatever the reason, one that fits can be made of it: its beginning, cut between characters.
  const reason = Buffer.from(data).toString('utf8');
  const fitting = Close.fitting(1011, reason);
  holds(fitting.serialize().length <= 125 && reason.startsWith(fitting.reason), 'a fitting reason');
  if (Buffer.byteLength(reason) <= 123) same(fitting.reason, reason, 'a reason that fits as it is');
  else holds(fitting.serialize().length > 121, 'more of the reason would have fitted');
});

export const maxLength = 300;
export const words = ['\x03\xe8', '\x0b\xb8', '\x13\x87', '\xf4\x8f\xbf\xbf', '\xed\xa0\x80', '\xef\xbb\xbf'];
const CODES = [999, 1000, 1003, 1004, 1005, 1006, 1007, 1011, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 65_535];

export const seeds = () => [
  ...CODES.map((code) => seed([code >> 8, code & 255], 'ok')),
  seed([]),
  seed([0x03]),
  seed([0x03, 0xe8], 'bye'),
  seed([0x0f, 0xa0], Buffer.from('héé€😀'.repeat(20))),
  seed([0x13, 0x88], 'x'),
  seed([0x03, 0xed]),
];
