// See accept-key.h.
#include "accept-key.h"
#include "measure.h"
#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, HASH = 20 };

static uint32_t rotate(uint32_t word, int by) { return word << by | word >> (32 - by); }

/** One block of SHA-1 (RFC 3174, section 6.1). */
static void hash_block(uint32_t state[5], const uint8_t *block)
{
  uint32_t words[80];
  for (int i = 0; i < 16; i++)
    words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 80; i++) words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (int i = 0; i < 80; i++) {
    uint32_t mixed = i < 20 ? ((b & c) | (~b & d)) + 0x5a827999
                   : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                   : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                            : (b ^ c ^ d) + 0xca62c1d6;
    uint32_t next = rotate(a, 5) + mixed + e + words[i];
    e = d, d = c, c = rotate(b, 30), b = a, a = next;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

void accept_key(const char *key, size_t length, char answer[ACCEPT_LENGTH + 1])
{
  static const char GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  enum { GUID_LENGTH = sizeof GUID - 1 };
  if (length != 24) fail("a key of %zu characters", length);
  // 60 bytes are hashed: two blocks with the padding.
  uint8_t blocks[2 * BLOCK] = { 0 };
  memcpy(blocks, key, length);
  memcpy(blocks + length, GUID, GUID_LENGTH);
  size_t end = length + GUID_LENGTH;
  blocks[end] = 0x80;
  blocks[sizeof blocks - 2] = (uint8_t)(end * 8 >> 8);
  blocks[sizeof blocks - 1] = (uint8_t)(end * 8);
  uint32_t state[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
  hash_block(state, blocks);
  hash_block(state, blocks + BLOCK);

  uint8_t hash[HASH + 1] = { 0 };
  for (int i = 0; i < HASH; i++) hash[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
  for (int i = 0, at = 0; i < HASH; i += 3, at += 4) {
    uint32_t group = (uint32_t)hash[i] << 16 | (uint32_t)hash[i + 1] << 8 | (i + 2 < HASH ? hash[i + 2] : 0u);
    for (int digit = 0; digit < 4; digit++) answer[at + digit] = DIGITS[group >> (18 - 6 * digit) & 63];
  }
  answer[ACCEPT_LENGTH - 1] = '=';
  answer[ACCEPT_LENGTH] = 0;
}
