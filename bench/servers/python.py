# Python's websockets, with its C extension, on asyncio.
import asyncio
import gc
import json
import ssl
import sys

import websockets

try:
    from websockets.asyncio.server import broadcast, serve
except ImportError:  # before 13
    from websockets.legacy.protocol import broadcast
    from websockets.legacy.server import serve

ORDERS = json.loads(sys.argv[1])
connections = set()
count = 0


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def broadcast_all(connection):
    connections.add(connection)
    try:
        async for message in connection:
            broadcast(connections, message)
    finally:
        connections.discard(connection)


async def receive(connection):
    global count
    async for message in connection:
        if isinstance(message, str):
            await connection.send(str(count))
        else:
            count += 1


def say(message):
    print(json.dumps(message), flush=True)


async def quietly(connection):
    try:
        await {"echo": echo, "broadcast": broadcast_all, "receive": receive}[ORDERS["mode"]](connection)
    except websockets.ConnectionClosed:
        pass  # a load ends without a close frame


async def main():
    options = {}
    if ORDERS.get("tls"):
        options["ssl"] = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        options["ssl"].load_cert_chain(ORDERS["tls"]["cert"], ORDERS["tls"]["key"])
    if not ORDERS["isCompressed"]:
        options["compression"] = None
    async with serve(quietly, "127.0.0.1", 0, **options) as server:
        say({"port": server.sockets[0].getsockname()[1], "version": websockets.__version__})
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            gc.collect()
            say({})


asyncio.run(main())
