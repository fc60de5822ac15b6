"""What gauge.ts is for victims on Node: measures the process."""

import asyncio
import gc
import json
import logging
import os
import re
import resource
import time

TICK = 0.01
accidents = []
delays = []
cpu_before = 0
waited_before = 0


def silence(loop):
    """No log of what attacks provoke on purpose; what nobody caught is kept."""
    logging.disable(logging.CRITICAL)
    loop.set_exception_handler(lambda _, context: accidents.append(str(context.get("exception") or context["message"])))


async def watch():
    while True:
        before = time.perf_counter()
        await asyncio.sleep(TICK)
        delays.append(max(0, time.perf_counter() - before - TICK) * 1000)


def status(name):
    with open("/proc/self/status") as file:
        return 1024 * int(re.search(rf"^{name}:\s+(\d+) kB$", file.read(), re.M)[1])


def is_socket(descriptor):
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket:")
    except OSError:
        return False


def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (usage.ru_utime + usage.ru_stime)


def waited():
    with open("/proc/self/schedstat") as file:
        return int(file.read().split()[1]) / 1e6


def mark():
    global cpu_before, waited_before
    gc.collect()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    delays.clear()
    cpu_before = used()
    waited_before = waited()
    return gauge()


def gauge():
    ordered = sorted(delays) or [0]
    return {
        "rssBytes": status("VmRSS"),
        "peakBytes": status("VmHWM"),
        "delayMaxMs": ordered[-1],
        "delayP99Ms": ordered[int(0.99 * (len(ordered) - 1))],
        "cpuMs": used() - cpu_before,
        "waitedMs": waited() - waited_before,
        # Those of the loop itself and of a listener are in the first reading too.
        "sockets": sum(is_socket(name) for name in os.listdir("/proc/self/fd")),
        "accidents": accidents,
    }


def say(message):
    print(json.dumps(message), flush=True)
