// One connection to the process under test: opens it or accepts it, sends, reads what comes back and checks it. Does not know
// why: what to send when is the business of load.c.
#pragma once
#include "frames.h"

enum state { CLOSED, CONNECTING, SHAKING_HANDS, OPEN };

struct connection {
  int fd;
  enum state state;
  char *head; // of the response, until it is whole
  size_t head_length;
  struct reader reader;
  bool has_close; // a close frame has come

  const uint8_t *out, *out_end; // what is still to be written
  bool watches_room;
  uint32_t next; // frame of the ring that is sent next
  uint64_t sent; // frames, ever

  uint32_t expected; // frame of the ring that comes back next
  uint64_t *sent_at; // when the messages on their way were sent, a ring of `in_flight`; NULL: nobody asks
  uint32_t sent_first, sent_count;
  uint64_t opened_at;
  uint64_t number; // that a text message told
};

/** What all connections share. Set before the first is opened. */
struct settings {
  const char *host;
  int port;
  int epoll;
  bool listens; // the process under test is the client
  bool is_compressed; // offers permessage-deflate, and wants every answer compressed
  bool checks_payloads; // compares every byte of an echo, not lengths and opcodes only
  bool expects_numbers; // answers are text with a number, no echoes
  uint32_t in_flight;
  struct ring ring;
  void (*on_open)(struct connection *);
  /** So many messages came with one read. */
  void (*on_messages)(struct connection *, uint32_t count, uint64_t now);
  /** Nothing waits to be written, and there is room. Not called when NULL. */
  void (*on_room)(struct connection *);
  /** The other side has ended the stream. When NULL that is a failure. */
  void (*on_end)(struct connection *);
};
extern struct settings settings;

void open_connection(struct connection *connection);

/** Listens on the host's port, or one that the system chooses when it is 0, and gives the socket. */
int listen_for_connections(void);

/** False when nobody waits to be accepted. */
bool accept_connection(struct connection *connection, int listening);

void close_connection(struct connection *connection);

/** Sends the next frames of the ring: with one write, when there is room. */
void send_frames(struct connection *connection, uint32_t count, uint64_t now);

/** Sends other bytes, which stay as they are. Only when nothing waits to be written. */
void send_bytes(struct connection *connection, const uint8_t *bytes, size_t length);

/** Whether to hear of room to write. */
void watch_room(struct connection *connection, bool watches);

/** To be called when epoll tells something about it. */
void on_event(struct connection *connection, uint32_t events);
