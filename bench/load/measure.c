// See measure.h.
#include "measure.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t clock)
{
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) fail("a clock can't be read: %s", strerror(errno));
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t now_ns(void) { return read_clock(CLOCK_MONOTONIC); }

// The clock of the other process is exact, where /proc/PID/stat counts in hundredths of a second.
uint64_t cpu_ns(pid_t pid)
{
  clockid_t clock;
  if (clock_getcpuclockid(pid, &clock) != 0) fail("no process %d", (int)pid);
  return read_clock(clock);
}

void need_files(uint64_t count)
{
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (count + 16 > limit.rlim_max) fail("%llu open files are needed, ulimit -n allows %llu", (unsigned long long)count + 16, (unsigned long long)limit.rlim_max);
}

enum { STEP_BITS = 6, STEPS = 1 << STEP_BITS, BUCKETS = 64 * STEPS };

static uint64_t histogram[BUCKETS];

void record_latency(uint64_t ns)
{
  if (ns < STEPS) {
    histogram[ns]++;
    return;
  }
  int shift = 63 - __builtin_clzll(ns) - STEP_BITS;
  histogram[(shift + 1) * STEPS + (int)((ns >> shift) - STEPS)]++;
}

static uint64_t count_latencies(void)
{
  uint64_t all = 0;
  for (int i = 0; i < BUCKETS; i++) all += histogram[i];
  return all;
}

/** Microseconds that this part of all latencies stays below. */
static double percentile(double part)
{
  uint64_t left = (uint64_t)((double)count_latencies() * part);
  int i = 0;
  for (; left >= histogram[i]; i++) left -= histogram[i];
  if (i < STEPS) return i / 1e3;
  return (double)((uint64_t)(STEPS + i % STEPS) << (i / STEPS - 1)) / 1e3;
}

static struct { pid_t subject; uint64_t at, subject_cpu, own_cpu; } start;

void start_measuring(pid_t subject)
{
  memset(histogram, 0, sizeof histogram);
  start.subject = subject;
  start.own_cpu = cpu_ns(getpid());
  start.subject_cpu = cpu_ns(subject);
  start.at = now_ns();
}

void report(uint64_t messages)
{
  uint64_t elapsed = now_ns() - start.at;
  uint64_t subject_cpu = cpu_ns(start.subject) - start.subject_cpu;
  uint64_t own_cpu = cpu_ns(getpid()) - start.own_cpu;
  printf("{\"messages\":%llu,\"elapsedNs\":%llu,\"cpuNs\":%llu,\"loadCpuNs\":%llu",
         (unsigned long long)messages, (unsigned long long)elapsed, (unsigned long long)subject_cpu, (unsigned long long)own_cpu);
  if (count_latencies() > 0)
    printf(",\"p50Us\":%.2f,\"p99Us\":%.2f,\"p999Us\":%.2f", percentile(0.5), percentile(0.99), percentile(0.999));
  puts("}");
  fflush(stdout);
}

void fail(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}
