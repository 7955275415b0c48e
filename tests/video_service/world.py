"""The world around a video service: its auth service, its instances, and the cameras and screens of its people."""

import asyncio
import base64
import json
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any, Self, TypeAlias

import httpx
import psycopg
from psycopg.rows import dict_row
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from servicekit.bus import Bus
from tests.asgi import WAIT_S_MAX, serving
from tests.auth_stand_in import Auth
from tests.clock import Clock
from tests.new_stores import put_new_store
from tests.plain_http import NO_TLS
from tests.video_service.scenes import Image, decoded
from tests.waiting import eventually
from video_service.app import MIGRATIONS, Waits, create_app
from video_service.feed import Feed
from video_service.pipeline.frame_processor import FrameProcessor
from video_service.settings import VideoSettings
from video_service.websocket import VideoSocket

PATH = "/api/ws/video"
Event: TypeAlias = dict[str, Any]
CAST = ("Ada", "Grace", "Linus")


class Line:
    """One open connection; waits for nothing longer than WAIT_S_MAX."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **command: Any) -> None:
        await self.connection.send(json.dumps(command))

    async def hear_anything(self) -> str | bytes:
        async with asyncio.timeout(WAIT_S_MAX):
            return await self.connection.recv()

    async def hear(self, kind: str) -> Event:
        """The next message, which has to be an event of that kind."""
        heard = await self.hear_anything()
        assert isinstance(heard, str), f"waited for {kind}, got {len(heard)} bytes"
        event: Event = json.loads(heard)
        assert event["type"] == kind, f"waited for {kind}, heard {event}"
        return event

    async def see(self) -> Image:
        """The next message, which has to be a picture."""
        heard = await self.hear_anything()
        assert isinstance(heard, bytes), f"waited for a picture, heard {heard}"
        return decoded(heard)

    async def refused(self) -> str:
        return str((await self.hear("error"))["code"])

    async def closed(self) -> int | None:
        """The code with which the service closes, whatever comes before."""
        async with asyncio.timeout(WAIT_S_MAX):
            try:
                while True:
                    await self.connection.recv()
            except ConnectionClosed:
                return self.connection.close_code

    async def close(self) -> None:
        await self.connection.close()

    def stop_reading(self) -> None:
        self.connection.transport.pause_reading()

    def read_on(self) -> None:
        self.connection.transport.resume_reading()


class Camera(Line):
    """Sends frames, and is answered."""

    async def show(self, image: bytes) -> Image:
        """Send one as bytes; its picture."""
        await self.connection.send(image)
        return await self.see()

    async def ask(self, image: bytes, **more: Any) -> Event:
        """Send one as JSON; the answer."""
        await self.send(type="frame", image=data_url(image), **more)
        return await self.hear("frame")

    async def configure(self, **changes: Any) -> Event:
        await self.send(type="configure", **changes)
        return await self.hear("configured")


def data_url(image: bytes, kind: str = "image/jpeg") -> str:
    return f"data:{kind};base64,{base64.b64encode(image).decode()}"


def picture_in(event: Event) -> Image:
    head, _, text = event["image"].partition(",")
    assert head == "data:image/jpeg;base64"
    return decoded(base64.b64decode(text, validate=True))


class Instance:
    """A video service behind a real server on a port of its own."""

    def __init__(
        self,
        auth: Auth,
        url: str,
        *,
        stack: AsyncExitStack,
        state: dict[str, Any],
        stop: Callable[[], Awaitable[None]],
    ) -> None:
        self.auth = auth
        self.url = url
        self.state = state
        self.stop = stop
        self._stack = stack
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def connect(self, name: str, path: str = PATH, *, token: str = "", **options: Any) -> ClientConnection:
        token = token or self.auth.token(name, session=options.pop("session", ""))
        headers = {"Authorization": f"Bearer {token}"}
        url = self.url.replace("http", "ws", 1) + path
        options = {"compression": None, "max_size": None, "max_queue": 4, "ping_interval": None, **options}
        async with asyncio.timeout(WAIT_S_MAX):
            connection = await connect(url, additional_headers=headers, proxy=None, close_timeout=1, **options)
        self._stack.push_async_callback(connection.close)
        return connection

    async def camera(self, name: str = "Ada", query: str = "", **options: Any) -> Camera:
        return Camera(await self.connect(name, PATH + query, **options))

    async def screen(self, stream: str, name: str = "Grace", query: str = "", **options: Any) -> Line:
        """A new watcher, who has not heard anything yet."""
        return Line(await self.connect(name, f"{PATH}/{stream}{query}", **options))

    async def watching(self, stream: str, name: str = "Grace", query: str = "", **options: Any) -> Line:
        """A new watcher, who was told what the stream is."""
        screen = await self.screen(stream, name, query, **options)
        assert (await screen.hear("stream"))["name"] == stream
        return screen

    async def refusal(self, path: str = PATH, name: str = "Ada", **options: Any) -> tuple[int, str]:
        """How the handshake is refused: the status, and the code of the problem."""
        try:
            await self.connect(name, path, **options)
        except InvalidStatus as refused:
            answer = refused.response
            assert answer.headers["Content-Type"] == "application/problem+json"
            return answer.status_code, json.loads(answer.body or b"")["code"]
        raise AssertionError("the handshake was accepted")

    def client(self, name: str = "Grace", **options: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.auth.token(name, **options)}"} if name else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False, timeout=WAIT_S_MAX, verify=NO_TLS)

    async def get(self, path: str, name: str = "Grace") -> httpx.Response:
        """By a client that is kept: to make one, and its connection, is dearer than most answers."""
        if name not in self._clients:
            self._clients[name] = await self._stack.enter_async_context(self.client(name))
        return await self._clients[name].get(path)

    async def streams(self) -> list[Event]:
        answer = await self.get("/api/video/streams")
        assert answer.status_code == 200, answer.text
        listed: list[Event] = answer.json()
        return listed

    async def refuses(self, path: str, name: str = "Grace") -> tuple[int, str]:
        answer = await self.get(path, name)
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"]


class World:
    """Everything of one test; what it opened is closed at the end."""

    def __init__(self, folder: Path, redis_url: str, database_url: str = "") -> None:
        self.folder = folder
        self.redis_url = redis_url
        self.database_url = database_url
        self.auth = Auth()
        self.clock = Clock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.auth.start()
        self._stack.push_async_callback(self.auth.stop)
        self.auth.register(*CAST)
        put_new_store(self.folder / "video" / "streams.db", MIGRATIONS)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def instance(
        self,
        *,
        redis_url: str = "",
        new_feed: Callable[..., Feed] = Feed,
        new_frame_processor: Callable[..., FrameProcessor] = FrameProcessor,
        **settings: Any,
    ) -> Instance:
        """Start an instance; it shares store, Redis and auth service with the others. `settings` may be waits."""
        waits = Waits(**{name: settings.pop(name) for name in Waits.__struct_fields__ if name in settings})
        chosen = VideoSettings(
            data_dir=self.folder,
            database_url=self.database_url,
            redis_url=redis_url or self.redis_url,
            auth_url=self.auth.url,
            **settings,
        )
        app = create_app(
            chosen, clock=self.clock, waits=waits, new_feed=new_feed, new_frame_processor=new_frame_processor
        )
        running = AsyncExitStack()
        url, state = await running.enter_async_context(serving(app, ws=VideoSocket))
        self._stack.push_async_callback(running.aclose)
        instance = Instance(self.auth, url, stack=self._stack, state=state, stop=running.aclose)
        if not redis_url:
            await eventually(lambda: instance.state["bus"].is_connected)
        return instance

    def rows(self) -> list[dict[str, Any]]:
        """What the store holds."""
        query = "SELECT * FROM streams ORDER BY id"
        if self.database_url:
            with psycopg.connect(self.database_url, options="-c search_path=video", row_factory=dict_row) as session:
                return session.execute(query).fetchall()
        with closing(sqlite3.connect(self.folder / "video" / "streams.db")) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]

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
