// See connection.h.
#define _GNU_SOURCE
#include "connection.h"
#include "accept-key.h"
#include "measure.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_HEAD = 4096 };

// The key of RFC 6455 1.3: its answer is known without SHA-1.
static const char ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

struct settings settings;

static uint8_t input[1 << 18];

static void watch(struct connection *connection, int operation, uint32_t events)
{
  struct epoll_event event = { .events = events, .data.ptr = connection };
  if (epoll_ctl(settings.epoll, operation, connection->fd, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
}

static void begin(struct connection *connection, int fd, enum state state, uint32_t events)
{
  int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  connection->opened_at = now_ns();
  connection->fd = fd;
  connection->state = state;
  connection->reader = (struct reader){ 0 };
  connection->has_close = connection->watches_room = false;
  connection->out = connection->out_end = NULL;
  connection->head_length = 0;
  connection->head = malloc(MAX_HEAD);
  watch(connection, EPOLL_CTL_ADD, events);
}

static struct sockaddr_in address(void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)settings.port) };
  inet_pton(AF_INET, settings.host, &address.sin_addr);
  return address;
}

void open_connection(struct connection *connection)
{
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket: %s", strerror(errno));
  struct sockaddr_in server = address();
  if (connect(fd, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS) fail("connect: %s", strerror(errno));
  begin(connection, fd, CONNECTING, EPOLLOUT);
}

int listen_for_connections(void)
{
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in own = address();
  socklen_t size = sizeof own;
  if (fd < 0 || bind(fd, (struct sockaddr *)&own, size) != 0 || listen(fd, SOMAXCONN) != 0) fail("can't listen: %s", strerror(errno));
  getsockname(fd, (struct sockaddr *)&own, &size);
  settings.port = ntohs(own.sin_port);
  return fd;
}

bool accept_connection(struct connection *connection, int listening)
{
  int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0 && errno == EAGAIN) return false;
  if (fd < 0) fail("accept: %s", strerror(errno));
  begin(connection, fd, SHAKING_HANDS, EPOLLIN);
  return true;
}

void close_connection(struct connection *connection)
{
  close(connection->fd);
  free(connection->head);
  connection->head = NULL;
  connection->state = CLOSED;
}

