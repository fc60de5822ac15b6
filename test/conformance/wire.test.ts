// The suite's own bytes, held against the examples of the RFCs: a ruler has to be straight itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockWriter, Deflater, Inflater } from './deflate.ts';
import { acceptFor, deflateTerms, parseHead } from './http.ts';
import { pieces } from './link.ts';
import { encodeFrame, isCloseCode, masked, PING, TEXT } from './wire.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('frames are written as in the examples of RFC 6455 §5.7', () => {
  assert.equal(hex(encodeFrame({ opcode: TEXT, payload: 'Hello' }, 'server')), '810548656c6c6f');
  assert.equal(hex(encodeFrame({ opcode: TEXT, payload: 'Hel', fin: false }, 'server')), '010348656c');
  assert.equal(hex(encodeFrame({ opcode: PING, payload: 'Hello' }, 'server')), '890548656c6c6f');
  assert.equal(hex(masked(Buffer.from('Hello'), Buffer.of(0x37, 0xfa, 0x21, 0x3d))), '7f9f4d5158');
  assert.equal(hex(encodeFrame({ opcode: 2, payload: Buffer.alloc(256) }, 'server').subarray(0, 4)), '827e0100');
  assert.equal(
    hex(encodeFrame({ opcode: 2, payload: Buffer.alloc(65536) }, 'server').subarray(0, 10)),
    '827f0000000000010000',
  );
});

test('a client masks and a server does not, unless the case wants it the wrong way', () => {
  const header = (mask: 'right' | 'wrong' | 'zero', writer: 'client' | 'server'): number =>
    encodeFrame({ opcode: TEXT, payload: 'a', mask }, writer)[1]!;
  assert.deepEqual([header('right', 'client'), header('wrong', 'client'), header('zero', 'client')], [0x81, 1, 0x81]);
  assert.deepEqual([header('right', 'server'), header('wrong', 'server')], [1, 0x81]);
});

test('bytes are cut where the case says', () => {
  const cutAt = (at: number[]): string[] => pieces(Buffer.from('abcdef'), { at }).map(String);
  assert.deepEqual(cutAt([2]), ['ab', 'cdef']);
  assert.deepEqual(cutAt([-1]), ['abcde', 'f']);
  assert.deepEqual(cutAt([-3, -2]), ['abc', 'd', 'ef']);
  assert.deepEqual(pieces(Buffer.from('abc'), 'bytes').map(String), ['a', 'b', 'c']);
  assert.equal(Buffer.concat(pieces(Buffer.alloc(1000, 'x'), { piecesUpTo: 7, seed: 1 })).length, 1000);
});

test('the key of RFC 6455 §1.3 has the answer of RFC 6455 §1.3', () => {
  assert.equal(acceptFor('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('heads that are not well formed are not read', () => {
  assert.deepEqual(parseHead(Buffer.from('HTTP/1.1 101 x\r\nA: b \r\n\r\n')).fields, [['A', 'b']]);
  assert.throws(() => parseHead(Buffer.from('HTTP/1.1 101 x\r\nA : b\r\n\r\n')), /malformed/);
});

test('compression is written and read as in the examples of RFC 7692 §7.2.3', () => {
  const terms = { windowBits: 15, noContextTakeover: false };
  const deflater = new Deflater(terms);
  assert.equal(hex(deflater.deflate(Buffer.from('Hello'))), 'f248cdc9c90700');
  assert.equal(hex(deflater.deflate(Buffer.from('Hello'))), 'f200110000');
  const inflater = new Inflater(terms);
  assert.equal(inflater.inflate(Buffer.from('f248cdc9c90700', 'hex')).toString(), 'Hello');
  assert.equal(inflater.inflate(Buffer.from('f200110000', 'hex')).toString(), 'Hello');
});

test('a match beyond the agreed window is found out', () => {
  const reach = (distance: number): Buffer => {
    const filler = 'x'.repeat(distance - 3);
    return new BlockWriter().fixedBlock().literals(`abc${filler}`).match(distance).endBlock().endMessage();
  };
  const inflate = (distance: number): string =>
    new Inflater({ windowBits: 9, noContextTakeover: false }).inflate(reach(distance)).toString();
  assert.equal(inflate(512).slice(-4), 'xabc');
  assert.throws(() => inflate(577), /too far back/);
});

test('a match into a message that should be forgotten is found out', () => {
  const inflater = new Inflater({ windowBits: 15, noContextTakeover: true });
  inflater.inflate(Buffer.from('f248cdc9c90700', 'hex'));
  assert.throws(() => inflater.inflate(Buffer.from('f200110000', 'hex')), /too far back/);
});

test('answers of permessage-deflate are read, and illegal ones are not', () => {
  assert.deepEqual(deflateTerms('permessage-deflate; server_no_context_takeover; client_max_window_bits=9'), {
    client: { windowBits: 9, noContextTakeover: false },
    server: { windowBits: 15, noContextTakeover: true },
  });
  assert.throws(() => deflateTerms('permessage-deflate; client_max_window_bits'), /illegal/);
  assert.throws(() => deflateTerms('permessage-deflate; a, permessage-deflate'), /illegal/);
});

test('the codes that may travel are those of the registry', () => {
  const legal = Array.from({ length: 6000 }, (_, code) => code).filter(isCloseCode);
  assert.equal(legal.length, 2012);
  assert.deepEqual(legal.slice(0, 12), [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]);
});
