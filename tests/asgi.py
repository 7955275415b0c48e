"""Driving a service in the test's own process: its lifespan, and requests to it without a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CLIENT_ADDRESS = "203.0.113.7"


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
