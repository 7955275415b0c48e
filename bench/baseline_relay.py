"""The yardstick of the chat benchmarks: a relay that keeps nothing, in one uvicorn process.

`/ws/{name}` opens a connection; `{"to": …, "message": …}` goes from memory to the peer as `message` and
comes back to the sender as `sent`. No store, no Redis, no gateway, no sign-in: what is left is what any
such server must do, parse a frame and write two. Plain ASGI and msgspec, because a slow yardstick would
flatter Parley.
"""

import msgspec
from starlette.types import Receive, Scope, Send


class Command(msgspec.Struct, gc=False):
    to: str
    message: str


class Event(msgspec.Struct, gc=False):
    type: str
    sender_username: str
    receiver_username: str
    message: str


decode = msgspec.json.Decoder(Command).decode
encode = msgspec.json.Encoder().encode
connections: dict[str, Send] = {}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "websocket"
    name = scope["path"].rpartition("/")[2]
    await receive()
    await send({"type": "websocket.accept"})
    connections[name] = send
    await send({"type": "websocket.send", "text": '{"type":"ready"}'})
    try:
        await _relay(name, receive, send)
    finally:
        if connections.get(name) is send:
            del connections[name]


async def _relay(name: str, receive: Receive, send: Send) -> None:
    while (frame := await receive())["type"] == "websocket.receive":
        command = decode(frame["text"])
        await _deliver(connections[command.to], "message", name, command)
        await _deliver(send, "sent", name, command)


async def _deliver(send: Send, kind: str, name: str, command: Command) -> None:
    event = Event(kind, name, command.to, command.message)
    await send({"type": "websocket.send", "text": encode(event).decode()})
