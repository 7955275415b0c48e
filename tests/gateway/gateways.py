"""A real gateway on a free port, in front of stand-in services, and clients that speak to it."""

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from gateway import catalogues
from gateway.app import create_app
from gateway.protocol import GatewayProtocol
from gateway.settings import GatewaySettings
from gateway.static_files import StaticFiles
from gateway.tunnel import Tunnel
from servicekit.server import KEEP_ALIVE_S
from tests.gateway.stand_ins import Issuer, Service, listening, started
from tests.gateway.wires import TIMEOUT_S, Wire, WireAnswer, handshake, request_head
from tests.plain_http import NO_TLS
from tests.waiting import eventually

GENEROUS: dict[str, Any] = {
    "sign_ins_per_minute_username": 0,
    "sign_ins_per_minute_address": 0,
    "registrations_per_hour_address": 0,
    "links_per_minute_address": 0,
    "connections_per_address": 0,
    "answer_timeout_s": 10.0,
}
# To read them is most of a start; no gateway changes them.
_languages = cache(catalogues.load)
_static_files = cache(StaticFiles)


class Clock:
    """The time of day, until it breaks: a fault of ours that any check of a token runs into."""

    is_broken = False

    def __call__(self) -> float:
        if self.is_broken:
            raise LookupError("a mistake of ours")
        return time.time()


class System:
    """The gateway with its peers."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.auth = Service("auth")
        self.chat = Service("chat")
        self.media = Service("media")
        self.video = Service("video")
        self.auth.at.update(issuer.routes())
        self.auth.at_for_gateway["/api/instance"] = issuer.tell_instance
        self.port = 0
        self.http: httpx.AsyncClient
        self.server: uvicorn.Server

    @property
    def services(self) -> tuple[Service, ...]:
        return self.auth, self.chat, self.media, self.video

    @property
    def requests(self) -> dict[str, int]:
        """How many requests each service got, the gateway's own questions aside."""
        return {service.name: len(service.requests) for service in self.services if service.requests}

    async def reset(self) -> None:
        """As it was at the start: for a test that shares it with others."""
        self.issuer.revoked.clear()
        self.issuer.known.clear()
        self.issuer.instance.clear()
        self.http.cookies.clear()
        for service in self.services:
            await service.drop_connections()
            service.requests.clear()
            service.handler = service.answer
            service.dialled = 0

    def bearer(self, username: str = "ada", **more: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.token(username, **more)}"}

    def cookie(self, username: str = "ada") -> dict[str, str]:
        return {"Cookie": f"access_token={self.issuer.token(username)}"}

    @asynccontextmanager
    async def wire(self, *, receive_buffer_bytes: int | None = None) -> AsyncIterator[Wire]:
        connection = socket.socket()
        connection.setblocking(False)
        if receive_buffer_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=256 * 1024)
        try:
            yield Wire(reader, writer)
        finally:
            writer.transport.abort()

    async def raw(self, request: bytes | str) -> bytes:
        """All that the gateway answers to these bytes, until it closes."""
        async with self.wire() as wire:
            await wire.send(request)
            return await wire.rest()

    @asynccontextmanager
    async def tunnel(self, target: str = "/ws", headers: dict[str, str] | None = None) -> AsyncIterator[Wire]:
        """A WebSocket handshake that was sent and not yet answered."""
        async with self.wire() as wire:
            await wire.send(handshake(target, headers))
            yield wire

    @asynccontextmanager
    async def open_tunnel(self) -> AsyncIterator[Wire]:
        """A tunnel to the chat service's handler `echo` (or whatever stands at its place)."""
        async with self.tunnel("/ws", self.bearer()) as wire:
            status, _ = await wire.head()
            assert status == 101
            yield wire


async def keep_connection(whole: System) -> None:
    """The chat service has a connection that waits for the next request, and the token is known."""
    assert (await whole.http.get("/api/rooms", headers=whole.bearer())).status_code == 200
    whole.chat.requests.clear()


def get(whole: System, target: str = "/api/rooms", method: str = "GET", **more: str) -> str:
    return request_head(method, target, {"Host": "h", **whole.bearer(), **more})


async def settled(count: list[int]) -> int:
    """The count when it has not grown for a while: that a line is full, nothing tells."""
    before = -1
    while before != count[0]:
        before = count[0]
        await asyncio.sleep(0.1)
    return before


@asynccontextmanager
async def serving(
    app: ASGIApp, tunnel: type[Tunnel] = Tunnel, protocol: type[GatewayProtocol] = GatewayProtocol
) -> AsyncIterator[uvicorn.Server]:
    """The gateway under uvicorn, configured as `servicekit.server.serve` does it, in this event loop."""
    config = uvicorn.Config(
        app,
        http=protocol,
        ws=tunnel,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=2,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    listener = listening()
    await server.startup(sockets=[listener])
    assert server.started
    await server.on_tick(0)  # gives the answers their Date
    try:
        yield server
    finally:
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await eventually(lambda: not server.server_state.connections)
        await server.shutdown(sockets=[listener])


@asynccontextmanager
async def system(
    clock: Callable[[], float] = time.time,
    *,
    tunnel: type[Tunnel] = Tunnel,
    protocol: type[GatewayProtocol] = GatewayProtocol,
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    instance_kept_s: float = 0,
    **changed: Any,
) -> AsyncIterator[System]:
    """Everything started; `changed` are settings. Redis is away unless `redis_url` says where it is.

    What goes in and out of the gateway's application passes `around`. What the instance is called is not kept.
    """
    whole = System(Issuer(clock))
    nowhere = f"unix:///tmp/parley-{secrets.token_hex(8)}/no-redis.sock"
    async with started(*whole.services):
        urls = {f"{service.name}_url": service.url for service in whole.services}
        given: dict[str, Any] = {"redis_url": nowhere, "data_dir": Path("/nowhere"), **GENEROUS, **urls, **changed}
        app = create_app(
            GatewaySettings(**given),
            clock=clock,
            load_languages=_languages,
            load_static_files=_static_files,
            instance_kept_s=instance_kept_s,
        )
        async with serving(around(app), tunnel, protocol) as server:
            whole.server = server
            whole.port = server.servers[0].sockets[0].getsockname()[1]
            base_url = f"http://127.0.0.1:{whole.port}"
            async with httpx.AsyncClient(
                base_url=base_url, verify=NO_TLS, trust_env=False, timeout=TIMEOUT_S
            ) as whole.http:
                yield whole


def code(answer: httpx.Response | WireAnswer) -> tuple[int, str]:
    """What a refusal is known by; it has the shape of RFC 9457, an id, and may not be sniffed."""
    status = answer.status_code if isinstance(answer, httpx.Response) else answer.status
    headers = answer.headers if isinstance(answer, httpx.Response) else dict(answer.headers)
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-request-id"]
    assert headers["x-content-type-options"] == "nosniff"
    body = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert body["status"] == status
    return status, body["code"]
