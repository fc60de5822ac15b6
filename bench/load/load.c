// The load: clients of a server under test, or the server of a client under test, all in one thread, made so that the other
// side is the busier of both. Looks at what comes back, and ends with a complaint when it is wrong. bench/README.md explains
// modes and figures.
#define _GNU_SOURCE
#include "connection.h"
#include "measure.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { AT_ONCE = 64, EVENTS = 512, PATIENCE_SECONDS = 60, FLOOD_BYTES = 65536 };

/** A way to load the other side. */
struct mode {
  const char *name;
  /** A phase begins. */
  void (*start)(void);
  /** Whether all that was sent is dealt with, now that `is_stopping`: only then can messages and processor time be compared. */
  bool (*is_at_rest)(void);
  /** Messages that the other side has dealt with, ever. */
  uint64_t (*count)(void);
  void (*on_open)(struct connection *);
  void (*on_messages)(struct connection *, uint32_t count, uint64_t now);
  void (*on_room)(struct connection *);
  void (*on_end)(struct connection *);
};

static struct connection *connections;
static uint32_t connection_count = 64, message_limit;
static uint32_t opened, opening;
static uint64_t received;
/** A phase is over: nothing new is sent. */
static bool is_stopping;

static uint64_t count_received(void) { return received; }

static void on_one_more_open(struct connection *connection)
{
  (void)connection;
  opened++;
  opening--;
}

// --- echo: each answer sends the next message.

static uint64_t on_their_way;

static void start_echo(void)
{
  on_their_way = (uint64_t)connection_count * settings.in_flight;
  for (uint32_t i = 0; i < connection_count; i++) send_frames(&connections[i], settings.in_flight, now_ns());
}

static void on_echo(struct connection *connection, uint32_t count, uint64_t now)
{
  received += count;
  if (is_stopping) on_their_way -= count;
  else send_frames(connection, count, now);
}

static bool is_echo_at_rest(void) { return on_their_way == 0; }

// --- hold: some messages on each connection, one after the other, and nothing more until stdin ends.

static void start_hold(void)
{
  for (uint32_t i = 0; i < connection_count && message_limit > 0; i++) send_frames(&connections[i], 1, now_ns());
}

static void on_held_message(struct connection *connection, uint32_t count, uint64_t now)
{
  received += count;
  if (connection->sent < message_limit) send_frames(connection, 1, now);
}

static bool is_holding(void) { return received == (uint64_t)connection_count * message_limit; }

// --- broadcast: the server sends everybody what the first connection says, which goes on when all have heard it.

static uint64_t broadcast_at;
static uint32_t deliveries;

static void start_broadcast(void)
{
  deliveries = 0;
  broadcast_at = now_ns();
  send_frames(&connections[0], 1, broadcast_at);
}

static void on_delivery(struct connection *connection, uint32_t count, uint64_t now)
{
  (void)connection;
  received += count;
  deliveries += count;
  for (uint32_t i = 0; i < count; i++) record_latency(now - broadcast_at);
  if (deliveries == connection_count && !is_stopping) start_broadcast();
}

static bool is_broadcast_at_rest(void) { return deliveries == connection_count; }

// --- receive: sends as fast as the server reads; to rest, asks on each connection how many messages have come on all of
// them: the highest answer is how many were sent.

static const uint8_t QUESTION[] = { 0x81, 0x85, 0, 0, 0, 0, 'c', 'o', 'u', 'n', 't' };
static uint32_t answers;
static uint64_t highest_number;

static uint64_t count_sent(void)
{
  uint64_t sent = 0;
  for (uint32_t i = 0; i < connection_count; i++) sent += connections[i].sent;
  return sent;
}

static void start_receive(void)
{
  answers = 0;
  for (uint32_t i = 0; i < connection_count; i++) {
    connections[i].number = UINT64_MAX;
    watch_room(&connections[i], true);
  }
}

static void on_flood_room(struct connection *connection)
{
  if (!is_stopping) {
    send_frames(connection, settings.ring.count, 0);
  } else if (connection->number == UINT64_MAX) {
    connection->number = 0;
    send_bytes(connection, QUESTION, sizeof QUESTION);
  } else {
    watch_room(connection, false);
  }
}

static void on_number(struct connection *connection, uint32_t count, uint64_t now)
{
  (void)now;
  if (!is_stopping || count != 1) fail("an answer that nobody asked for");
  if (connection->number > highest_number) highest_number = connection->number;
  if (++answers < connection_count) return;
  if (highest_number != count_sent())
    fail("the server says that %llu of %llu messages came", (unsigned long long)highest_number, (unsigned long long)count_sent());
}

