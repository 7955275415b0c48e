"""A media service behind a real server, with stand-ins for the two peers that it asks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from media_service.actions.remote_pictures import PATIENCE_S
from media_service.app import MIGRATIONS, create_app
from media_service.refusals import REFUSALS
from media_service.routes import ROUTES
from media_service.settings import MediaSettings
from servicekit.bus import Bus
from tests.asgi import WAIT_S_MAX, serving
from tests.auth_stand_in import Auth
from tests.clock import Clock
from tests.contracts import checked
from tests.media_service.cleaning.pictures import encoded, painted
from tests.media_service.stores import Store
from tests.new_stores import put_new_store
from tests.plain_http import NO_TLS
from tests.problems import code

CHECKED = checked(ROUTES, REFUSALS)
Json = dict[str, Any]
BOUNDARY = b"a-boundary"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY.decode()}"
PICTURE = encoded(painted(), "PNG")


class Chat:
    """A stand-in for the chat service: who may see which file, and what was released."""

    def __init__(self) -> None:
        self.readers: set[tuple[str, str]] = set()
        self.releases: list[str] = []
        self.status: int | None = None  # what it answers instead, when it is broken
        self.meanwhile: Callable[[], Awaitable[None]] | None = None  # what happens before it answers
        self.app = Starlette(
            routes=[
                Route("/internal/attachments/{file_id}", self._attachment),
                Route("/internal/released-files", self._released),
            ]
        )

    async def _attachment(self, request: Request) -> Response:
        if self.meanwhile is not None:
            await self.meanwhile()
        may_see = (request.query_params["reader"], request.path_params["file_id"]) in self.readers
        return Response(status_code=self.status or (204 if may_see else 404))

    async def _released(self, request: Request) -> Response:
        after, limit = int(request.query_params["after"]), int(request.query_params["limit"])
        page = list(enumerate(self.releases, 1))[after : after + limit]
        return JSONResponse({"released": [{"number": number, "file_id": file_id} for number, file_id in page]})


class Gallery:
    """The service, and what Ada, Grace and Linus do with it."""

    def __init__(self, store: Store, auth: Auth, chat: Chat, chat_url: str, url: str) -> None:
        self.store = store
        self.auth = auth
        self.chat = chat
        self.chat_url = chat_url
        self.url = url
        self.port = httpx.URL(url).port or 0
        self.clock = Clock()
        self._clients: dict[str, httpx.AsyncClient] = {}

    def client(self, name: str) -> httpx.AsyncClient:
        if name not in self._clients:
            headers = {"Authorization": f"Bearer {self.auth.token(name)}"} if name else {}
            self._clients[name] = httpx.AsyncClient(
                base_url=self.url,
                headers=headers,
                trust_env=False,
                verify=NO_TLS,
                timeout=WAIT_S_MAX,
                event_hooks=CHECKED,
            )
        return self._clients[name]

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def request(self, name: str, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.client(name).request(method, path, **more)

    async def get(self, name: str, path: str, **headers: str) -> httpx.Response:
        return await self.request(name, "GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    async def post(self, name: str, *files: bytes | tuple[str, bytes]) -> httpx.Response:
        named = [one if isinstance(one, tuple) else (f"{number}.jpg", one) for number, one in enumerate(files, 1)]
        return await self.request(
            name, "POST", "/api/user/upload-files", files=[("files", (*one, "image/jpeg")) for one in named]
        )

    async def upload(self, name: str, *files: bytes | tuple[str, bytes]) -> list[Json]:
        answer = await self.post(name, *files)
        assert answer.status_code == 200, answer.text
        kept: list[Json] = answer.json()["files"]
        return kept

    async def keep(self, name: str = "Ada", data: bytes = PICTURE) -> str:
        """The path of a picture that they have uploaded."""
        (file,) = await self.upload(name, data)
        return str(file["url"])

    async def refuses(self, name: str, *files: bytes | tuple[str, bytes]) -> tuple[int, str, str]:
        """Status, code and detail of an upload's refusal, with which nothing is kept."""
        before = self.count_rows()
        answer = await self.post(name, *files)
        assert self.count_rows() == before
        return (*code(answer), answer.json()["detail"])

    async def send(self, body: bytes, content_type: str = MULTIPART) -> httpx.Response:
        """A body that Ada made herself."""
        headers = {"Content-Type": content_type}
        return await self.request("Ada", "POST", "/api/user/upload-files", content=body, headers=headers)

    async def status(self, name: str, path: str) -> int:
        return (await self.get(name, path)).status_code

    async def list_of(self, name: str) -> list[str]:
        return [file["url"] for file in (await self.get(name, "/api/files")).json()["files"]]

    def count_rows(self) -> tuple[int, int]:
        """Files and thumbnails in the store, those of unfinished uploads with them."""
        return self.store.count("uploads"), self.store.count("thumbnails")

    @asynccontextmanager
    async def line(self, length: int, *, content_type: str = MULTIPART) -> AsyncIterator["Line"]:
        """An upload of Ada's that goes on as the test says, of `length` bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = (
            "POST /api/user/upload-files HTTP/1.1",
            "Host: parley.test",
            f"Authorization: Bearer {self.auth.token('Ada')}",
            f"Content-Type: {content_type}",
            f"Content-Length: {length}",
        )
        writer.write("\r\n".join((*head, "", "")).encode())
        try:
            yield Line(reader, writer)
        finally:
            writer.close()


class Line:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(WAIT_S_MAX):
            await self.writer.drain()

    async def status(self) -> int:
        async with asyncio.timeout(WAIT_S_MAX):
            return int((await self.reader.readuntil(b"\r\n")).split()[1])

    def vanish(self) -> None:
        self.writer.transport.abort()


def part(
    data: bytes, filename: str | None = "a.png", *, name: str = "files", head: Mapping[str, str] | None = None
) -> bytes:
    """One part of a form; without a file name it is a field."""
    disposition = f'form-data; name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
    lines = [f"{key}: {value}" for key, value in {"Content-Disposition": disposition, **(head or {})}.items()]
    return b"--" + BOUNDARY + b"\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


@asynccontextmanager
async def gallery(
    folder: Path,
    redis_url: str = "",
    *,
    database_url: str = "",
    beside: Gallery | None = None,
    allowed_hosts: Collection[str] = (),
    patience_s: float = PATIENCE_S,
    **settings: Any,
) -> AsyncIterator[Gallery]:
    """A media service with its peers, or with those of one `beside` it; without `redis_url` there is no Redis."""
    if not database_url:
        put_new_store(folder / "media" / "files.db", MIGRATIONS)
    async with AsyncExitStack() as stack:
        auth, chat, chat_url, clock = (
            (beside.auth, beside.chat, beside.chat_url, beside.clock) if beside else await _started_peers(stack)
        )
        chosen = {
            "data_dir": folder,
            "media_database_url": database_url,
            "redis_url": redis_url or f"unix://{folder}/no-redis.sock",
            "auth_url": auth.url,
            "chat_url": chat_url,
            **settings,
        }
        app = create_app(MediaSettings(**chosen), clock=clock, allowed_hosts=allowed_hosts, patience_s=patience_s)
        url, _ = await stack.enter_async_context(serving(app))
        made = Gallery(Store(folder, database_url), auth, chat, chat_url, url)
        made.clock = clock
        stack.push_async_callback(made.close)
        yield made


async def _started_peers(stack: AsyncExitStack) -> tuple[Auth, Chat, str, Clock]:
    auth, chat = Auth(), Chat()
    auth.register("Ada", "Grace", "Linus")
    await auth.start()
    stack.push_async_callback(auth.stop)
    chat_url, _ = await stack.enter_async_context(serving(chat.app))
    return auth, chat, chat_url, Clock()


class Galleries:
    """Services on one engine; those of one name share their store."""

    def __init__(self, folder: Path, new_database: Callable[[], str]) -> None:
        """`new_database` gives the address of an empty one, or nothing: then it is a file."""
        self._folder = folder
        self._new_database = new_database
        self._stores: dict[str, Store] = {}

    def store(self, name: str = "first") -> Store:
        if name not in self._stores:
            self._stores[name] = Store(self._folder / name, self._new_database())
        return self._stores[name]

    def __call__(self, name: str = "first", **more: Any) -> AbstractAsyncContextManager[Gallery]:
        """As `gallery` has it."""
        store = self.store(name)
        return gallery(self._folder / name, database_url=store.database_url, **more)


def sizes(files: Sequence[Json]) -> list[tuple[int, int]]:
    return [(file["width"], file["height"]) for file in files]


def tell(bus: Bus, news: str) -> None:
    bus.send(("PUBLISH", bus.channel(news), b""))


def picture(shade: int, size: tuple[int, int] = (8, 6), kind: str = "PNG") -> bytes:
    return encoded(Image.new("RGB", size, (shade, 90, 20)), kind)
