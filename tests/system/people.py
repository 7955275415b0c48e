"""People and their devices: what a client of Parley does, and what it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

PASSWORD = "Password123"
WHISPER = "for-your-ears-only"
ANSWER_S_MAX = 10.0
Event = dict[str, Any]


class Device:
    """An open WebSocket; `events` is all that it was told, in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.events: list[Event] = []

    async def next(self, kind: str) -> Event:
        """The next event of that type; those before it are in `events` too."""
        async with asyncio.timeout(ANSWER_S_MAX):
            while (event := await self.receive())["type"] != kind:
                pass
            return event

    async def until_seq(self, seq: int) -> None:
        """Return when the event at that place of a conversation has come."""
        async with asyncio.timeout(ANSWER_S_MAX):
            while (await self.receive()).get("seq") != seq:
                pass

    async def receive(self) -> Event:
        event: Event = json.loads(await self.socket.recv())
        self.events.append(event)
        return event

    async def send(self, **command: Any) -> None:
        await self.socket.send(json.dumps(command))

    async def write(self, to: str, text: str, **more: Any) -> Event:
        """Send a message; its `sent`."""
        await self.send(to=to, message=text, **more)
        return await self.next("sent")

    async def closed(self) -> int:
        """Read to the end; the code with which the connection was closed."""
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                while True:
                    await self.receive()
        except ConnectionClosed:
            assert self.socket.close_code is not None
            return self.socket.close_code

    def texts(self, *kinds: str) -> list[str]:
        return [event["message"] for event in self.events if event["type"] in (kinds or ("message",))]


class Person:
    """Somebody with a token: one session."""

    def __init__(self, ws_url: str, http: httpx.AsyncClient, name: str, token: str) -> None:
        self.ws_url = ws_url
        self.http = http
        self.name = name
        self.token = token

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.http.request(method, path, headers={**self.bearer, **more.pop("headers", {})}, **more)

    async def get(self, path: str) -> Any:
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def history(self, other: str) -> list[Event]:
        """All of it, page by page."""
        found: list[Event] = []
        while True:
            after = found[-1]["id"] if found else 0
            page = await self.get(f"/api/messages/{other}?after={after}&limit=200")
            if not page:
                return found
            found += page

    def connect(self) -> connect:
        return connect_to(f"{self.ws_url}/ws/{self.token}")

    @asynccontextmanager
    async def device(self) -> AsyncIterator[Device]:
        """An open connection, after `ready`."""
        async with self.connect() as socket:
            device = Device(socket)
            assert (await device.next("ready"))["username"] == self.name
            yield device


def connect_to(url: str, **more: Any) -> connect:
    return connect(url, proxy=None, compression=None, ping_interval=None, close_timeout=2, **more)


async def handshake_status(url: str, **more: Any) -> int:
    """The HTTP status with which a handshake was answered: 101, or why not."""
    try:
        async with connect_to(url, **more):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code
