// What this process has cost so far: processor time of all of its threads, user and system.
export function usage() {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return {
    nowMicros: performance.now() * 1000,
    cpuMicros: userCPUTime + systemCPUTime,
    rssBytes: process.memoryUsage.rss(),
  };
}
