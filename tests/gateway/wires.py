"""A connection to a gateway, byte by byte, and what is written to it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec

TIMEOUT_S = 10
HANDSHAKE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MIB = 1024 * 1024
PIECE = bytes(range(256)) * 256


class WireAnswer(msgspec.Struct):
    """An answer as it came over the wire; header names in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """A client's connection, without a library between it and the bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes | str) -> None:
        for piece in pieces:
            self.writer.write(piece.encode("latin-1") if isinstance(piece, str) else piece)
            await self.writer.drain()

    async def head(self) -> tuple[int, list[tuple[str, str]]]:
        async with asyncio.timeout(TIMEOUT_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        return int(first.split(" ")[1]), fields

    async def answer(self, method: str = "GET") -> WireAnswer:
        status, headers = await self.head()
        answer = WireAnswer(status, headers, b"")
        async with asyncio.timeout(TIMEOUT_S):
            if method == "HEAD" or status in {204, 304} or status < 200:
                pass
            elif answer.header("transfer-encoding") == "chunked":
                answer.body = b"".join([piece async for piece in self.chunks()])
            else:
                answer.body = await self.reader.readexactly(int(answer.header("content-length") or 0))
        return answer

    async def chunks(self) -> AsyncIterator[bytes]:
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            yield (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readline()

    async def rest(self) -> bytes:
        """All that still comes, until the gateway closes."""
        async with asyncio.timeout(TIMEOUT_S):
            return await self.reader.read()

    async def is_closed(self) -> bool:
        try:
            return await self.rest() == b""
        except ConnectionError:
            return True

    def abort(self) -> None:
        self.writer.transport.abort()


def handshake(target: str, headers: dict[str, str] | None = None, *, method: str = "GET") -> str:
    fields = {
        "Host": "parley.test",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": HANDSHAKE_KEY,
        **(headers or {}),
    }
    return request_head(method, target, fields)


def request_head(method: str, target: str, headers: dict[str, str]) -> str:
    return "\r\n".join([f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]) + "\r\n\r\n"


def post(target: str, token: str, *lines: str) -> str:
    return "\r\n".join([f"POST {target} HTTP/1.1", "Host: h", f"Authorization: {token}", *lines]) + "\r\n\r\n"
