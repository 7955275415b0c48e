"""Small real services that stand behind the gateway in these tests, and answer whatever a test wants."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs

import msgspec

from auth_service.tokens import Tokens

LIMIT_BYTES = 1024 * 1024
RECEIVE_BUFFER_BYTES = 256 * 1024  # of a kernel, which else takes up to 32 MiB of what nobody reads


class Received(msgspec.Struct):
    """A request as it came over the wire; header names in lower case, in order."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def names(self) -> list[str]:
        return [name for name, _ in self.headers]


class BodyCutOff(ConnectionError):
    """The request ended before its body did."""


class Exchange:
    """One request on a connection of the service."""

    def __init__(self, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.reader = reader
        self.writer = writer

    async def read_body(self) -> bytes:
        self.request.body = b"".join([piece async for piece in self.pieces()])
        return self.request.body

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes: by its length, in chunks, or none."""
        if (length := self.request.header("content-length")) is not None:
            left = int(length)
            while left:
                piece = await self.reader.read(min(left, 65536))
                if not piece:
                    raise BodyCutOff
                left -= len(piece)
                yield piece
        elif self.request.header("transfer-encoding") == "chunked":
            while size := await self._chunk_size():
                yield (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readline()

    async def _chunk_size(self) -> int:
        if not (line := await self.reader.readline()):
            raise BodyCutOff
        return int(line, 16)

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            if self.writer.is_closing():  # uvloop calls it a RuntimeError
                raise ConnectionResetError
            self.writer.write(piece)
            await self.writer.drain()

    async def reply(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        fields = {"Content-Length": str(len(body)), **{name.replace("_", "-"): v for name, v in headers.items()}}
        head = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in fields.items())]
        await self.send("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    async def reply_json(self, content: object, status: int = 200) -> None:
        await self.reply(status, json.dumps(content).encode(), Content_Type="application/json")

    def close(self) -> None:
        self.writer.close()

    def abort(self) -> None:
        self.writer.transport.abort()


Handler = Callable[[Exchange], Awaitable[None]]


class Service:
    """A raw HTTP/1.1 server on a free port. `handler` answers; by default with its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = 0
        self.requests: list[Received] = []
        self.dialled = 0
        self.open: set[asyncio.Task[None]] = set()
        self.handler: Handler = self.answer
        self.at: dict[str, Handler] = {}
        self.at_for_gateway: dict[str, Handler] = {}  # what it asks by itself, which has no id, and others ask too
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def last(self) -> Received:
        return self.requests[-1]

    async def answer(self, exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.reply(200, json.dumps({"service": self.name}).encode(), Content_Type="application/json")

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, sock=listening(self.port), limit=LIMIT_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """As when the process dies: nothing listens, and every connection breaks."""
        if self._server is not None:
            self._server.close()
        await self.drop_connections()

    async def drop_connections(self) -> None:
        for task in list(self.open):
            task.cancel()
        await asyncio.gather(*self.open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.open.add(task)
        self.dialled += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while (request := await self._read_head(reader)) is not None and not writer.is_closing():
                    handler = self.at.get(request.path)
                    if request.header("x-request-id") is None:
                        handler = self.at_for_gateway.get(request.path, handler)
                    if handler is None:
                        self.requests.append(request)
                    await (handler or self.handler)(Exchange(request, reader, writer))
        finally:
            self.open.discard(task)
            if task.cancelling():
                writer.transport.abort()
            else:
                writer.close()

    @staticmethod
    async def _read_head(reader: asyncio.StreamReader) -> Received | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        method, target, version = first.split(" ")
        assert version == "HTTP/1.1"
        fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        return Received(method, target, fields)


class Issuer:
    """Signs tokens, and answers as the auth service does when it is asked for keys and revocations."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.tokens = Tokens(secret="a secret of these tests", store="", clock=clock, new_id=lambda: "a-token")
        self.revoked: list[str] = []
        self.instance: dict[str, object] = {}
        self.known: dict[tuple[str, str], str] = {}  # the mark, by username and address or browser
        self._signed_at = clock()

    def token(self, username: str = "ada", *, expires_in: int = 3600) -> str:
        """The same for the same person, so that it can be recognised."""
        now = self._signed_at
        sid = f"session-of-{username}"
        return self.tokens.sign(username=username, session_id=sid, now=now, expires_at=int(now) + expires_in)

    async def tell_instance(self, exchange: Exchange) -> None:
        await exchange.reply_json(self.instance)

    def routes(self) -> dict[str, Handler]:
        async def keys(exchange: Exchange) -> None:
            await exchange.reply_json(self.tokens.key_set)

        async def revocations(exchange: Exchange) -> None:
            await exchange.reply_json({"revoked": self.revoked})

        async def known_device(exchange: Exchange) -> None:
            query = {name: values[0] for name, values in parse_qs(exchange.request.target.partition("?")[2]).items()}
            marks = [self.known.get((query["username"], query.get(by, ""))) for by in ("browser", "address")]
            await exchange.reply_json({"known_as": next(filter(None, marks), "")})

        return {
            "/.well-known/jwks.json": keys,
            "/internal/revocations": revocations,
            "/internal/known-device": known_device,
        }


def listening(port: int = 0) -> socket.socket:
    listener = socket.create_server(("127.0.0.1", port))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)  # what it accepts has it too
    return listener


@asynccontextmanager
async def started(*services: Service) -> AsyncIterator[None]:
    for service in services:
        await service.start()
    try:
        yield
    finally:
        for service in services:
            await service.stop()


def sending(*pieces: bytes) -> Handler:
    """A service that reads the request, answers with these bytes, each by itself, and ends the connection."""

    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        for piece in pieces:
            await exchange.send(piece)
            await asyncio.sleep(0)
        exchange.close()

    return answer


def head_of(status: str = "200 OK", *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines]).encode() + b"\r\n\r\n"


# What a service may send that is no answer.
NO_ANSWERS = [
    b"",
    b"HTTP/1.1 200 OK\r\nContent-Le",
    b"not HTTP at all\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x16\x03\x01\x02\x00\x01",
    b"HTTP/1.1 abc Odd\r\n\r\n",
    b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nbad name: b\r\nContent-Length: 0\r\n\r\n",
    head_of("101 Switching Protocols", "Connection: Upgrade", "Upgrade: h2c") + b"h2",
    head_of("200 OK", "Content-Length: 1") + b"a" + head_of("201 Second", "Content-Length: 1") + b"b",
    head_of("100 Continue"),
]
