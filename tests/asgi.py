"""Driving a service in the test's own process: without a socket, or behind a real server."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.http_protocol import HttpProtocol
from tests.waiting import eventually

CLIENT_ADDRESS = "203.0.113.7"
WAIT_S_MAX = 10  # for anything that a service is to do


@asynccontextmanager
async def client_of(app: ASGIApp, address: str = CLIENT_ADDRESS) -> AsyncIterator[httpx.AsyncClient]:
    """A client of `app`, which is started before and stopped after it."""
    async with _started(app) as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": dict(state)}, receive, send)

        transport = httpx.ASGITransport(with_state, raise_app_exceptions=False, client=(address, 40_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://parley.test") as client:
            yield client


@asynccontextmanager
async def serving(
    app: Any, *, ws: Any = "none", listener: socket.socket | None = None
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """A uvicorn server in the test's own loop, without its signal handlers and its ticks: its URL and its state."""
    with listener or socket.create_server(("127.0.0.1", 0)) as at:
        config = uvicorn.Config(
            app, http=HttpProtocol, ws=ws, lifespan="on", log_config=None, access_log=False, server_header=False
        )
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[at])
        try:
            yield f"http://127.0.0.1:{at.getsockname()[1]}", server.lifespan.state
        finally:
            await _shut_down(server)


@asynccontextmanager
async def _started(app: ASGIApp) -> AsyncIterator[dict[str, Any]]:
    """Run the lifespan protocol (ASGI 3.0) around the body; its state."""
    state: dict[str, Any] = {}
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()
    running = asyncio.create_task(
        _run(app, {"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}, to_app, from_app)
    )
    await _tell(to_app, from_app, "lifespan.startup")
    try:
        yield state
    finally:
        await _tell(to_app, from_app, "lifespan.shutdown")
        await running


async def _run(app: ASGIApp, scope: Scope, to_app: asyncio.Queue[Message], from_app: asyncio.Queue[Message]) -> None:
    await app(scope, to_app.get, from_app.put)


async def _tell(to_app: asyncio.Queue[Message], from_app: asyncio.Queue[Message], event: str) -> None:
    await to_app.put({"type": event})
    async with asyncio.timeout(10):
        answer = await from_app.get()
    assert answer["type"] == f"{event}.complete", answer


async def _shut_down(server: uvicorn.Server) -> None:
    """As uvicorn does it, but for its pauses."""
    for one in server.servers:
        one.close()

    def are_closed() -> bool:
        for connection in list(server.server_state.connections):  # one that was just accepted, too
            connection.shutdown()
        return not server.server_state.connections

    await eventually(are_closed)
    await server.lifespan.shutdown()
