// See frames.h.
#include "frames.h"
#include "measure.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Bytes of the header that begins here; 0 while they are too few to tell. */
static size_t head_size(const uint8_t *bytes, size_t length)
{
  if (length < 2) return 0;
  uint8_t short_length = bytes[1] & 0x7f;
  return 2u + (short_length == 126 ? 2u : short_length == 127 ? 8u : 0u) + (bytes[1] & 0x80 ? 4u : 0u);
}

/** The payload's length that a whole header tells. */
static uint64_t payload_length(const uint8_t *head)
{
  uint8_t short_length = head[1] & 0x7f;
  if (short_length < 126) return short_length;
  uint64_t length = 0;
  for (int i = 2; i < (short_length == 126 ? 4 : 10); i++) length = length << 8 | head[i];
  return length;
}

static uint32_t mask_key(const uint8_t *head, size_t size)
{
  uint32_t key = 0;
  if (head[1] & 0x80) memcpy(&key, head + size - 4, 4);
  return key;
}

struct ring read_ring(const char *path, uint32_t min_count, size_t min_bytes)
{
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail("can't read %s", path);
  fseek(file, 0, SEEK_END);
  size_t file_length = (size_t)ftell(file);
  rewind(file);
  uint8_t *given = malloc(file_length + 1);
  if (fread(given, 1, file_length, file) != file_length) fail("can't read %s", path);
  fclose(file);

  uint32_t given_count = 0;
  for (size_t at = 0; at < file_length; given_count++) {
    size_t size = head_size(given + at, file_length - at);
    if (size == 0) fail("%s does not end with a whole frame", path);
    at += size + payload_length(given + at);
  }
  if (given_count == 0) fail("no frames in %s", path);

  uint32_t rounds = 1;
  while (rounds * given_count < min_count || rounds * file_length < min_bytes) rounds++;
  struct ring ring = {
    .bytes = malloc(2 * rounds * file_length),
    .length = rounds * file_length,
    .frames = calloc(rounds * given_count, sizeof(struct frame)),
    .count = rounds * given_count,
  };
  for (uint32_t i = 0; i < 2 * rounds; i++) memcpy(ring.bytes + i * file_length, given, file_length);
  size_t at = 0;
  for (uint32_t i = 0; i < ring.count; i++) {
    const uint8_t *head = ring.bytes + at;
    size_t size = head_size(head, ring.length);
    ring.frames[i] = (struct frame){
      .start = at,
      .payload = at + size,
      .end = at + size + payload_length(head),
      .key = mask_key(head, size),
      .opcode = head[0] & 0x0f,
      .is_compressed = (head[0] & 0x40) != 0,
    };
    at = ring.frames[i].end;
  }
  free(given);
  return ring;
}

static void begin_frame(struct reader *reader, const uint8_t *head, size_t size)
{
  uint8_t opcode = head[0] & 0x0f;
  reader->is_control = (opcode & 8) != 0;
  reader->is_final = (head[0] & 0x80) != 0;
  if (reader->is_control) {
    reader->opcode = opcode;
  } else if (opcode != 0) {
    reader->opcode = reader->message_opcode = opcode;
    reader->is_compressed = (head[0] & 0x40) != 0;
    reader->message_length = 0;
  } else {
    reader->opcode = reader->message_opcode;
  }
  reader->key = mask_key(head, size);
  reader->frame_at = 0;
  reader->frame_length = payload_length(head);
  if (!reader->is_control) reader->message_length += reader->frame_length;
  reader->is_in_payload = true;
  reader->head_length = 0;
}

enum reading read_frames(struct reader *reader, const uint8_t **at, const uint8_t *end, const uint8_t **payload, size_t *length)
{
  for (;;) {
    if (reader->is_in_payload) {
      uint64_t missing = reader->frame_length - reader->frame_at;
      size_t here = (size_t)(end - *at) < missing ? (size_t)(end - *at) : (size_t)missing;
      if (here > 0) {
        *payload = *at;
        *length = here;
        *at += here;
        reader->frame_at += here;
        return PAYLOAD;
      }
      if (missing > 0) return NEED_BYTES;
      reader->is_in_payload = false;
      if (reader->is_control) return CONTROL_END;
      if (reader->is_final) return MESSAGE_END;
    }
    if (*at == end) return NEED_BYTES;
    if (reader->head_length == 0) {
      size_t size = head_size(*at, (size_t)(end - *at));
      if (size > 0 && size <= (size_t)(end - *at)) {
        begin_frame(reader, *at, size);
        *at += size;
        continue;
      }
    }
    // A header in pieces.
    reader->head[reader->head_length++] = *(*at)++;
    size_t size = head_size(reader->head, reader->head_length);
    if (size > 0 && size <= reader->head_length) begin_frame(reader, reader->head, size);
  }
}
