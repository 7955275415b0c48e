"""Reports: what people tell the moderators, who alone read it, and only while the auth service says who they are."""

import asyncio
from functools import partial
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from chat_service.actions.waiting_reports import watch_waiting_reports
from chat_service.store.reports import Reports as ReportStore
from servicekit.server import running
from servicekit.times import rfc3339
from tests.chat_service import community
from tests.chat_service.erasure import erase, rows, say
from tests.chat_service.world import Instance, World
from tests.stores import opened_store
from tests.waiting import eventually

UNKNOWN = (404, "unknown_message")
ADMIN = "/api/admin/reports"


async def report(chat: Instance, name: str, **what: Any) -> int | tuple[int, str]:
    return await chat.does(name, "POST", "/api/reports", json=what)


async def reports(chat: Instance, **query: Any) -> Any:
    """As Linus reads them, who is a moderator of the community."""
    chat.auth.set_role("Linus", "moderator")
    return await chat.get("Linus", ADMIN, **query)


async def test_a_report_keeps_the_text_as_it_was(world: World, chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace", private=True)
    (message_id,) = await say(chat, "Ada", "you are a fool", room="garden")
    assert await report(chat, "Grace", message_id=message_id, reason="rude") == 201
    path = f"/api/rooms/garden/messages/{message_id}"
    assert await chat.does("Ada", "PATCH", path, json={"message": "you are a friend"}) == 200
    assert await chat.does("Ada", "DELETE", path) == 200
    (kept,) = await reports(chat)
    assert kept == {
        "id": kept["id"],
        "reporter": "Grace",
        "username": "Ada",
        "message_id": message_id,
        "room": "garden",
        "text": "you are a fool",
        "reason": "rude",
        "created_at": "2027-01-15T08:00:00.000Z",
        "state": "open",
        "note": "",
        "handled_by": None,
        "handled_at": None,
    }
    await erase(world, "Ada")
    assert (await reports(chat))[0]["text"] == ""


async def test_only_what_one_can_read_is_reported(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace", "Linus")
    (first, second) = await say(chat, "Ada", "one", "two", room="garden")
    (direct,) = await say(chat, "Ada", "psst", to="Grace")
    assert await report(chat, "Linus", message_id=direct) == UNKNOWN
    assert await report(chat, "Linus", message_id=99_999) == UNKNOWN
    await chat.remove_member("Ada", "garden", "Linus")  # a moment ago
    assert await report(chat, "Linus", message_id=first) == UNKNOWN
    assert await chat.does("Ada", "DELETE", f"/api/rooms/garden/messages/{second}") == 200
    assert await report(chat, "Grace", message_id=second) == UNKNOWN
    assert await report(chat, "Ada", message_id=first) == (422, "report_of_self")
    assert await report(chat, "Grace", message_id=direct) == 201


async def test_of_a_person_too_but_not_of_oneself_or_of_nobody(chat: Instance) -> None:
    assert await report(chat, "Grace", username="ada", reason="spams") == 201
    assert await report(chat, "Grace", username="GRACE") == (422, "report_of_self")
    assert await report(chat, "Grace", username="nobody") == (404, "unknown_recipient")
    for body in ({}, {"username": "Ada", "message_id": 1}, {"username": "Ada", "reason": "x" * 1_001}):
        assert await report(chat, "Grace", **body) == (422, "invalid")
    (kept,) = await reports(chat)
    assert (kept["username"], kept["message_id"], kept["text"], kept["room"]) == ("Ada", None, "", None)


async def test_the_same_twice_is_refused_until_a_person_is_handled(world: World) -> None:
    instances = [await world.instance(messages_per_second=0) for _ in range(2)]
    chat = instances[0]
    (message_id,) = await say(chat, "Ada", "spam", to="Grace")
    for what in ({"message_id": message_id}, {"username": "Ada"}):
        outcomes = await asyncio.gather(*(report(instance, "Grace", **what) for instance in instances))
        assert sorted(outcomes, key=str) == [(409, "already_reported"), 201]
    for one in await reports(chat):
        assert await chat.does("Linus", "PATCH", ADMIN, json={"id": one["id"], "state": "dismissed"}) == 200
    assert await report(chat, "Grace", message_id=message_id) == (409, "already_reported")
    assert await report(chat, "Grace", username="Ada") == 201
    again = {"id": one["id"], "state": "open"}
    outcome = await chat.does("Linus", "PATCH", ADMIN, json=again)
    assert outcome == (200 if one["message_id"] else (409, "already_reported"))


async def test_moderators_read_them_by_pages_and_say_what_became_of_them(world: World, chat: Instance) -> None:
    ids = await say(chat, "Ada", *map(str, range(5)), to="Grace")
    for message_id in ids:
        assert await report(chat, "Grace", message_id=message_id) == 201
    chat.auth.set_role("Linus", "owner")
    pages, address = [], f"{ADMIN}?limit=2&state=open"
    while address:
        answer: httpx.Response = await chat.request("Linus", "GET", address)
        pages.append([one["text"] for one in answer.json()])
        address = answer.links.get("next", {}).get("url", "")
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    first = (await reports(chat))[-1]["id"]
    answer = await chat.request("Linus", "PATCH", ADMIN, json={"id": first, "state": "resolved", "note": "told them"})
    handled = answer.json()
    assert (handled["state"], handled["note"], handled["handled_by"], handled["handled_at"]) == (
        "resolved",
        "told them",
        "Linus",
        "2027-01-15T08:00:00.000Z",
    )
    assert [one["id"] for one in await reports(chat, state="resolved")] == [first]
    assert await chat.does("Linus", "PATCH", ADMIN, json={"id": 99, "state": "open"}) == (404, "unknown_report")
    for query in ({"state": "lost"}, {"limit": 0}, {"limit": 201}, {"before": -1}):
        assert await chat.does("Linus", "GET", ADMIN, params=query) == (422, "invalid")


async def test_how_many_wait_is_told_to_the_metrics_and_the_status(file_world: World) -> None:
    chat = await file_world.instance()
    reports_seen = partial(REGISTRY.get_sample_value, "parley_reports_waiting")
    store = ReportStore(chat.state["database"], per_hour_max=0)
    (first,) = await say(chat, "Ada", "hello", to="Grace")
    async with running(watch_waiting_reports(store, interval_s=0.01)):
        await report(chat, "Grace", message_id=first)
        await report(chat, "Grace", username="Ada")
        await eventually(lambda: reports_seen() == 2)
        counts = (await chat.request("Ada", "GET", "/internal/status")).json()["counts"]
        assert counts == {"rooms": 1, "messages": first, "reports_open": 2}
        (newest, _) = await reports(chat)
        await chat.does("Linus", "PATCH", ADMIN, json={"id": newest["id"], "state": "resolved"})
        await eventually(lambda: reports_seen() == 1)


async def test_nobody_else_reads_them(world: World, chat: Instance) -> None:
    body = {"json": {"id": 1, "state": "resolved"}}
    await chat.make_room("Ada", "garden")
    for name in ("Ada", "Grace"):  # also who moderates a room
        assert await chat.does(name, "GET", ADMIN) == (403, "not_allowed")
        assert await chat.does(name, "PATCH", ADMIN, **body) == (403, "not_allowed")
    chat.auth.set_role("Ada", "moderator")
    assert await chat.does("Ada", "GET", ADMIN) == 200  # before the copy knows it
    chat.auth.ban("Ada")
    assert await chat.does("Ada", "GET", ADMIN) == (403, "not_allowed")


async def test_while_the_auth_service_is_away_they_are_read_by_nobody_and_still_made(
    world: World, chat: Instance
) -> None:
    await community.make(world, "Linus", "moderator")
    await say(chat, "Grace", "hello", to="Ada")
    await world.auth.stop()
    answer = await chat.request("Linus", "GET", ADMIN)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert await report(chat, "Grace", username="Ada") == 201


async def test_so_many_an_hour_over_all_instances_and_no_more(world: World) -> None:
    instances = [await world.instance(messages_per_second=0, reports_per_hour=3) for _ in range(2)]
    ids = await say(instances[0], "Ada", *map(str, range(8)), to="Grace")
    outcomes = await asyncio.gather(
        *(report(instances[number % 2], "Grace", message_id=one) for number, one in enumerate(ids))
    )
    assert sorted(outcomes, key=str) == [(429, "too_many_reports")] * 5 + [201] * 3
    assert len(rows(world, "SELECT 1 FROM reports")) == 3
    with opened_store(world.store) as store:
        store.execute("UPDATE reports SET created_at = ?", (rfc3339(world.clock() - 3_599),))
    body = {"json": {"username": "Ada"}}
    answer = await instances[0].request("Grace", "POST", "/api/reports", **body)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    world.clock.forward(1)
    assert await report(instances[1], "Grace", username="Ada") == 201


@pytest.mark.parametrize("limits, code", [({"reports_per_hour": 0}, 201), ({"messages_per_second": 1}, 429)])
async def test_a_thousand_in_a_minute(world: World, limits: dict[str, Any], code: int) -> None:
    """Either limit stops who reports without end; both can be switched off."""
    chat = await world.instance(messages_burst=5, **{"messages_per_second": 0, **limits})
    outcomes = [await report(chat, "Grace", username="Ada") for _ in range(100)]
    assert outcomes[0] == 201
    assert outcomes[-1] == ((409, "already_reported") if code == 201 else (429, "too_many_messages"))
    assert len(rows(world, "SELECT 1 FROM reports")) == 1