static void send_request(struct connection *connection)
{
  char request[512];
  int length = snprintf(request, sizeof request,
    "GET / HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
    settings.host, settings.port,
    settings.is_compressed ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" : "");
  if (write(connection->fd, request, (size_t)length) != length) fail("the request was not written: %s", strerror(errno));
  connection->state = SHAKING_HANDS;
  watch(connection, EPOLL_CTL_MOD, EPOLLIN);
}

static void check_response(const char *head)
{
  if (strncmp(head, "HTTP/1.1 101 ", 13) != 0 || strstr(head, ACCEPT) == NULL) fail("not the answer to a handshake:\n%s", head);
  if (settings.is_compressed && strstr(head, "permessage-deflate") == NULL) fail("the server does not compress:\n%s", head);
}

static void answer_request(struct connection *connection)
{
  static const char NAME[] = "\r\nsec-websocket-key:";
  const char *key = strcasestr(connection->head, NAME);
  if (key == NULL) fail("not a handshake:\n%s", connection->head);
  key += sizeof NAME - 1;
  key += strspn(key, " ");
  char answer[ACCEPT_LENGTH + 1], response[256];
  accept_key(key, strcspn(key, " \r"), answer);
  int length = snprintf(response, sizeof response,
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", answer);
  if (write(connection->fd, response, (size_t)length) != length) fail("the response was not written: %s", strerror(errno));
}

/** Gives the end of the head, NULL while it is not there. */
static const char *read_head(struct connection *connection, const uint8_t *bytes, size_t length)
{
  if (connection->head_length + length >= MAX_HEAD) fail("a head of more than %d bytes", MAX_HEAD);
  memcpy(connection->head + connection->head_length, bytes, length);
  connection->head_length += length;
  connection->head[connection->head_length] = 0;
  const char *blank = strstr(connection->head, "\r\n\r\n");
  return blank == NULL ? NULL : blank + 4;
}

void watch_room(struct connection *connection, bool watches)
{
  if (watches == connection->watches_room) return;
  connection->watches_room = watches;
  watch(connection, EPOLL_CTL_MOD, watches ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void write_more(struct connection *connection)
{
  ssize_t written = send(connection->fd, connection->out, (size_t)(connection->out_end - connection->out), MSG_NOSIGNAL);
  if (written < 0 && errno != EAGAIN) fail("write: %s", strerror(errno));
  if (written > 0) connection->out += written;
  if (settings.on_room == NULL) watch_room(connection, connection->out < connection->out_end);
}

void send_frames(struct connection *connection, uint32_t count, uint64_t now)
{
  const struct ring *ring = &settings.ring;
  size_t start = ring->frames[connection->next].start;
  uint32_t last = connection->next + count - 1;
  size_t end = last < ring->count ? ring->frames[last].end : ring->length + ring->frames[last - ring->count].end;
  bool is_first = connection->out == connection->out_end;
  if (is_first) {
    connection->out = connection->out_end = ring->bytes + start;
  } else if (connection->out >= ring->bytes + ring->length) {
    connection->out -= ring->length;
    connection->out_end -= ring->length;
  }
  connection->out_end += end - start;
  connection->next = (connection->next + count) % ring->count;
  connection->sent += count;
  if (connection->sent_at) {
    for (uint32_t i = 0; i < count; i++)
      connection->sent_at[(connection->sent_first + connection->sent_count + i) % settings.in_flight] = now;
    connection->sent_count += count;
  }
  if (is_first) write_more(connection);
}

void send_bytes(struct connection *connection, const uint8_t *bytes, size_t length)
{
  connection->out = bytes;
  connection->out_end = bytes + length;
  write_more(connection);
}

/** An echo has the bytes of the frame that was sent, whatever the masks of both. */
static void check_payload(struct connection *connection, const uint8_t *payload, size_t length)
{
  const struct reader *reader = &connection->reader;
  const struct frame *frame = &settings.ring.frames[connection->expected];
  if (reader->is_compressed || frame->is_compressed) return;
  size_t at = (size_t)(reader->message_length - reader->frame_length + reader->frame_at) - length;
  if (at + length > frame->end - frame->payload) fail("an answer is longer than the message");
  const uint8_t *sent_key = (const uint8_t *)&frame->key, *key = (const uint8_t *)&reader->key;
  size_t frame_at = (size_t)reader->frame_at - length;
  for (size_t i = 0; i < length; i++) {
    uint8_t sent = settings.ring.bytes[frame->payload + at + i] ^ sent_key[(at + i) & 3];
    if ((payload[i] ^ key[(frame_at + i) & 3]) != sent) fail("an answer has other bytes than the message");
  }
}

static void read_number(struct connection *connection, const uint8_t *digits, size_t length)
{
  for (size_t i = 0; i < length; i++) connection->number = connection->number * 10 + (digits[i] - (unsigned)'0');
}

static void check_message(struct connection *connection, uint64_t now)
{
  const struct reader *reader = &connection->reader;
  if (settings.expects_numbers) return;
  const struct frame *frame = &settings.ring.frames[connection->expected];
  if (reader->opcode != frame->opcode) fail("an answer has opcode %d instead of %d", reader->opcode, frame->opcode);
  if (reader->is_compressed != settings.is_compressed) fail("an answer is %scompressed", reader->is_compressed ? "" : "not ");
  if (!reader->is_compressed && reader->message_length != frame->end - frame->payload)
    fail("an answer has %llu bytes instead of %zu", (unsigned long long)reader->message_length, frame->end - frame->payload);
  if (++connection->expected == settings.ring.count) connection->expected = 0;
  if (connection->sent_at) {
    if (connection->sent_count == 0) fail("an answer to nothing");
    record_latency(now - connection->sent_at[connection->sent_first]);
    if (++connection->sent_first == settings.in_flight) connection->sent_first = 0;
    connection->sent_count--;
  }
}

static void read_messages(struct connection *connection, const uint8_t *at, const uint8_t *end)
{
  uint64_t now = now_ns();
  uint32_t count = 0;
  const uint8_t *payload;
  size_t length;
  for (;;) {
    switch (read_frames(&connection->reader, &at, end, &payload, &length)) {
    case PAYLOAD:
      if (connection->reader.is_control) break;
      if (settings.expects_numbers) read_number(connection, payload, length);
      else if (settings.checks_payloads) check_payload(connection, payload, length);
      break;
    case MESSAGE_END:
      check_message(connection, now);
      count++;
      break;
    case CONTROL_END:
      // Pings need no answer for as long as a run takes.
      if (connection->reader.opcode == OPCODE_CLOSE) connection->has_close = true;
      break;
    case NEED_BYTES:
      if (count > 0) settings.on_messages(connection, count, now);
      return;
    }
  }
}

static void on_readable(struct connection *connection)
{
  ssize_t length = recv(connection->fd, input, sizeof input, 0);
  if (length < 0 && errno == EAGAIN) return;
  if (length <= 0) {
    if (connection->state != OPEN || settings.on_end == NULL) fail("a connection was closed: %s", length < 0 ? strerror(errno) : "end of stream");
    settings.on_end(connection);
    return;
  }
  const uint8_t *at = input, *end = input + length;
  if (connection->state == SHAKING_HANDS) {
    size_t before = connection->head_length;
    const char *head_end = read_head(connection, input, (size_t)length);
    if (head_end == NULL) return;
    at += (size_t)(head_end - connection->head) - before;
    if (settings.listens) answer_request(connection);
    else check_response(connection->head);
    free(connection->head);
    connection->head = NULL;
    connection->state = OPEN;
    settings.on_open(connection);
  }
  if (at < end) read_messages(connection, at, end);
}

void on_event(struct connection *connection, uint32_t events)
{
  if (connection->state == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) fail("connect: %s", strerror(error));
    send_request(connection);
    return;
  }
  if (events & EPOLLOUT) {
    if (connection->out < connection->out_end) write_more(connection);
    else if (settings.on_room) settings.on_room(connection);
  }
  if (events & ~(uint32_t)EPOLLOUT) on_readable(connection);
}
