"""Health: alive is not ready, and a check that breaks or hangs is a no."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from servicekit import health
from servicekit.health import Check, run_checks
from tests.asgi import client_of
from tests.waiting import eventually


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def breaks() -> bool:
    raise ConnectionError("away")


async def hangs() -> bool:
    await asyncio.Event().wait()
    return True


async def test_each_check_answers_for_itself() -> None:
    async with asyncio.timeout(5):
        answers = await run_checks({"a": yes, "b": no, "c": breaks, "d": hangs}, timeout_s=0.01)
    assert answers == {"a": "ok", "b": "unavailable", "c": "unavailable", "d": "unavailable"}


async def test_checks_are_asked_together() -> None:
    meeting = asyncio.Barrier(3)

    async def meets() -> bool:
        await meeting.wait()
        return True

    async with asyncio.timeout(5):
        assert await run_checks({"a": meets, "b": meets, "c": meets}) == dict.fromkeys("abc", "ok")


@pytest.fixture
def checks() -> dict[str, Check]:
    return {"store": yes, "redis": yes}


@pytest.fixture
async def http(checks: dict[str, Check]) -> AsyncIterator[httpx.AsyncClient]:
    def checks_of(_: Request[Any]) -> Mapping[str, Check]:
        return checks

    async with client_of(Starlette(routes=health.routes(checks_of))) as client:
        yield client


async def test_a_service_is_ready_when_all_it_needs_answers(http: httpx.AsyncClient) -> None:
    response = await http.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"store": "ok", "redis": "ok"}}


async def test_a_service_that_misses_something_says_what_and_is_alive(
    http: httpx.AsyncClient, checks: dict[str, Check]
) -> None:
    checks["store"] = breaks
    response = await http.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "checks": {"store": "unavailable", "redis": "ok"}}
    alive = await http.get("/healthz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("check", [no, breaks, hangs])
async def test_redis_that_is_away_is_told_and_takes_nobody_out_of_service(
    http: httpx.AsyncClient, checks: dict[str, Check], check: Check
) -> None:
    checks["redis"] = check
    response = await http.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"store": "ok", "redis": "away"}}


async def test_what_was_found_a_moment_ago_is_told_again_to_everybody() -> None:
    asked = 0

    async def counts() -> bool:
        nonlocal asked
        asked += 1
        return True

    for lasts_s, expected in ((3600.0, 1), (0.0, 6)):
        asked = 0
        routes = health.routes(lambda _: {"store": counts}, lasts_s=lasts_s)
        for _ in range(2 if lasts_s == 0 else 1):
            async with client_of(Starlette(routes=routes)) as client:
                answers = [await client.get("/readyz") for _ in range(3)]
                assert {answer.status_code for answer in answers} == {200}
        assert asked == expected


async def test_who_ask_at_the_same_time_have_it_asked_once() -> None:
    asked, may_answer = 0, asyncio.Event()

    async def waits() -> bool:
        nonlocal asked
        asked += 1
        await may_answer.wait()
        return True

    async with client_of(Starlette(routes=health.routes(lambda _: {"store": waits}))) as client:
        asking = [asyncio.create_task(client.get("/readyz")) for _ in range(10)]
        await eventually(lambda: asked > 0)
        asking.pop().cancel()  # whoever goes takes nothing from the others
        may_answer.set()
        assert {(await one).status_code for one in asking} == {200}
    assert asked == 1


async def test_what_is_wrong_may_have_a_word_of_its_own(http: httpx.AsyncClient, checks: dict[str, Check]) -> None:
    async def forgotten() -> str:
        return "forgotten"

    checks["profiles"] = forgotten
    response = await http.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["profiles"] == "forgotten"
