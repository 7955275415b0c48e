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

PATH = "/ws/{key}"
OPENING_AT_ONCE = 50
OPENING_TIME_S_MAX = 30.0


class Event(msgspec.Struct, gc=False):
    """`online` is a list of names in `ready`, and whether `username` is online in `presence`."""

    type: str
    message: str = ""
    code: str = ""
    conversation: str = ""
    seq: int = 0
    id: int = 0
    username: str = ""
    online: bool | tuple[str, ...] = ()


decode = msgspec.json.Decoder(Event).decode


class Connection(WSListener):
    """One open WebSocket. All events but `ready` go to `on_event`."""

    transport: WSTransport

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self.on_event = on_event
        self.ready: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self.closed = False

    def send(self, frame: bytes) -> None:
        self.transport.send(WSMsgType.TEXT, frame)

    def cut(self) -> None:
        """End it as a network does, without a closing frame."""
        self.transport.underlying_transport.abort()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        event = decode(frame.get_payload_as_memoryview())
        if event.type == "ready":
            self.ready.set_result(event)
        else:
            self.on_event(event)

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        self.closed = True
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("closed before it was ready"))


async def connect(url: str, on_event: Callable[[Event], None] | None = None) -> Connection:
    """A ready connection; without `on_event` events are ignored until it gets one."""
    _, connection = await ws_connect(lambda: Connection(on_event or _ignore), url)
    assert isinstance(connection, Connection)
    await connection.ready
    return connection


@asynccontextmanager
async def connected(ws_url: str, people: Sequence[Person], *, path: str = PATH) -> AsyncIterator[list[Connection]]:
    """One ready connection for each of `people`, in their order. `path` says where the key goes."""
    opening = asyncio.Semaphore(OPENING_AT_ONCE)

    async def open_one(person: Person) -> Connection:
        async with opening, asyncio.timeout(OPENING_TIME_S_MAX):
            return await connect(ws_url + path.format(key=person.key))

    connections = await asyncio.gather(*map(open_one, people))
    try:
        yield connections
    finally:
        for connection in connections:
            connection.transport.disconnect()


def _ignore(_event: Event) -> None: ...
