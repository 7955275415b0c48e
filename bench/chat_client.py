"""A light chat client: many WebSockets in one process, picows for the frames, msgspec for the fields that
count.

The same code talks to Parley and to the bare relay.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.people import Person

OPENING_AT_ONCE = 50
OPENING_TIME_S_MAX = 30.0


class Event(msgspec.Struct, gc=False):
    type: str
    message: str = ""
    code: str = ""


decode = msgspec.json.Decoder(Event).decode


class Connection(WSListener):
    """One open WebSocket. All events but `ready` go to `on_event`, which at first ignores them."""

    transport: WSTransport

    def __init__(self) -> None:
        self.on_event: Callable[[Event], None] = _ignore
        self.ready = asyncio.get_running_loop().create_future()
        self.closed = False

    def send(self, frame: bytes) -> None:
        self.transport.send(WSMsgType.TEXT, frame)

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        event = decode(frame.get_payload_as_memoryview())
        if event.type == "ready":
            self.ready.set_result(None)
        else:
            self.on_event(event)

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        self.closed = True
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("closed before it was ready"))


@asynccontextmanager
async def connected(ws_url: str, people: Sequence[Person]) -> AsyncIterator[list[Connection]]:
    """One ready connection for each of `people`, in their order."""
    opening = asyncio.Semaphore(OPENING_AT_ONCE)

    async def connect(person: Person) -> Connection:
        async with opening, asyncio.timeout(OPENING_TIME_S_MAX):
            _, connection = await ws_connect(Connection, f"{ws_url}/ws/{person.key}")
            assert isinstance(connection, Connection)
            await connection.ready
        return connection

    connections = await asyncio.gather(*map(connect, people))
    try:
        yield connections
    finally:
        for connection in connections:
            connection.transport.disconnect()


def _ignore(_event: Event) -> None: ...
