// What the bench sends: bytes or text of a given size, the same in every run. Knows no connection.

/** Whole characters of one byte each, so that a text has the size that was asked for. */
const SENTENCE = '{"id": 7301, "name": "Ada Lovelace", "price": 19.75, "tags": ["first", "engine"]}, ';

/** A message of that many bytes. Text looks like JSON and compresses well; bytes look random and do not compress. */
export function makePayload(byteLength: number, isText: boolean): string | Uint8Array {
  if (isText) return SENTENCE.repeat(Math.ceil(byteLength / SENTENCE.length)).slice(0, byteLength);
  const bytes = new Uint8Array(byteLength);
  let state = 0x2545f491;
  for (let i = 0; i < byteLength; i++) {
    // Marsaglia's xorshift: a server that looks at the bytes finds no pattern in them.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** Whether a message is what was sent, as far as a look at both ends tells: a look at all of it would measure us. */
export function isEcho(payload: string | Uint8Array, answer: string | Uint8Array): boolean {
  const last = payload.length - 1;
  return (
    typeof answer === typeof payload &&
    answer.length === payload.length &&
    answer[0] === payload[0] &&
    answer[last] === payload[last]
  );
}
