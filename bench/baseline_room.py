"""The yardstick of rooms: a server that writes each message to every connection, with nothing in between.

No store, no Redis, no gateway, no sign-in, and picows instead of ASGI: what is left is one `send` a member.
"""

import sys

import msgspec
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server


class Command(msgspec.Struct, gc=False):
    message: str


class Event(msgspec.Struct, gc=False):
    type: str
    conversation: str
    seq: int
    message: str


decode = msgspec.json.Decoder(Command).decode
encode = msgspec.json.Encoder().encode


class Room:
    def __init__(self) -> None:
        self.members: set[WSTransport] = set()
        self._last_seq = 0

    def say(self, message: str) -> None:
        self._last_seq += 1
        frame = encode(Event("message", "#lobby", self._last_seq, message))
        for member in self.members:
            member.send(WSMsgType.TEXT, frame)


class Member(WSListener):
    def __init__(self, room: Room) -> None:
        self._room = room

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._room.members.add(transport)
        transport.send(WSMsgType.TEXT, b'{"type":"ready"}')

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self._room.say(decode(frame.get_payload_as_memoryview()).message)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._room.members.discard(transport)


async def serve(port: int) -> None:
    room = Room()
    server = await ws_create_server(lambda _: Member(room), "127.0.0.1", port, backlog=1_000)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
