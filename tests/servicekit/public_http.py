"""Asking for one thing on the public web, and what came of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from servicekit.public_http_client import PublicHttpClient, PublicHttpResponse

BYTES_MAX = 10_000
WAIT_S = 10.0


@asynccontextmanager
async def client(*allowed: str, **more: object) -> AsyncIterator[PublicHttpClient]:
    outgoing = PublicHttpClient(allowed_hosts=allowed, **more)  # type: ignore[arg-type]
    try:
        yield outgoing
    finally:
        await outgoing.aclose()


async def got(
    url: str, *allowed: str, bytes_max: int = BYTES_MAX, deadline_s: float = WAIT_S, **more: object
) -> PublicHttpResponse:
    async with client(*allowed, **more) as outgoing:
        return await outgoing.get(url, bytes_max=bytes_max, deadline_s=deadline_s)
