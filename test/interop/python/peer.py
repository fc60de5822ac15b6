"""Python's websockets as a peer: takes orders as lines of JSON on stdin, and tells on stdout what happens.

Orders have an "id", and are answered with {"done": id, ...} or {"failed": id, "error": ...}. Events are {"opened": end,
"by": id}, {"message": end, ...} and {"ended": end, ...}. Binary is Base64. Works with the asyncio and the legacy API.
"""

import asyncio
import base64
import json
import ssl
import sys

import websockets
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

ends = {}
servers = {}
tasks = set()


def in_background(coroutine):
    """The event loop itself does not hold on to its tasks."""
    task = asyncio.create_task(coroutine)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


def tell(**event):
    print(json.dumps(event), flush=True)


def encode(message):
    if isinstance(message, str):
        return {"text": message}
    return {"bytes": base64.b64encode(message).decode()}


def decode(message):
    return message["text"] if "text" in message else base64.b64decode(message["bytes"])


def options(order, factory):
    """What the order says beyond where to go, in the library's own words."""
    chosen = {"ping_interval": None}
    if "subprotocols" in order:
        chosen["subprotocols"] = order["subprotocols"]
    if "max_size" in order:
        chosen["max_size"] = order["max_size"]
    if order["compression"] is None:
        chosen["compression"] = None
    elif order["compression"]:
        chosen["extensions"] = [factory(**order["compression"])]
    return chosen


async def attend(connection, by):
    """Tells everything about a connection, from its beginning to its end."""
    end = len(ends) + 1
    ends[end] = connection
    tell(opened=end, by=by, subprotocol=connection.subprotocol)
    try:
        async for message in connection:
            tell(message=end, **encode(message))
    except websockets.ConnectionClosedError:
        pass
    await connection.wait_closed()
    tell(ended=end, code=connection.close_code, reason=connection.close_reason)


async def do_connect(order):
    chosen = options(order, ClientPerMessageDeflateFactory)
    if "ca" in order:
        chosen["ssl"] = ssl.create_default_context(cafile=order["ca"])
        # From Python 3.13 on it would want more of an authority than a self-signed certificate says.
        chosen["ssl"].verify_flags &= ~ssl.VERIFY_X509_STRICT
    if "path" in order:
        connection = await websockets.unix_connect(order["path"], order["uri"], **chosen)
    else:
        connection = await websockets.connect(order["uri"], **chosen)
    in_background(attend(connection, order["id"]))


async def do_serve(order):
    chosen = options(order, ServerPerMessageDeflateFactory)
    if "cert" in order:
        chosen["ssl"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        chosen["ssl"].load_cert_chain(order["cert"], order["key"])

    async def handler(connection):
        await attend(connection, order["id"])

    if "path" in order:
        servers[order["id"]] = await websockets.unix_serve(handler, order["path"], **chosen)
        return {}
    server = await websockets.serve(handler, order["host"], 0, **chosen)
    servers[order["id"]] = server
    return {"port": list(server.sockets)[0].getsockname()[1]}


async def do_stop(order):
    server = servers.pop(order["server"])
    server.close()
    await server.wait_closed()


async def do_send(order):
    await ends[order["end"]].send(decode(order))


async def do_send_fragments(order):
    await ends[order["end"]].send([decode(fragment) for fragment in order["fragments"]])


async def do_ping(order):
    await (await ends[order["end"]].ping(order["data"]))


async def do_close(order):
    connection = ends[order["end"]]
    if "code" in order:
        await connection.close(order["code"], order["reason"])
    elif hasattr(connection, "write_close_frame"):  # the legacy API
        await connection.write_close_frame(websockets.frames.Close(1005, ""), b"")
    else:
        async with connection.send_context():
            connection.protocol.send_close()


async def do_abort(order):
    ends[order["end"]].transport.abort()


async def obey(order):
    try:
        answer = await globals()["do_" + order["do"]](order) or {}
        tell(done=order["id"], **answer)
    except Exception as error:
        tell(failed=order["id"], error=repr(error))


async def main():
    reader = asyncio.StreamReader(limit=2**26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        in_background(obey(json.loads(line)))


asyncio.run(main())