static bool is_receive_at_rest(void) { return answers == connection_count; }

// --- open-close: opens, says goodbye, waits for the server's goodbye and its end of the stream, again and again.

static const uint8_t GOODBYE[] = { 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8 };
static uint32_t busy_count;

static void start_open_close(void)
{
  busy_count = connection_count;
  for (uint32_t i = 0; i < connection_count; i++) open_connection(&connections[i]);
}

static void say_goodbye(struct connection *connection) { send_bytes(connection, GOODBYE, sizeof GOODBYE); }

static void on_goodbye(struct connection *connection)
{
  if (!connection->has_close) fail("the server closed a connection without a close frame");
  close_connection(connection);
  received++;
  record_latency(now_ns() - connection->opened_at);
  if (is_stopping) busy_count--;
  else open_connection(connection);
}

static bool is_open_close_at_rest(void) { return busy_count == 0; }

static void on_unexpected_message(struct connection *connection, uint32_t count, uint64_t now)
{
  (void)connection, (void)count, (void)now;
  fail("a message that nobody asked for");
}

// ---

static const struct mode MODES[] = {
  { .name = "echo", .start = start_echo, .is_at_rest = is_echo_at_rest, .count = count_received,
    .on_open = on_one_more_open, .on_messages = on_echo },
  { .name = "hold", .start = start_hold, .is_at_rest = is_holding, .count = count_received,
    .on_open = on_one_more_open, .on_messages = on_held_message },
  { .name = "broadcast", .start = start_broadcast, .is_at_rest = is_broadcast_at_rest, .count = count_received,
    .on_open = on_one_more_open, .on_messages = on_delivery },
  { .name = "receive", .start = start_receive, .is_at_rest = is_receive_at_rest, .count = count_sent,
    .on_open = on_one_more_open, .on_messages = on_number, .on_room = on_flood_room },
  { .name = "open-close", .start = start_open_close, .is_at_rest = is_open_close_at_rest, .count = count_received,
    .on_open = say_goodbye, .on_messages = on_unexpected_message, .on_end = on_goodbye },
};

static const struct mode *find_mode(const char *name)
{
  for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++)
    if (strcmp(MODES[i].name, name) == 0) return &MODES[i];
  fail("no mode %s", name);
}

static int listening = -1;

static void accept_all(void)
{
  while (opened + opening < connection_count && accept_connection(&connections[opened + opening], listening)) opening++;
}

/** Lets things happen until it is time, or a condition holds. */
static void run(double for_seconds, bool (*is_done)(void))
{
  static struct epoll_event events[EVENTS];
  uint64_t deadline = now_ns() + (uint64_t)(for_seconds * 1e9);
  for (;;) {
    uint64_t now = now_ns();
    if (is_done && is_done()) return;
    if (now >= deadline) {
      if (is_done) fail("no answer for %d s", PATIENCE_SECONDS);
      return;
    }
    int count = epoll_wait(settings.epoll, events, EVENTS, (int)((deadline - now) / 1000000) + 1);
    if (count < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr) on_event(events[i].data.ptr, events[i].events);
      else accept_all();
    }
  }
}

static bool has_slot(void) { return opening < AT_ONCE; }
static bool are_all_open(void) { return opened == connection_count; }

static void open_all(void)
{
  for (uint32_t i = 0; i < connection_count; i++) {
    opening++;
    open_connection(&connections[i]);
    run(PATIENCE_SECONDS, has_slot);
  }
  run(PATIENCE_SECONDS, are_all_open);
}

/** Tells where it listens, hears on stdin which process is the client, and waits for its connections. */
static pid_t serve_all(void)
{
  listening = listen_for_connections();
  printf("{\"port\":%d}\n", settings.port);
  fflush(stdout);
  char line[32];
  if (fgets(line, sizeof line, stdin) == NULL) fail("stdin does not say who is the client");
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
  epoll_ctl(settings.epoll, EPOLL_CTL_ADD, listening, &event);
  run(PATIENCE_SECONDS, are_all_open);
  return atoi(line);
}

static void begin_phase(const struct mode *mode)
{
  is_stopping = false;
  mode->start();
}

static void end_phase(const struct mode *mode)
{
  is_stopping = true;
  run(PATIENCE_SECONDS, mode->is_at_rest);
}

