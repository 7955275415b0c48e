"""Whether the gateway is alive, and whether the whole is ready."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.pages.readiness import READINESS_LASTS_S
from tests.gateway.gateways import System, system
from tests.gateway.pages import answering
from tests.valkey import Valkey
from tests.waiting import eventually


@pytest.fixture
async def healthy(valkey_url: str) -> AsyncIterator[System]:
    async with system(redis_url=valkey_url) as whole:
        for service in whole.services:
            service.at["/readyz"] = answering(200, {"status": "ok"})

        async def has_redis() -> bool:
            return (await ready(whole, 200))["redis"] == "ok"

        await eventually(has_redis)
        yield whole


async def test_the_gateway_is_alive_although_nothing_else_is(whole: System) -> None:
    assert (await whole.http.get("/healthz")).json() == {"status": "ok"}


async def test_the_gateway_is_ready_when_all_are(healthy: System) -> None:
    answer = await ready(healthy, 200)
    assert answer == dict.fromkeys(["redis", "revocations", "auth", "chat", "media", "video"], "ok")


async def ready(whole: System, status: int) -> dict[str, str]:
    """What `/readyz` says of each, once it answers with `status`."""
    answers: list[httpx.Response] = []

    async def is_answered() -> bool:
        answers.append(await whole.http.get("/readyz"))
        return answers[-1].status_code == status

    await eventually(is_answered)
    return dict(answers[-1].json()["checks"])


@pytest.mark.parametrize("name", ["chat", "media", "video"])
async def test_the_gateway_is_not_ready_when_one_is_away(healthy: System, name: str) -> None:
    await ready(healthy, 200)
    await next(service for service in healthy.services if service.name == name).stop()
    answer = await ready(healthy, 503)
    assert [service for service, state in answer.items() if state != "ok"] == [name]


async def test_the_gateway_is_not_ready_when_one_is_not(healthy: System) -> None:
    await ready(healthy, 200)
    healthy.media.at["/readyz"] = answering(503, {"status": "unavailable"})
    answer = await ready(healthy, 503)
    assert [service for service, state in answer.items() if state != "ok"] == ["media"]


async def test_without_redis_the_gateway_stays_in_service_and_says_so() -> None:
    valkey = Valkey()
    valkey.start()
    try:
        async with system(redis_url=valkey.url) as whole:
            for service in whole.services:
                service.at["/readyz"] = answering(200, {"status": "ok"})
            await ready(whole, 200)
            valkey.kill()

            async def is_told() -> bool:
                return (await ready(whole, 200))["redis"] == "away"

            await eventually(is_told)
    finally:
        valkey.close()


async def test_redis_that_a_service_misses_is_told_by_the_gateway(healthy: System) -> None:
    assert (await ready(healthy, 200))["redis"] == "ok"
    healthy.chat.at["/readyz"] = answering(200, {"status": "ok", "checks": {"redis": "away"}})

    async def is_told() -> bool:
        return (await ready(healthy, 200))["redis"] == "away"

    await eventually(is_told)  # what was found a moment ago is told again


async def test_a_stranger_who_asks_all_the_time_has_the_services_asked_now_and_then(healthy: System) -> None:
    await ready(healthy, 200)
    before, started_s = len(asked_of(healthy)), time.monotonic()
    for _ in range(40):
        await asyncio.gather(*(healthy.http.get("/readyz") for _ in range(5)))
    assert len(asked_of(healthy)) - before <= 1 + (time.monotonic() - started_s) / READINESS_LASTS_S


def asked_of(whole: System) -> list[str]:
    return [request.path for request in whole.media.requests if request.path == "/readyz"]
