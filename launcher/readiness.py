"""Readiness: waiting until a program answers."""

import asyncio
from pathlib import Path

import httpx

from launcher.plan import Address

POLL_INTERVAL_S = 0.02
_ANSWER_TIME_S_MAX = 5.0


async def until_it_listens(address: Address | Path) -> None:
    """Returns once a connection to `address`, a Unix socket if it is a path, is accepted."""
    while not await _accepts(address):
        await asyncio.sleep(POLL_INTERVAL_S)


async def _accepts(address: Address | Path) -> bool:
    try:
        if isinstance(address, Path):
            _, writer = await asyncio.open_unix_connection(address)
        else:
            _, writer = await asyncio.open_connection(*address)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    """Whether `/readyz` of the gateway at `url` is 200: it, every service and Redis do their work."""
    try:
        answer = await client.get(f"{url}/readyz", timeout=_ANSWER_TIME_S_MAX)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK and answer.json()["checks"]["redis"] == "ok"
