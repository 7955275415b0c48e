"""Health: alive (`/healthz`), and in service (`/readyz`). That Redis is away is a third thing: told, and no reason."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Any, Final, Literal
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from servicekit.server import is_stopping

OK: Final = "ok"
UNAVAILABLE: Final = "unavailable"
AWAY: Final = "away"
REDIS = "redis"
REDIS_ANSWER_S_MAX = 0.5  # well below what the gateway waits for our answer
Check = Callable[[], Awaitable[bool | str]]
"""True, or what is wrong in a word; False where it needs none."""


async def run_checks(checks: Mapping[str, Check], timeout_s: float = 2.0) -> dict[str, str]:
    """Each check's answer in a word; one that fails or takes too long is UNAVAILABLE, or AWAY if it is Redis."""
    answers = await asyncio.gather(*(_answer(name, check, timeout_s) for name, check in checks.items()))
    return dict(zip(checks, answers, strict=True))


async def _answer(name: str, check: Check, timeout_s: float) -> str:
    limit_s, otherwise = (REDIS_ANSWER_S_MAX, AWAY) if name == REDIS else (timeout_s, UNAVAILABLE)
    try:
        async with asyncio.timeout(limit_s):
            answer = await check()
    except Exception:  # noqa: BLE001 - a check that breaks is a no, whatever broke
        return otherwise
    return answer if isinstance(answer, str) else OK if answer else otherwise


def verdict(checks: Mapping[str, str]) -> Literal["ok", "unavailable", "stopping"]:
    """Whether who answers so is in service."""
    is_missing = any(answer != OK for name, answer in checks.items() if name != REDIS)
    return "stopping" if is_stopping() else UNAVAILABLE if is_missing else OK


def checks_of_service(request: Request[Any]) -> Mapping[str, Check]:
    """With a store: `database`, `bus` and, where it copies lists, `replicas` in its state."""
    state = request.state
    replicas = {replica.name: replica.is_in_step for replica in getattr(state, "replicas", ())}
    database = state["database"]
    return {"store": database.is_sound, "disk": database.has_room, REDIS: state["bus"].is_sound, **replicas}


def service_routes() -> list[Route]:
    """Of a service with a store."""

    def tell(request: Request[Any]) -> dict[str, Any]:
        free_bytes = request.state["database"].disk_free_bytes
        return {} if free_bytes is None else {"disk_free_bytes": free_bytes}

    return routes(checks_of_service, tell)


class RecentChecks:
    """What was found less than `lasts_s` ago, or is being found, is for everybody who asks meanwhile.

    So a stranger who asks all the time has it asked a few times a second.
    """

    def __init__(self, checks_of: Callable[[Request[Any]], Mapping[str, Check]], lasts_s: float) -> None:
        self._checks_of = checks_of
        self._lasts_s = lasts_s
        self._finding: asyncio.Task[dict[str, str]] | None = None
        self._found_at_s = float("-inf")

    async def get(self, request: Request[Any]) -> dict[str, str]:
        finding = self._finding
        if finding is None or (finding.done() and monotonic() - self._found_at_s >= self._lasts_s):
            finding = self._finding = asyncio.create_task(self._find(request))
        return await asyncio.shield(finding)

    async def _find(self, request: Request[Any]) -> dict[str, str]:
        try:
            return await run_checks(self._checks_of(request))
        finally:
            self._found_at_s = monotonic()


def routes(
    checks_of: Callable[[Request[Any]], Mapping[str, Check]],
    tell: Callable[[Request[Any]], Mapping[str, Any]] = lambda _: {},
    *,
    lasts_s: float = 0,
) -> list[Route]:
    """`/healthz` and `/readyz`; `checks_of` and `tell` find in the request's state what is asked and what is told.

    What was found is told again for `lasts_s`.
    """
    recent: WeakKeyDictionary[Any, RecentChecks] = WeakKeyDictionary()  # by application

    async def healthz(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> JSONResponse:
        checks = await recent.setdefault(request.app, RecentChecks(checks_of, lasts_s)).get(request)
        status = verdict(checks)
        return JSONResponse({"status": status, "checks": checks, **tell(request)}, 200 if status == OK else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
