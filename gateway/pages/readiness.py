"""Readiness: what the gateway needs to do its work, and whether its peers have it."""

import asyncio
from typing import Any

import httpx
from starlette.requests import Request

from gateway.state import State
from servicekit import health

READINESS_LASTS_S = 0.25  # all services are asked, and anybody may ask us


def checks(request: Request[Any]) -> dict[str, health.Check]:
    state: State = request.state

    async def knows_revocations() -> bool:
        return state["authentication"].is_current

    services = {service.value: _Peer(state["http"], url) for service, url in state["urls"].items()}

    async def redis() -> bool:
        here, *there = await asyncio.gather(state["bus"].is_sound(), *(one.has_redis() for one in services.values()))
        return here and all(there)

    ready: dict[str, health.Check] = {name: one.is_ready for name, one in services.items()}
    return {health.REDIS: redis, "revocations": knows_revocations, **ready}


class _Peer:
    """What a service says of itself, asked once."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._asking = asyncio.create_task(http.get(url + "/readyz"))
        self._asking.add_done_callback(lambda asking: asking.cancelled() or asking.exception())  # perhaps nobody waits

    async def is_ready(self) -> bool:
        return (await asyncio.shield(self._asking)).status_code == 200

    async def has_redis(self) -> bool:
        """Also where it does not answer at all: that is another matter."""
        try:
            answer = await asyncio.shield(self._asking)
        except httpx.HTTPError:
            return True
        return bool(answer.json().get("checks", {}).get(health.REDIS) != health.AWAY)
