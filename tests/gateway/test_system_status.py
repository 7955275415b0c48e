"""The status of the whole: what is made of what the parts say, who may see it, and parts that say nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from gateway.domain.system_status import Answer, ServiceName, ServiceStatus, SystemStatus, system_status
from servicekit.status import PATH, InstanceStatus
from tests.gateway.gateways import System, code, system
from tests.gateway.stand_ins import Exchange, Service
from tests.waiting import eventually

NOW = datetime(2027, 1, 2, tzinfo=UTC)
GATEWAY = ServiceStatus(service="gateway", address="here", status="ok", version="1")
OK = InstanceStatus(status="ok", version="1", checks={"store": "ok", "redis": "ok"}, engine="sqlite")


def instance(service: ServiceName, **more: Any) -> Answer:
    return Answer(service, f"{service}:1", msgspec.structs.replace(OK, **more))


def whole_of(*answers: Answer, gateway: ServiceStatus = GATEWAY) -> SystemStatus:
    return system_status(gateway, answers, checked_at=NOW, tls_seen=False)


# What is made of what they say


def test_all_is_well_where_every_part_is() -> None:
    assert whole_of(instance("auth"), instance("media")).status == "ok"
    assert whole_of(instance("auth"), Answer("chat", "chat:1", None)).status == "impaired"
    assert whole_of(instance("auth", status="stopping")).status == "impaired"
    unready = msgspec.structs.replace(GATEWAY, status="unavailable")
    assert whole_of(instance("auth"), gateway=unready).status == "impaired"


def test_redis_is_away_as_soon_as_one_of_them_misses_it() -> None:
    assert whole_of(instance("auth")).redis == "ok"
    found = whole_of(instance("auth"), instance("video", checks={"store": "ok", "redis": "away"}))
    assert (found.redis, found.status) == ("away", "impaired")
    (video,) = [one for one in found.services if one.service == "video"]
    assert (video.status, video.missing) == ("ok", ("redis",))
    without = msgspec.structs.replace(GATEWAY, missing=("redis",))
    assert whole_of(instance("auth"), gateway=without).redis == "away"


def test_the_disk_is_the_one_with_the_least_room() -> None:
    much, little = {"disk_free_bytes": 90, "disk_total_bytes": 91}, {"disk_free_bytes": 5, "disk_total_bytes": 100}
    found = whole_of(instance("auth", **much), instance("chat", **little), instance("video"))
    assert (found.disk_free_bytes, found.disk_total_bytes) == (5, 100)
    assert whole_of(instance("auth")).disk_free_bytes is None


def test_instances_of_a_service_count_what_they_share_once_and_their_connections_together() -> None:
    counts = {"rooms": 4, "messages": 70, "reports_open": 2}
    found = whole_of(
        instance("chat", counts=counts, open_connections=3),
        instance("chat", counts=counts, open_connections=4),
        instance("video", counts={"streams": 1}, open_connections=9),
    ).counts
    assert (found.rooms, found.messages, found.reports_open, found.streams) == (4, 70, 2, 1)
    assert found.open_connections == 7
    assert (found.people, found.files) == (None, None)


def test_what_one_instance_could_not_count_another_may_have() -> None:
    found = whole_of(Answer("chat", "a:1", None), instance("chat", counts=None), instance("chat", counts={"rooms": 4}))
    assert found.counts.rooms == 4
    assert whole_of(Answer("chat", "a:1", None)).counts.open_connections is None


# Through the gateway


def telling(status: InstanceStatus) -> Callable[[Exchange], Awaitable[None]]:
    async def answer(exchange: Exchange) -> None:
        await exchange.reply(200, msgspec.json.encode(status), Content_Type="application/json")

    return answer


async def silent(_: Exchange) -> None:
    await asyncio.Event().wait()


async def failing(exchange: Exchange) -> None:
    await exchange.reply_json({}, 500)


async def garbled(exchange: Exchange) -> None:
    await exchange.reply(200, b"\xff{", Content_Type="application/json")


async def of_before(exchange: Exchange) -> None:
    await exchange.reply_json({"code": "not_found"}, 404)


@asynccontextmanager
async def told(**changed: Any) -> AsyncIterator[System]:
    """Ada is an owner, and all four services are well."""
    async with system(**changed) as whole:
        standing(whole, role="owner")
        for service in whole.services:
            service.at[PATH] = telling(OK)
        yield whole


@pytest.fixture(scope="module")
async def of_all() -> AsyncIterator[System]:
    async with told(trusted_proxies="127.0.0.1") as whole:
        yield whole


@pytest.fixture
async def well(of_all: System) -> System:
    standing(of_all, role="owner")
    for service in of_all.services:
        service.at[PATH] = telling(OK)
        service.requests.clear()
    authentication = of_all.server.lifespan.state["authentication"]
    await eventually(lambda: authentication.is_current)
    return of_all


def standing(whole: System, *, role: str, banned: bool = False, status: int = 200) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.reply_json({"role": role, "banned": banned}, status)

    whole.auth.at["/internal/roles/ada"] = answer


async def read(whole: System) -> dict[str, Any]:
    answer = await whole.http.get("/api/admin/status", headers=whole.bearer())
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def test_an_owner_sees_every_part(well: System) -> None:
    found = await read(well)
    assert [(one["service"], one["address"]) for one in found["services"][1:]] == [
        (service.name, f"127.0.0.1:{service.port}") for service in well.services
    ]
    assert {one["status"] for one in found["services"]} == {"ok"}
    assert found["services"][0]["service"] == "gateway"
    assert (found["redis"], found["status"]) == ("away", "impaired")  # here is none
    assert (found["backup"], found["push"]) == (None, None)
    by_cookie = await well.http.get("/api/admin/status", headers=well.cookie())
    assert by_cookie.status_code == 200
    assert by_cookie.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "about", [{"role": "moderator"}, {"role": "member"}, {"role": "owner", "banned": True}, {"role": "", "status": 404}]
)
async def test_nobody_else_does_and_no_service_is_asked(well: System, about: dict[str, Any]) -> None:
    standing(well, **about)
    for service in well.services:
        del service.at[PATH]
    assert code(await well.http.get("/api/admin/status", headers=well.bearer())) == (403, "not_allowed")
    assert code(await well.http.get("/api/admin/status")) == (401, "unauthenticated")
    assert code(await well.http.post("/api/admin/status", headers=well.bearer())) == (405, "method_not_allowed")
    assert well.requests == {}


async def test_without_auth_nobody_knows_who_may_see_it(well: System) -> None:
    await read(well)
    await well.auth.stop()
    answer = await well.http.get("/api/admin/status", headers={**well.bearer(), "Accept": "application/json"})
    await well.auth.start()
    assert code(answer) == (503, "unavailable")
    standing(well, role="owner", status=500)
    assert code(await well.http.get("/api/admin/status", headers=well.bearer())) == (503, "unavailable")


@pytest.mark.parametrize("answer", [failing, garbled, of_before])
async def test_a_service_that_says_nothing_of_use_is_away_and_the_rest_is_told(
    well: System, answer: Callable[[Exchange], Awaitable[None]]
) -> None:
    well.media.at[PATH] = answer
    found = await read(well)
    assert {one["service"]: one["status"] for one in found["services"]} == {
        **dict.fromkeys(("gateway", "auth", "chat", "video"), "ok"),
        "media": "away",
    }


async def test_one_that_is_slow_is_away_and_holds_up_nobody(well: System) -> None:
    well.media.at[PATH] = well.video.at[PATH] = silent
    async with asyncio.timeout(3):  # well above one deadline, and below two
        found = await read(well)
    assert [one["service"] for one in found["services"] if one["status"] == "away"] == ["media", "video"]


async def test_each_of_several_instances_of_chat_is_there_and_one_that_died_is_away() -> None:
    other = Service("chat")
    await other.start()
    urls = f"http://127.0.0.1:{other.port}, http://127.0.0.1:1/"
    async with told(chat_url=urls) as whole:
        other.at[PATH] = telling(OK)
        chats = [one for one in (await read(whole))["services"] if one["service"] == "chat"]
    await other.stop()
    assert [(one["address"], one["status"]) for one in chats] == [
        (f"127.0.0.1:{other.port}", "ok"),
        ("127.0.0.1:1", "away"),
    ]


async def test_tls_is_seen_when_a_trusted_proxy_brings_a_request_by_https(well: System) -> None:
    assert (await read(well))["tls_seen"] is False
    headers = {**well.bearer(), "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    assert (await well.http.get("/api/admin/status", headers=headers)).json()["tls_seen"] is True
    assert (await read(well))["tls_seen"] is True