/** Until the other side has used so much processor time, which on a busy machine takes longer; but not for ever. */
static void warm_up(const struct mode *mode, pid_t subject, double cpu_seconds)
{
  uint64_t end = cpu_ns(subject) + (uint64_t)(cpu_seconds * 1e9);
  begin_phase(mode);
  for (int slice = 0; slice < 100 && cpu_ns(subject) < end; slice++) run(cpu_seconds / 10, NULL);
  end_phase(mode);
}

struct orders {
  const struct mode *mode;
  const char *frames;
  pid_t subject;
  double warm_up, seconds;
};

/** Reads the command line: into the settings what connections have to know. */
static struct orders read_orders(int count, char **arguments)
{
  static const struct option OPTIONS[] = {
    { "mode", required_argument, NULL, 'm' },        { "frames", required_argument, NULL, 'f' },
    { "host", required_argument, NULL, 'h' },        { "port", required_argument, NULL, 'p' },
    { "pid", required_argument, NULL, 'i' },         { "listen", no_argument, NULL, 'L' },
    { "connections", required_argument, NULL, 'c' }, { "in-flight", required_argument, NULL, 'n' },
    { "messages", required_argument, NULL, 'l' },    { "compressed", no_argument, NULL, 'z' },
    { "warm-up", required_argument, NULL, 'w' },     { "seconds", required_argument, NULL, 's' },
    { NULL, 0, NULL, 0 },
  };
  struct orders orders = { .mode = &MODES[0], .warm_up = 1, .seconds = 1 };
  settings.host = "127.0.0.1";
  settings.in_flight = 1;
  int option;
  while ((option = getopt_long(count, arguments, "", OPTIONS, NULL)) != -1) {
    switch (option) {
    case 'm': orders.mode = find_mode(optarg); break;
    case 'f': orders.frames = optarg; break;
    case 'h': settings.host = optarg; break;
    case 'p': settings.port = atoi(optarg); break;
    case 'i': orders.subject = atoi(optarg); break;
    case 'L': settings.listens = true; break;
    case 'c': connection_count = (uint32_t)atoi(optarg); break;
    case 'n': settings.in_flight = (uint32_t)atoi(optarg); break;
    case 'l': message_limit = (uint32_t)atoi(optarg); break;
    case 'z': settings.is_compressed = true; break;
    case 'w': orders.warm_up = atof(optarg); break;
    case 's': orders.seconds = atof(optarg); break;
    default: exit(2);
    }
  }
  bool has_subject = settings.listens || (orders.subject != 0 && settings.port != 0);
  if (!has_subject || orders.frames == NULL || connection_count == 0 || settings.in_flight == 0)
    fail("needs at least --frames, and --listen or --port and --pid");
  return orders;
}

static void prepare(const struct orders *orders)
{
  const struct mode *mode = orders->mode;
  bool is_receive = mode->start == start_receive;
  need_files(connection_count);
  settings.ring = read_ring(orders->frames, settings.in_flight, is_receive ? FLOOD_BYTES : 0);
  settings.epoll = epoll_create1(EPOLL_CLOEXEC);
  settings.checks_payloads = true;
  settings.expects_numbers = is_receive;
  settings.on_open = mode->on_open;
  settings.on_messages = mode->on_messages;
  settings.on_room = mode->on_room;
  settings.on_end = mode->on_end;
  connections = calloc(connection_count, sizeof *connections);
  bool has_latencies = mode->start == start_echo;
  for (uint32_t i = 0; i < connection_count && has_latencies; i++)
    connections[i].sent_at = calloc(settings.in_flight, sizeof(uint64_t));
}

/** Keeps everything as it is, once the messages are answered, until stdin ends. */
static void hold(void)
{
  start_hold();
  run(PATIENCE_SECONDS, is_holding);
  puts("{\"isHolding\":true}");
  fflush(stdout);
  while (getchar() != EOF) continue;
}

int main(int argument_count, char **arguments)
{
  struct orders orders = read_orders(argument_count, arguments);
  const struct mode *mode = orders.mode;
  prepare(&orders);
  if (settings.listens) orders.subject = serve_all();
  else if (mode->on_open == on_one_more_open) open_all();

  if (mode->start == start_hold) {
    hold();
    return 0;
  }
  warm_up(mode, orders.subject, orders.warm_up);
  settings.checks_payloads = false;
  start_measuring(orders.subject);
  uint64_t before = mode->count();
  begin_phase(mode);
  run(orders.seconds, NULL);
  end_phase(mode);
  report(mode->count() - before);
  return 0;
}
