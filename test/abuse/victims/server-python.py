"""A server of Python's websockets under attack, with its defaults."""

import asyncio
import json
import ssl
import sys
import time

import websockets
from gauge import gauge, mark, say, silence, watch

try:
    from websockets.asyncio.server import broadcast, serve

    HAS_OPEN_TIMEOUT = True
except ImportError:  # before 13
    HAS_OPEN_TIMEOUT = False
    from websockets.legacy.protocol import broadcast
    from websockets.legacy.server import serve

SETTINGS = json.loads(sys.argv[1])
group = set()
LATE = 1.5  # LATE_MS of attack.ts


def path_of(connection):
    return connection.request.path if hasattr(connection, "request") else connection.path


async def handle(connection):
    path = path_of(connection)
    if path == "/throw":
        raise RuntimeError("thrown on purpose")
    if path == "/reject":
        await asyncio.sleep(0)
        raise RuntimeError("rejected on purpose")
    if path == "/return":
        return
    if path == "/never":
        await asyncio.Event().wait()
    if path == "/broadcast":
        group.add(connection)
    try:
        async for message in connection:
            if path == "/broadcast":
                broadcast(group, message)
            elif path == "/block":
                time.sleep(float(message) / 1000)
                await connection.send("done")
            else:
                await connection.send(message)
    except websockets.ConnectionClosed:
        pass
    finally:
        group.discard(connection)


async def main():
    loop = asyncio.get_running_loop()
    silence(loop)
    options = {}
    for name, keyword in {
        "openTimeoutMs": "open_timeout",
        "closeTimeoutMs": "close_timeout",
        "pingIntervalMs": "ping_interval",
        "pingTimeoutMs": "ping_timeout",
    }.items():
        if name in SETTINGS and (name != "openTimeoutMs" or HAS_OPEN_TIMEOUT):
            options[keyword] = SETTINGS[name] / 1000

    async def process_request(first, second):
        path = first if isinstance(first, str) else second.path
        if path == "/late":
            await asyncio.sleep(LATE)

    options["process_request"] = process_request
    if SETTINGS.get("tls"):
        options["ssl"] = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        options["ssl"].load_cert_chain(SETTINGS["tlsFiles"]["cert"], SETTINGS["tlsFiles"]["key"])
    async with serve(handle, "127.0.0.1", 0, **options) as server:
        watching = asyncio.create_task(watch())
        say({"port": server.sockets[0].getsockname()[1], "version": websockets.__version__})
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            say({"mark": mark, "read": gauge}[line.strip()]())
        watching.cancel()


asyncio.run(main())
