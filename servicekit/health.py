"""Health: alive (`/healthz`), and able to do its work (`/readyz`)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Check = Callable[[], Awaitable[bool]]


async def run_checks(checks: Mapping[str, Check], timeout_s: float = 2.0) -> dict[str, bool]:
    """Each check's answer; one that fails or takes too long is a no."""
    answers = await asyncio.gather(*(_holds(check, timeout_s) for check in checks.values()))
    return dict(zip(checks, answers, strict=True))


async def _holds(check: Check, timeout_s: float) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            return await check()
    except Exception:  # noqa: BLE001 - a check that breaks is a no, whatever broke
        return False


def routes(checks_of: Callable[[Request[Any]], Mapping[str, Check]]) -> list[Route]:
    """`/healthz` and `/readyz`; `checks_of` finds the checks in the request's state."""

    async def healthz(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> JSONResponse:
        answers = await run_checks(checks_of(request))
        ready = all(answers.values())
        named = {name: "ok" if good else "unavailable" for name, good in answers.items()}
        body = {"status": "ok" if ready else "unavailable", "checks": named}
        return JSONResponse(body, 200 if ready else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
