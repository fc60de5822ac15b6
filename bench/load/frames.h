// Frames of RFC 6455 as a load needs them: a ring to send, and a reader that finds where messages end. Knows no sockets.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPCODE_TEXT = 1, OPCODE_BINARY = 2, OPCODE_CLOSE = 8, OPCODE_PING = 9 };

/** One frame of the ring. */
struct frame {
  size_t start, payload, end; // places in the bytes of the ring
  uint32_t key;               // as it stands in memory
  uint8_t opcode;
  bool is_compressed;
};

/** Frames that are sent round and round. They stand twice in `bytes`: any `count` of them in a row are one piece of it. */
struct ring {
  uint8_t *bytes;
  size_t length; // of one round
  struct frame *frames;
  uint32_t count;
};

/** Reads a file of frames, repeated until a round has at least so many frames and bytes. */
struct ring read_ring(const char *path, uint32_t min_count, size_t min_bytes);

/** Where a stream of frames stands. All zero at first. */
struct reader {
  uint8_t head[14];
  uint8_t head_length;
  bool is_final, is_in_payload, is_compressed, is_control;
  uint8_t opcode;          // of the message, or of the control frame
  uint8_t message_opcode;  // of the message, while a control frame is read
  uint32_t key;            // 0 without a mask
  uint64_t frame_at;       // payload bytes of this frame that have come
  uint64_t frame_length;
  uint64_t message_length; // of all frames of the message so far, this one included
};

enum reading {
  NEED_BYTES,   // all are read
  PAYLOAD,      // `*payload` has the next `*length` bytes of a payload, which begin at `reader->frame_at - *length`
  MESSAGE_END,  // a message is whole
  CONTROL_END,  // a control frame is whole
};

/** Takes the next step through the bytes between `*at` and `end`, and moves `*at`. */
enum reading read_frames(struct reader *reader, const uint8_t **at, const uint8_t *end, const uint8_t **payload, size_t *length);
