"""
Runs cases through the sans-I/O layers of the websockets and wsproto libraries.

A line of JSON in is a list of cases, a line of JSON out a list of outcomes, one for each library: see ours.js. Bytes are
strings of ISO-8859-1.
"""

import json
import logging
import sys

import wsproto
import wsproto.connection
import wsproto.events
import wsproto.extensions
import wsproto.utilities
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.uri import parse_uri

try:  # since 11.0
    from websockets.protocol import SERVER, CLIENT, Protocol
    from websockets.client import ClientProtocol
    from websockets.server import ServerProtocol
except ImportError:
    from websockets.connection import SERVER, CLIENT, Connection as Protocol
    from websockets.client import ClientConnection as ClientProtocol
    from websockets.server import ServerConnection as ServerProtocol

logging.disable(logging.CRITICAL)


def websockets_frames(case):
    protocol = Protocol(SERVER if case["side"] == "server" else CLIENT, max_size=case["maxSize"])
    deflate = case["deflate"]
    if deflate is not None:
        bits = deflate["windowBits"]
        protocol.extensions = [PerMessageDeflate(deflate["noContextTakeover"], False, bits, 15)]
    protocol.receive_data(case["bytes"].encode("latin1"))
    failed = None
    if protocol.parser_exc is not None:
        failed = protocol.close_sent.code
    events = []
    closed = None
    parts = []
    kind = None
    for frame in protocol.events_received():
        if frame.opcode == 8:
            closed = [protocol.close_rcvd.code, protocol.close_rcvd.reason.encode().decode("latin1")]
        elif frame.opcode == 9:
            events.append("P" + bytes(frame.data).decode("latin1"))
        elif frame.opcode == 10:
            events.append("O" + bytes(frame.data).decode("latin1"))
        else:
            if frame.opcode != 0:
                kind = "T" if frame.opcode == 1 else "B"
                parts = []
            parts.append(bytes(frame.data))
            if frame.fin:
                message = b"".join(parts)
                if kind == "T":
                    # As its I/O layer does it when the message is read.
                    try:
                        message.decode()
                    except UnicodeDecodeError:
                        failed, closed = 1007, None
                        break
                events.append(kind + message.decode("latin1"))
    return {"events": events, "failed": failed, "closed": None if failed else closed}


def wsproto_frames(case):
    is_client = case["side"] == "client"
    extensions = []
    deflate = case["deflate"]
    if deflate is not None:
        extension = wsproto.extensions.PerMessageDeflate()
        sender = "server" if is_client else "client"
        parameters = "; %s_max_window_bits=%d" % (sender, deflate["windowBits"])
        if deflate["noContextTakeover"]:
            parameters += "; %s_no_context_takeover" % sender
        extension.finalize("permessage-deflate" + parameters)
        extensions.append(extension)
    kind = wsproto.connection.ConnectionType
    connection = wsproto.connection.Connection(kind.CLIENT if is_client else kind.SERVER, extensions)
    connection.receive_data(case["bytes"].encode("latin1"))
    events = []
    failed = None
    closed = None
    message = b""
    try:
        for event in connection.events():
            if isinstance(event, wsproto.events.Ping):
                events.append("P" + bytes(event.payload).decode("latin1"))
            elif isinstance(event, wsproto.events.Pong):
                events.append("O" + bytes(event.payload).decode("latin1"))
            elif isinstance(event, wsproto.events.CloseConnection):
                if connection.state is wsproto.connection.ConnectionState.OPEN:
                    failed = int(event.code)
                else:
                    closed = [int(event.code), (event.reason or "").encode().decode("latin1")]
            else:
                is_text = isinstance(event, wsproto.events.TextMessage)
                message += event.data.encode() if is_text else bytes(event.data)
                if event.message_finished:
                    events.append(("T" if is_text else "B") + message.decode("latin1"))
                    message = b""
    except (AssertionError, EOFError) as exc:
        return {"events": events, "failed": type(exc).__name__, "closed": None}
    return {"events": events, "failed": failed, "closed": closed}


