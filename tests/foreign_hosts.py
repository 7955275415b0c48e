"""Web servers of others, over real sockets, that answer as they are told: also for ever, or too slowly."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
OK = HEAD + b"Content-Length: 5\r\n\r\nhello"
Write = Callable[[bytes], Awaitable[None]]


class Web:
    """A server at 127.0.0.1 that answers as it is told, and keeps what it is asked."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.heads: list[str] = []
        self.port = 0
        self.without_end: Callable[[Write], Coroutine[object, object, None]] | None = None
        self.is_left = asyncio.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def at(self, path: str = "/", name: str = "127.0.0.1") -> str:
        return f"http://{name}:{self.port}{path}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            if self.without_end is None:
                await write(self.answers.get(head.split()[1], OK))
            else:
                await self._until_left(reader, self.without_end(write))
        self.is_left.set()
        writer.transport.abort() if self.without_end else writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _until_left(self, reader: asyncio.StreamReader, answering: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(answering)
        with suppress(OSError):
            await reader.read()
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None, *, port: int = 0) -> AsyncIterator[Web]:
    """At that port, or one that is free."""
    web = Web()
    async with await asyncio.start_server(web.answer, "127.0.0.1", port, ssl=tls) as server:
        web.port = server.sockets[0].getsockname()[1]
        yield web
