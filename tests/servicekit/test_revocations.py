"""Revocations: who was revoked does not pass, whatever is away."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from prometheus_client import REGISTRY

from launcher.ports import find_free
from servicekit.authentication import REREAD_INTERVAL_S
from tests.servicekit.follower import REVOCATIONS, WAIT_S, following
from tests.servicekit.issuer import NOW, Issuer
from tests.valkey import Valkey
from tests.waiting import eventually


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with closing(Valkey(port=find_free(1)[0])) as own:
        own.start()
        yield own


async def test_a_session_revoked_before_the_start_does_not_pass(issuer: Issuer, nowhere: str) -> None:
    issuer.revoked = ["s1"]
    async with following(issuer, nowhere) as gateway:
        await eventually(lambda: gateway.authentication.is_current)
        assert await gateway.passes(issuer.key.sign()) is None
        assert await gateway.passes(issuer.key.sign(sid="s2")) == "ada"


async def test_a_revocation_is_followed_as_soon_as_it_is_published(issuer: Issuer, valkey_url: str) -> None:
    async with following(issuer, valkey_url) as gateway:
        await gateway.is_current()
        token = issuer.key.sign()
        assert await gateway.passes(token) == "ada"
        await gateway.publish("s1")
        assert gateway.told == ["s1"]
        assert await gateway.passes(token) is None


async def test_listeners_are_told_of_each_session_once_by_whichever_way_it_comes(
    issuer: Issuer, valkey_url: str
) -> None:
    async with following(issuer, valkey_url) as gateway:
        await gateway.is_current()
        also_told: list[str] = []
        gateway.authentication.on_revoked(also_told.append)
        for session_id in ("s1", "s2", "s1"):
            await gateway.publish(session_id)
        issuer.revoked = ["s1", "s2", "s3"]
        gateway.authentication.revoke("s2")
        gateway.authentication._stale.set()  # noqa: SLF001 - as after a reconnection
        await eventually(lambda: "s3" in gateway.told)
        assert gateway.told == also_told == ["s1", "s2", "s3"]


async def test_how_long_it_took_is_measured_where_a_connection_was_closed_and_the_end_was_told_at_once(
    issuer: Issuer, valkey_url: str
) -> None:
    def measured() -> tuple[float, float]:
        count, total = (REGISTRY.get_sample_value(f"parley_revocation_seconds_{part}") for part in ("count", "sum"))
        return count or 0, total or 0

    async with following(issuer, valkey_url) as gateway:
        await gateway.is_current()
        count, total = measured()
        await gateway.publish(f"s1 {NOW - 0.25:.4f}")  # nobody has a connection of it
        assert measured() == (count, total)
        gateway.authentication.on_revoked(lambda _: True)
        await gateway.publish(f"s2 {NOW - 0.25:.4f}")
        assert measured()[0] == count + 1
        assert measured()[1] - total == pytest.approx(0.25)
        await gateway.publish(f"s2 {NOW - 0.25:.4f}")  # again
        await gateway.publish("s3")  # at a time that is not known
        assert gateway.told == ["s1", "s2", "s3"]
        assert measured()[0] == count + 1


async def test_news_that_are_not_readable_cost_nothing(issuer: Issuer, valkey_url: str) -> None:
    async with following(issuer, valkey_url) as gateway:
        await gateway.is_current()
        await gateway.publish(b"\xff")
        await gateway.publish("s1")
        assert gateway.told == ["s1"]


async def test_while_redis_is_connected_the_issuer_is_left_in_peace(issuer: Issuer, valkey_url: str) -> None:
    async with following(issuer, valkey_url, poll_interval_s=0.001) as gateway:
        await gateway.is_current()
        await issuer_is_quiet(issuer)
        assert gateway.authentication.is_current


async def issuer_is_quiet(issuer: Issuer) -> None:
    """Nobody asks for as long as five polls or more would take: nothing else tells that nobody is about to."""
    async with asyncio.timeout(WAIT_S):
        asked = -1
        while asked != len(issuer.asked):
            asked = len(issuer.asked)
            await asyncio.sleep(0.05)


async def test_without_redis_the_issuer_is_polled(issuer: Issuer, nowhere: str) -> None:
    async with following(issuer, nowhere) as gateway:
        token = issuer.key.sign()
        assert await gateway.passes(token) == "ada"
        issuer.revoked = ["s1"]
        await eventually(lambda: gateway.told == ["s1"])
        assert await gateway.passes(token) is None


async def test_a_revocation_that_was_told_on_another_bus_is_read_in_the_end(issuer: Issuer, valkey_url: str) -> None:
    async with following(issuer, valkey_url, poll_interval_s=60, reread_interval_s=0.01) as gateway:
        await gateway.is_current()
        asked = len(issuer.asked)
        await eventually(lambda: len(issuer.asked) > asked + 5)  # nothing has happened that one could be told of
        issuer.revoked = ["s1"]
        await eventually(lambda: gateway.told == ["s1"])
        assert await gateway.passes(issuer.key.sign()) is None
    assert REREAD_INTERVAL_S <= 10


async def test_what_was_revoked_while_redis_was_away_is_read_when_it_is_back(issuer: Issuer, valkey: Valkey) -> None:
    async with following(issuer, valkey.url, poll_interval_s=60) as gateway:
        await gateway.is_current()
        asked = len(issuer.asked)
        valkey.kill()
        await eventually(lambda: len(issuer.asked) > asked)  # the loss itself is a reason to look
        issuer.revoked = ["s1"]
        valkey.start()
        await eventually(lambda: gateway.told == ["s1"])
        assert await gateway.passes(issuer.key.sign()) is None


async def test_what_is_revoked_while_the_list_is_read_is_not_forgotten(issuer: Issuer, valkey_url: str) -> None:
    async with following(issuer, valkey_url) as gateway:
        await gateway.is_current()
        await issuer_is_quiet(issuer)
        issuer.revoked = ["s1"]
        issuer.may_answer.clear()
        gateway.authentication._stale.set()  # noqa: SLF001 - as after a reconnection
        await issuer.is_asked_for(REVOCATIONS)
        await gateway.publish("s2")
        issuer.may_answer.set()
        await eventually(lambda: "s1" in gateway.told)
        await issuer_is_quiet(issuer)
        assert gateway.told == ["s2", "s1"]
        for session_id in ("s1", "s2"):
            assert await gateway.passes(issuer.key.sign(sid=session_id)) is None


async def test_what_the_issuer_forgets_is_forgotten(issuer: Issuer, nowhere: str) -> None:
    issuer.revoked = ["s1"]
    async with following(issuer, nowhere) as gateway:
        await eventually(lambda: gateway.told == ["s1"])
        issuer.revoked = []
        await issuer.is_asked_for(REVOCATIONS, times=2)
        assert await gateway.passes(issuer.key.sign()) == "ada"


async def test_without_the_issuer_the_list_is_not_current_and_what_is_known_holds(
    issuer: Issuer, valkey_url: str
) -> None:
    async with following(issuer, valkey_url) as gateway:
        token = issuer.key.sign()
        assert await gateway.passes(token) == "ada"
        await gateway.is_current()
        await gateway.publish("s1")
        await issuer.stop()
        gateway.authentication._stale.set()  # noqa: SLF001 - as after a reconnection
        await eventually(lambda: not gateway.authentication.is_current)
        assert await gateway.passes(token) is None
        issuer.revoked = ["s1"]
        await issuer.start()
        await gateway.is_current()
        assert await gateway.passes(token) is None


@pytest.mark.parametrize("revoked", [None, 7, [["s1"]], [{}]])
async def test_an_issuer_with_nonsense_for_a_list_is_as_good_as_away(
    issuer: Issuer, nowhere: str, revoked: Any
) -> None:
    issuer.revoked = revoked
    async with following(issuer, nowhere) as gateway:
        await issuer.is_asked_for(REVOCATIONS, times=2)
        assert not gateway.authentication.is_current
        issuer.revoked = ["s1"]
        await eventually(lambda: gateway.told == ["s1"])


async def test_it_ends_when_it_is_told_to_although_redis_goes_at_the_same_moment(
    issuer: Issuer, valkey: Valkey
) -> None:
    for _ in range(5):
        async with asyncio.timeout(WAIT_S), following(issuer, valkey.url) as gateway:
            await gateway.is_current()
            valkey.kill()
        valkey.start()
        assert not gateway.bus.is_connected