def websockets_handshake(case):
    protocol = ServerProtocol(subprotocols=case["subprotocols"])
    try:
        protocol.receive_data(case["bytes"].encode("latin1"))
    except Exception:  # version 10 leaves it to its caller
        return "broken"
    events = protocol.events_received()
    if not events:
        # Newer versions answer what they cannot parse.
        return "broken" if getattr(protocol, "handshake_exc", None) or getattr(protocol, "parser_exc", None) else "waits"
    try:
        return protocol.accept(events[0]).status_code
    except UnicodeError:  # version 10, when it wants to say what is wrong
        return "broken"


def wsproto_handshake(case):
    connection = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
    try:
        connection.receive_data(case["bytes"].encode("latin1"))
        for event in connection.events():
            if isinstance(event, wsproto.events.Request):
                offered = [name for name in case["subprotocols"] or [] if name in event.subprotocols]
                connection.send(wsproto.events.AcceptConnection(subprotocol=offered[0] if offered else None))
                return 101
    except wsproto.utilities.RemoteProtocolError:
        return "refused"
    except Exception as exc:
        return "crashed: " + type(exc).__name__
    return "waits"


URI = parse_uri("ws://example.com/")


def reading(outcome, error=None, subprotocol=None, deflate=None, messages=()):
    return {
        "outcome": outcome,
        "error": error,
        "subprotocol": subprotocol,
        "deflate": deflate,
        "messages": list(messages),
    }


def websockets_answer(case):
    extensions = [ClientPerMessageDeflateFactory(client_max_window_bits=True)] if case["deflate"] else None
    protocol = ClientProtocol(URI, extensions=extensions, subprotocols=case["subprotocols"])
    protocol.key = case["key"]
    protocol.send_request(protocol.connect())
    try:
        protocol.receive_data(case["bytes"].encode("latin1"))
    except Exception as exc:  # version 10 leaves it to its caller
        return reading("refused", repr(exc))
    failure = getattr(protocol, "handshake_exc", None)
    if failure is not None:
        return reading("refused", repr(failure))
    if protocol.state.name == "CONNECTING":
        return reading("waits")
    agreed = protocol.extensions[0] if protocol.extensions else None
    return reading(
        "open",
        subprotocol=protocol.subprotocol,
        deflate=agreed
        and [
            agreed.remote_no_context_takeover,
            agreed.local_no_context_takeover,
            agreed.remote_max_window_bits,
            agreed.local_max_window_bits,
        ],
        messages=[
            bytes(event.data).decode("latin1")
            for event in protocol.events_received()
            if getattr(event, "opcode", None) == 1
        ],
    )


def wsproto_answer(case):
    connection = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    offered = [wsproto.extensions.PerMessageDeflate()] if case["deflate"] else []
    connection.send(
        wsproto.events.Request(
            host="example.com", target="/", subprotocols=case["subprotocols"] or [], extensions=offered
        )
    )
    connection.handshake._nonce = case["key"].encode()
    opened = None
    messages = []
    try:
        connection.receive_data(case["bytes"].encode("latin1"))
        for event in connection.events():
            if isinstance(event, wsproto.events.AcceptConnection):
                opened = event
            elif isinstance(event, wsproto.events.RejectConnection):
                return reading("refused", "status %d" % event.status_code)
            elif isinstance(event, wsproto.events.TextMessage):
                messages.append(event.data)
    except wsproto.utilities.RemoteProtocolError as exc:
        return reading("refused", str(exc))
    except Exception as exc:
        return reading("refused", "crashed: " + repr(exc))
    if opened is None:
        return reading("waits")
    agreed = opened.extensions[0] if opened.extensions else None
    return reading(
        "open",
        subprotocol=opened.subprotocol,
        deflate=agreed
        and [
            agreed.server_no_context_takeover,
            agreed.client_no_context_takeover,
            agreed.server_max_window_bits,
            agreed.client_max_window_bits,
        ],
        messages=messages,
    )


RUN = {
    "frames": {"websockets": websockets_frames, "wsproto": wsproto_frames},
    "handshake": {"websockets": websockets_handshake, "wsproto": wsproto_handshake},
    "answer": {"websockets": websockets_answer, "wsproto": wsproto_answer},
}

for line in sys.stdin:
    request = json.loads(line)
    run = RUN[request["kind"]]
    answer = {name: [function(case) for case in request["cases"]] for name, function in run.items()}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
