"""The world around a chat service: its auth service, its instances, and the devices of Ada, Grace and Linus."""

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, AsyncExitStack
from pathlib import Path
from typing import Any, Self, TypeAlias

import httpx
from msgspec import structs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chat_service.app import MIGRATIONS, create_app
from chat_service.refusals import REFUSALS
from chat_service.routes import ROUTES
from chat_service.settings import ChatSettings, Waits
from chat_service.websocket.chat_socket import ChatSocket
from media_service.app import create_app as create_media_app
from media_service.settings import MediaSettings
from servicekit.bus import Bus
from tests.asgi import WAIT_S_MAX, serving
from tests.auth_stand_in import Auth
from tests.clock import Clock
from tests.contracts import checked
from tests.new_stores import put_new_store
from tests.plain_http import NO_TLS
from tests.stores import locked_store
from tests.waiting import eventually

CAST = ("Ada", "Grace", "Linus")
CHECKED = checked(ROUTES, REFUSALS)
Event: TypeAlias = dict[str, Any]
NOBODY_KNOWS: dict[str, int] = {}


class Device:
    """One open connection of a person; waits for nothing longer than WAIT_S_MAX."""

    def __init__(self, connection: ClientConnection, ready: Event) -> None:
        self.connection = connection
        self.ready = ready
        self.skipped: list[Event] = []

    async def send(self, **command: Any) -> None:
        await self.connection.send(json.dumps(command))

    async def say(self, to: str, text: str, **more: Any) -> None:
        await self.send(to=to, message=text, **more)

    async def say_in(self, room: str, text: str, **more: Any) -> None:
        await self.send(room=room, message=text, **more)

    async def hear_anything(self) -> Event:
        async with asyncio.timeout(WAIT_S_MAX):
            event: Event = json.loads(await self.connection.recv())
        return event

    async def hear(self, kind: str) -> Event:
        """The next event, which has to be of that kind; news of people may come at any time and is passed over."""
        while True:
            event = await self.hear_anything()
            if event["type"] == kind:
                return event
            assert event["type"] in {"presence", "profile"}, f"waited for {kind}, heard {event}"
            self.skipped.append(event)

    async def hear_texts(self, count: int, kind: str = "message") -> list[str]:
        return [(await self.hear(kind))["message"] for _ in range(count)]

    async def refused(self) -> str:
        return str((await self.hear("error"))["code"])

    async def heard_nothing(self) -> None:
        """Whatever was sent to this device before now would have come before the answer to this ping."""
        await self.send(type="ping")
        assert await self.hear("pong") == {"type": "pong"}

    async def live(self) -> Self:
        """End the time that a new connection has for its `resume`."""
        await self.heard_nothing()
        return self

    async def closed(self) -> int | None:
        """The code with which the service closes, whatever comes before."""
        async with asyncio.timeout(WAIT_S_MAX):
            try:
                while True:
                    await self.connection.recv()
            except ConnectionClosed:
                return self.connection.close_code


