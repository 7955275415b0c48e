"""Health: alive (`/healthz`), and in service (`/readyz`). That Redis is away is a third thing: told, and no reason."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal

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
    return {"store": database.is_sound, "disk": database.has_room, REDIS: state["bus"].ping, **replicas}


def service_routes() -> list[Route]:
    """Of a service with a store."""

    def tell(request: Request[Any]) -> dict[str, Any]:
        free_bytes = request.state["database"].disk_free_bytes
        return {} if free_bytes is None else {"disk_free_bytes": free_bytes}

    return routes(checks_of_service, tell)


def routes(
    checks_of: Callable[[Request[Any]], Mapping[str, Check]],
    tell: Callable[[Request[Any]], Mapping[str, Any]] = lambda _: {},
) -> list[Route]:
    """`/healthz` and `/readyz`; `checks_of` and `tell` find in the request's state what is asked and what is told."""

    async def healthz(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> JSONResponse:
        checks = await run_checks(checks_of(request))
        status = verdict(checks)
        return JSONResponse({"status": status, "checks": checks, **tell(request)}, 200 if status == OK else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
