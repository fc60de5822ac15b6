"""A client of Python's websockets under attack, with its defaults. Does what outcomes.ts does for clients on Node."""

import asyncio
import json
import ssl
import sys
import time

import websockets
from gauge import gauge, mark, say, silence, watch

SETTINGS = json.loads(sys.argv[1])
OPTIONS = {
    keyword: SETTINGS[name] / 1000
    for name, keyword in {
        "openTimeoutMs": "open_timeout",
        "closeTimeoutMs": "close_timeout",
        "pingIntervalMs": "ping_interval",
        "pingTimeoutMs": "ping_timeout",
    }.items()
    if name in SETTINGS
}


async def visit(url):
    options = dict(OPTIONS)
    if url.startswith("wss:"):
        options["ssl"] = ssl.create_default_context()
        options["ssl"].check_hostname = False
        options["ssl"].verify_mode = ssl.CERT_NONE
    try:
        connection = await websockets.connect(url, **options)
        async for _ in connection:
            pass
        return "closed"
    except websockets.ConnectionClosed as error:
        return f"{type(error).__name__} {error.sent.code if error.sent else 1006}"
    except Exception as error:
        return type(error).__name__


async def echo(url):
    connection = await websockets.connect(url)
    await connection.send("are you there?")
    await connection.recv()
    connection.transport.abort()


async def obey(orders):
    endings = {}
    probes = []
    over = False

    async def probe():
        while True:
            begin = time.perf_counter()
            try:
                await echo(orders["honest"])
                probes.append({"targetMs": (time.perf_counter() - begin) * 1000, "twinMs": None})
            except Exception:
                probes.append({"targetMs": None, "twinMs": None})
            await asyncio.sleep(0.025)
            if over:
                return

    probing = asyncio.create_task(probe())
    for _ in range(orders["visits"]):
        try:
            ending = await asyncio.wait_for(visit(orders["hostile"]), orders["visitMs"] / 1000)
        except asyncio.TimeoutError:
            ending = "open"
        endings[ending] = endings.get(ending, 0) + 1
    over = True
    await probing
    return {"endings": endings, "probes": probes}


async def main():
    loop = asyncio.get_running_loop()
    silence(loop)
    watching = asyncio.create_task(watch())
    say({"version": websockets.__version__})
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        line = line.strip()
        say(mark() if line == "mark" else gauge() if line == "read" else await obey(json.loads(line)))
    watching.cancel()


asyncio.run(main())