class Instance:
    """A chat service behind a real server on a port of its own."""

    def __init__(
        self,
        auth: Auth,
        url: str,
        *,
        stack: AsyncExitStack,
        state: dict[str, Any],
        stop: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.auth = auth
        self.url = url
        self.state = state
        self._stop = stop
        self._stack = stack
        self._clients: dict[str, httpx.AsyncClient] = {}

    def beside(self, url: str) -> "Instance":
        """The instance at `url`, which runs in a process of its own."""
        return Instance(self.auth, url, stack=self._stack, state={})

    async def stop(self) -> None:
        """End it as SIGTERM does."""
        assert self._stop is not None
        await self._stop()

    async def device(self, name: str, *, session: str = "", token: str = "", **options: Any) -> Device:
        """A new connection of that person, up to `ready`."""
        async with asyncio.timeout(WAIT_S_MAX):
            connection = await self.connect(token or self.auth.token(name, session=session), **options)
            return Device(connection, json.loads(await connection.recv()))

    async def connect(self, token: str, *, path: str = "/ws", **options: Any) -> ClientConnection:
        """A new connection, up to the end of its handshake."""
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        url = self.url.replace("http", "ws", 1) + path
        options = {"compression": None, "max_queue": None, "ping_interval": None, **options}
        connection = await connect(url, additional_headers=headers, proxy=None, **options)
        self._stack.push_async_callback(connection.close)
        return connection

    async def live_device(self, name: str, **options: Any) -> Device:
        return await (await self.device(name, **options)).live()

    async def refusal(self, name: str = "Ada", **options: Any) -> tuple[int, str]:
        """How the handshake is refused: the status, and the code of the problem."""
        try:
            await self.device(name, **options)
        except InvalidStatus as refused:
            answer = refused.response
            assert answer.headers["Content-Type"] == "application/problem+json"
            return answer.status_code, json.loads(answer.body or b"")["code"]
        raise AssertionError("the handshake was accepted")

    def client(self, name: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.auth.token(name)}"} if name else {}
        return httpx.AsyncClient(
            base_url=self.url, headers=headers, trust_env=False, verify=NO_TLS, event_hooks=CHECKED
        )

    async def request(self, name: str, method: str, path: str, **content: Any) -> httpx.Response:
        """By a client that is kept: to make one, and its connection, is dearer than most answers."""
        if name not in self._clients:
            self._clients[name] = await self._stack.enter_async_context(self.client(name))
        return await self._clients[name].request(method, path, **content)

    async def get(self, name: str, path: str, **params: Any) -> Any:
        answer = await self.request(name, "GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def history(self, name: str, other: str) -> list[str]:
        return [message["message"] for message in await self.get(name, f"/api/messages/{other}", limit=200)]

    async def does(self, name: str, method: str, path: str, **content: Any) -> int | tuple[int, str]:
        """The status of a request; with the code of the problem where it is refused."""
        answer = await self.request(name, method, path, **content)
        if answer.status_code < 400:
            return answer.status_code
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"]

    async def make_room(self, owner: str, name: str, *members: str, private: bool = False) -> None:
        assert await self.does(owner, "POST", "/api/rooms", json={"name": name, "private": private}) == 201
        for member in members:
            await self.add_member(owner, name, member)

    async def add_member(self, name: str, room: str, whom: str) -> None:
        assert await self.does(name, "PUT", f"/api/rooms/{room}/members/{whom}") == 200

    async def remove_member(self, name: str, room: str, whom: str) -> None:
        assert await self.does(name, "DELETE", f"/api/rooms/{room}/members/{whom}") == 204


class World:
    """Everything of one test; what it opened is closed at the end."""

    def __init__(self, folder: Path, redis_url: str, database_url: str = "") -> None:
        """Without a `database_url` the store is a file."""
        self.folder = folder
        self.redis_url = redis_url
        self.settings = ChatSettings(data_dir=folder, redis_url=redis_url, chat_database_url=database_url)
        self.store = self.settings.store_of("chat", "chat.db")
        self.auth = Auth()
        self.clock = Clock()
        self._stack = AsyncExitStack()
        self._media_port = socket.socket()  # bound, and not listened at before there is a media service
        self._media_port.bind(("127.0.0.1", 0))

    @property
    def media_url(self) -> str:
        return f"http://127.0.0.1:{self._media_port.getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._stack.callback(self._media_port.close)
        await self.auth.start()
        self._stack.push_async_callback(self.auth.stop)
        self.auth.register(*CAST)
        if isinstance(self.store, Path):
            put_new_store(self.store, MIGRATIONS)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def instance(
        self, *, redis_url: str = "", monotonic: Callable[[], float] = time.monotonic, **settings: Any
    ) -> Instance:
        """Start an instance; it shares file, Redis, auth and media service with the others. `settings` may be waits.

        Unless it is given a Redis of its own, it is connected to it from the start: without, nobody knows who is there.
        """
        waits: dict[str, Any] = {"presence_grace_s": 0.1, "profile_news_interval_s": 0.1, "ring_s": 30}
        waits |= {name: settings.pop(name) for name in Waits.__struct_fields__ if name in settings}
        addresses = {"redis_url": redis_url or self.redis_url, "auth_url": self.auth.url, "media_url": self.media_url}
        chosen = structs.replace(self.settings, **{**addresses, **settings})
        app = create_app(
            chosen,
            clock=self.clock,
            monotonic=monotonic,
            waits=Waits(**waits),
        )
        running = AsyncExitStack()
        url, state = await running.enter_async_context(serving(app, ws=ChatSocket))
        self._stack.push_async_callback(running.aclose)
        if not redis_url:
            await eventually(lambda: state["bus"].is_connected)
        return Instance(self.auth, url, stack=self._stack, state=state, stop=running.aclose)

    async def media(self, chat: Instance, *, redis_url: str = "") -> Callable[[], Awaitable[None]]:
        """Start the media service, once in a test; what ends it."""
        settings = MediaSettings(
            data_dir=self.folder,
            redis_url=redis_url or self.redis_url,
            auth_url=self.auth.url,
            media_url=self.media_url,
            chat_url=chat.url,
        )
        running = AsyncExitStack()
        app = create_media_app(settings, clock=self.clock)
        await running.enter_async_context(serving(app, listener=self._media_port))
        self._stack.push_async_callback(running.aclose)
        return running.aclose

    def locked_store(self) -> AbstractContextManager[Callable[[], bool]]:
        """Nobody can write the chat service's store: what is sent queues. What is told: as `stores.locked_store`."""
        return locked_store(self.store, "conversations", "closed_rooms")

    async def bus(self) -> Bus:
        """A connection to Redis beside the service."""
        bus = Bus(self.redis_url)
        task = asyncio.create_task(bus.run())
        self._stack.push_async_callback(_cancelled, task)
        await eventually(lambda: bus.is_connected)
        return bus


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
