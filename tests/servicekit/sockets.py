"""A WebSocket server under uvicorn in the test's own loop, and a client that may break every rule."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from typing import Any, ClassVar, cast

import uvicorn
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame
from websockets.frames import Opcode as ClientOpcode
from websockets.streams import StreamReader

from servicekit import frames
from servicekit.frames import Opcode
from servicekit.handshake import Handshake
from servicekit.http_protocol import HttpProtocol
from servicekit.problems import ProblemType, Refusal, RefusalTable, Unauthenticated
from servicekit.websocket import WebSocketProtocol

WAIT_S = 5.0
Change = Callable[["Echo"], None]


class NotOnTheList(Refusal):
    """The guest is known, and not welcome."""


class Echo(WebSocketProtocol):
    """Answers each message with itself, and keeps what happens to it."""

    refusals: ClassVar[RefusalTable] = {NotOnTheList: ProblemType(403, "not_on_the_list")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heard: list[bytes] = []
        self.times_closed = 0
        self.has_opened = asyncio.Event()
        self.is_closed = asyncio.Event()
        self.is_gone = asyncio.Event()
        self.has_heard = asyncio.Event()
        self.app_state["connections"].put_nowait(self)

    async def admit(self, handshake: Handshake) -> None:
        if handshake.path == "/without-token":
            raise Unauthenticated("A token is required.")
        if handshake.path == "/not-on-the-list":
            raise NotOnTheList("Not you.")
        if handshake.path == "/broken":
            raise RuntimeError("a secret of ours")

    def opened(self) -> None:
        self.has_opened.set()

    def received(self, opcode: int, payload: bytes) -> None:
        self.heard.append(payload)
        self.has_heard.set()
        if payload == b"break":
            raise LookupError("a mistake of ours")
        self.send(frames.encode(opcode, payload))

    def closed(self) -> None:
        self.times_closed += 1
        self.is_closed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.is_gone.set()

    async def hears(self, count: int) -> list[bytes]:
        """All that was heard, once it is `count` messages."""
        async with asyncio.timeout(WAIT_S):
            while len(self.heard) < count:
                self.has_heard.clear()
                await self.has_heard.wait()
        return self.heard


class Server:
    """Where the server is, and its ends of the connections in the order in which they came."""

    def __init__(self, port: int, connections: "asyncio.Queue[Any]", uvicorn_server: uvicorn.Server) -> None:
        self.port = port
        self._connections = connections
        self.uvicorn = uvicorn_server

    async def connection(self) -> Any:
        async with asyncio.timeout(WAIT_S):
            return await self._connections.get()

    @asynccontextmanager
    async def client(self, path: str = "/", **options: Any) -> AsyncIterator[ClientConnection]:
        """The client of the `websockets` package."""
        url = f"ws://127.0.0.1:{self.port}{path}"
        async with asyncio.timeout(WAIT_S), connect(url, compression=None, proxy=None, **options) as client:
            yield client

    @asynccontextmanager
    async def raw(self, path: str = "/", *, receive_buffer_bytes: int | None = None) -> AsyncIterator["RawClient"]:
        """A client that is let in, and from then on does just what the test says."""
        async with self.line(receive_buffer_bytes=receive_buffer_bytes) as client:
            client.write(upgrade_request(path))
            head = await client.read_head()
            assert head.startswith("HTTP/1.1 101 "), head
            yield client

    @asynccontextmanager
    async def client_at_the_door(self) -> AsyncIterator["RawClient"]:
        """A client that has asked to be let in, and whose answer is still to be read."""
        async with self.line() as client:
            client.write(upgrade_request())
            yield client

    @asynccontextmanager
    async def line(self, *, receive_buffer_bytes: int | None = None) -> AsyncIterator["RawClient"]:
        """A client that has said nothing yet."""
        with socket.socket() as line:
            if receive_buffer_bytes is not None:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
            line.setblocking(False)
            await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", self.port))
            yield RawClient(line)


class RawClient:
    """A TCP connection that speaks WebSocket only as far as it is told."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self._incoming = StreamReader()
        self._has_ended = False

    def write(self, data: bytes) -> None:
        """Hand `data` to the kernel, all of it."""
        assert self.line.send(data) == len(data)

    async def write_patiently(self, data: bytes) -> None:
        """Send `data` as fast as the server takes it."""
        async with asyncio.timeout(WAIT_S):
            await asyncio.get_running_loop().sock_sendall(self.line, data)

    def send(self, opcode: int, payload: bytes = b"", *, fin: bool = True) -> None:
        self.write(masked(opcode, payload, fin=fin))

    async def read_head(self) -> str:
        """An HTTP answer up to its empty line."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            data = await self._read(1)
            assert data, "the stream ended"
            head += data
        return head.decode()

    async def read_rest(self) -> bytes:
        """Everything up to the end of the stream."""
        rest = b""
        while data := await self._read(65536):
            rest += data
        return rest

    async def frame(self) -> tuple[int, bytes]:
        """The next frame of the server, as `websockets` reads it."""
        parsing = Frame.parse(self._incoming.read_exact, mask=False)
        try:
            next(parsing)
            while True:
                data = await self._read(65536)
                assert data, "the stream ended"
                self._incoming.feed_data(data)
                next(parsing)
        except StopIteration as parsed:
            found: Frame = parsed.value
            return int(found.opcode), bytes(found.data)

    async def close_code(self) -> int:
        """The code of the server's close frame, which comes after all that it still sends."""
        while (frame := await self.frame())[0] != Opcode.CLOSE:
            pass
        return int.from_bytes(frame[1][:2], "big")

    async def is_at_the_end(self) -> bool:
        """Whether the server ended the stream and left nothing unread in it; a reset raises ConnectionError."""
        return await self._read(65536) == b""

    def reset(self) -> None:
        """Vanish without a word: the server gets a RST."""
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.line.close()

    async def _read(self, size_max: int) -> bytes:
        async with asyncio.timeout(WAIT_S):
            return await asyncio.get_running_loop().sock_recv(self.line, size_max)


def masked(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """A client's frame, as `websockets` writes it."""
    return Frame(ClientOpcode(opcode), payload, fin=fin).serialize(mask=True, extensions=[])


def head_of_frame(first: int, second: int, length_bytes: bytes = b"") -> bytes:
    """Any frame head at all, and a mask of zeros."""
    return bytes((first, second)) + length_bytes + b"\0\0\0\0"


def upgrade_request(path: str = "/", *, method: str = "GET", **headers: str | None) -> bytes:
    """A good handshake; `headers` replace or, as None, take away (underscores stand for hyphens)."""
    fields: dict[str, str | None] = {
        "host": "parley.test",
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-version": "13",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode()


@asynccontextmanager
async def serving(protocol: Callable[..., asyncio.Protocol] = Echo) -> AsyncIterator[Server]:
    """`protocol` under a real uvicorn, whose connections are dropped at the end."""
    connections: asyncio.Queue[Any] = asyncio.Queue()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "lifespan"
        for event in ("startup", "shutdown"):
            await receive()
            scope["state"]["connections"] = connections
            await send({"type": f"lifespan.{event}.complete"})

    config = uvicorn.Config(
        app,
        http=HttpProtocol,
        ws=cast(Any, protocol),
        lifespan="on",
        log_config=None,
        server_header=False,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        await server.startup(sockets=[listener])
        try:
            yield Server(listener.getsockname()[1], connections, server)
        finally:
            for one in server.servers:
                one.close()
            connection: Any
            for connection in list(server.server_state.connections):
                connection._transport.abort()  # noqa: SLF001
            async with asyncio.timeout(WAIT_S):
                await server.lifespan.shutdown()
