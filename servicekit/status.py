"""The status of one instance, at `/internal/status`: what it runs, how it is, and how much there is in its store.

Cheap, and in time: who asks shows an instance as away that says nothing for a while.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from servicekit import health
from servicekit.database import Database, DatabaseError
from servicekit.metrics import count_open_connections
from servicekit.problems import Refusal
from servicekit.responses import json_response
from servicekit.routing import MethodsRoute, route
from servicekit.version import __version__

PATH = "/internal/status"
ANSWER_S_MAX = 1.0
Counts: TypeAlias = Mapping[str, int]
Count = Callable[[Any], Awaitable[Counts]]
"""From the state of a request: how many there are in the store, by what is counted."""


class InstanceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What an instance says of itself; `counts` are None where the store takes too long to count."""

    status: Literal["ok", "unavailable", "stopping"]
    version: str
    checks: dict[str, str]
    engine: Literal["sqlite", "postgresql"]
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    open_connections: int = 0
    counts: dict[str, int] | None = None


def routes(count: Count, *, answer_s_max: float = ANSWER_S_MAX) -> list[MethodsRoute]:
    """Of a service with a store."""

    async def status(request: Request[Any]) -> Response:
        checks, counts = await asyncio.gather(
            health.run_checks(health.checks_of_service(request), answer_s_max),
            _in_time(count(request.state), answer_s_max),
        )
        return json_response(_status(request.state["database"], checks, counts))

    return [route(PATH, GET=status)]


def _status(database: Database, checks: dict[str, str], counts: Counts | None) -> InstanceStatus:
    return InstanceStatus(
        status=health.verdict(checks),
        version=__version__,
        checks=checks,
        engine=database.engine,
        disk_free_bytes=database.disk_free_bytes,
        disk_total_bytes=database.disk_total_bytes,
        open_connections=count_open_connections(),
        counts=None if counts is None else dict(counts),
    )


async def _in_time(counting: Awaitable[Counts], time_s_max: float) -> Counts | None:
    """Nobody waits for the end of what takes too long: a database may have to bring it to one."""
    task = asyncio.ensure_future(counting)
    done, _ = await asyncio.wait({task}, timeout=time_s_max)
    if not done:
        task.cancel()
        return None
    try:
        return task.result()
    except (Refusal, DatabaseError):
        return None
