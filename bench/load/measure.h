// Clocks, processor time and latencies: what a load generator has to say about a run. Knows no sockets.
#pragma once
#include <stdint.h>
#include <sys/types.h>

/** Nanoseconds of a clock that never goes back. */
uint64_t now_ns(void);

/** Processor time of a whole process so far, user and system, all threads, in nanoseconds. Ends the program when there is none. */
uint64_t cpu_ns(pid_t pid);

/** Raises the limit on open files as far as it goes, and ends the program when that is not enough. */
void need_files(uint64_t count);

/** One more latency for the histogram: 64 steps to each doubling, so that a percentile is exact within 1.6 %. */
void record_latency(uint64_t ns);

/** From here on counts: notes the clocks and forgets the latencies until now. */
void start_measuring(pid_t subject);

/** The line that a program ends with: what was measured since the start, as JSON. */
void report(uint64_t messages);

/** Says why, and ends the program. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);
