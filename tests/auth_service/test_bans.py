"""Bans: sessions end, the door is shut, and the other services are told in order what to do."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from auth_service.feed import ORDERS_CHANNEL, PROFILES_CHANNEL
from auth_service.settings import AuthSettings
from servicekit.authentication import REVOCATIONS_CHANNEL
from tests.auth_service.owners import ban, end_ban, orders, owner_of, standing
from tests.auth_service.people import PASSWORD, Auth, fields, serving
from tests.auth_service.test_feed import listening
from tests.clock import Clock
from tests.problems import code

BANNED, WRONG = (403, "banned"), (401, "wrong_credentials")


async def test_a_ban_ends_all_sessions_and_shuts_the_door(auth: Auth, settings: AuthSettings) -> None:
    ada, grace = await owner_of(auth, settings), await auth.person("Grace")
    sids = [await grace.sid(), await (await auth.device("grace")).sid()]
    answer = await ban(ada, "grace", reason="spam")
    assert answer.json() == {"message": "Banned", "username": "Grace", "sessions_ended": 2}
    assert sorted(await auth.revoked()) == sorted(sids)
    assert code(await grace.get("/api/user-profile")) == (401, "unauthenticated")
    assert code(await grace.post("/api/refresh")) == (401, "unauthenticated")
    assert await standing(auth, "grace") == ("member", True)
    assert code(await auth.sign_in("grace")) == BANNED
    form = {"username": "grace", "password": PASSWORD}
    assert code(await auth.http.post("/api/login", data=form)) == BANNED


async def test_that_somebody_is_banned_is_told_only_to_who_knows_the_password(
    auth: Auth, settings: AuthSettings
) -> None:
    ada = await owner_of(auth, settings)
    await auth.register("grace")
    await ban(ada, "grace")
    assert code(await auth.sign_in("grace", "not her password")) == WRONG
    shown = (await auth.http.get("/api/search-user/grace")).json()
    assert shown == {"username": "grace", "nickname": "grace", "pfp": "", "role": "member", "status": ""}


async def test_when_it_ends_she_may_sign_in_again_and_her_old_sessions_stay_ended(
    auth: Auth, settings: AuthSettings
) -> None:
    ada, grace = await owner_of(auth, settings), await auth.person("grace")
    await ban(ada, "grace")
    assert (await end_ban(ada, "GRACE")).status_code == 204
    assert (await end_ban(ada, "grace")).status_code == 204
    assert not await grace.is_signed_in()
    assert await (await auth.device("grace")).is_signed_in()


async def test_no_sign_in_that_is_under_way_survives_a_ban(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    await auth.register("grace")
    answers = await asyncio.gather(
        *(auth.sign_in("grace") for _ in range(3)), ban(ada, "grace"), *(auth.sign_in("grace") for _ in range(3))
    )
    for answer in (*answers[:3], *answers[4:]):
        if answer.is_success:
            assert not await auth.bearer(answer.json()["access_token"]).is_signed_in()
        else:
            assert code(answer) in {BANNED, WRONG}
    assert (await auth.http.get("/internal/roles/grace")).json()["banned"] is True


async def test_her_name_stays_hers(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    await auth.register("grace")
    await ban(ada, "grace")
    assert code(await auth.register("Grace")) == (409, "username_taken")


async def test_nobody_is_banned_who_is_not_here(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    for answer in (await ban(ada, "nobody"), await end_ban(ada, "nobody")):
        assert code(answer) == (404, "unknown_user")


async def test_a_body_is_not_needed_and_what_is_wrong_in_it_is_told(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    await auth.register("grace")
    path = "/api/admin/users/grace/ban"
    wrong: list[dict[str, Any]] = [{"reason": "a" * 501}, {"reason": 1}, {"reason": "a\0"}, {"erase_messages": "yes"}]
    for body in wrong:
        assert fields(await ada.request("PUT", path, json=body)) == [*body]
    assert not (await standing(auth, "grace"))[1]
    assert (await ada.request("PUT", path)).is_success
    assert (await ban(ada, "grace", reason="a" * 500)).is_success


async def test_there_is_a_number_of_bans_an_hour(auth: Auth, settings: AuthSettings, clock: Clock) -> None:
    ada = await owner_of(auth, settings)
    await auth.register("grace")
    for _ in range(30):
        assert (await ban(ada, "grace")).is_success
    answer = await ban(ada, "grace")
    assert code(answer) == (429, "too_many_requests")
    assert answer.headers["retry-after"] == "3600"
    clock.forward(3600)
    assert (await ban(ada, "grace")).is_success


# Orders


async def test_an_order_is_given_with_the_moment_until_which_it_counts(
    auth: Auth, settings: AuthSettings, clock: Clock
) -> None:
    ada = await owner_of(auth, settings)
    await auth.register("Grace")
    assert (await orders(auth))["last"] == 0
    clock.forward(0.5)
    await ban(ada, "grace", erase_messages=True)
    page = await orders(auth)
    # Some messages are stored before all services have heard of it: they go, too.
    assert page["orders"] == [
        {"number": 1, "kind": "end_uploads", "username": "Grace", "until": "2027-01-15T08:00:00.500Z"},
        {"number": 2, "kind": "erase_messages", "username": "Grace", "until": "2027-01-15T08:00:02.500Z"},
    ]
    assert (page["last"], len(page["store"])) == (2, 32)
    assert (await orders(auth, after=1))["orders"] == page["orders"][1:]


async def test_a_ban_and_its_end_between_two_pulls_are_not_lost(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    await auth.register("grace")
    await ban(ada, "grace", erase_messages=True)
    await end_ban(ada, "grace")
    assert [one["kind"] for one in (await orders(auth))["orders"]] == ["end_uploads", "erase_messages"]
    (grace,) = [one for one in (await auth.http.get("/internal/profiles")).json()["profiles"] if one["version"] > 2]
    assert (grace["username"], grace["banned"]) == ("grace", False)


async def test_messages_may_be_erased_later_and_what_is_done_is_not_ordered_again(
    auth: Auth, settings: AuthSettings
) -> None:
    ada = await owner_of(auth, settings)
    await auth.register("grace")
    for how in ({}, {}, {"erase_messages": True}):
        assert (await ban(ada, "grace", **how)).is_success
    assert [one["kind"] for one in (await orders(auth))["orders"]] == ["end_uploads", "erase_messages"]


async def test_orders_come_in_pages(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    await auth.register("grace")
    for _ in range(3):
        await ban(ada, "grace", erase_messages=True)
    page = (await auth.http.get("/internal/orders?after=1&limit=2")).json()
    assert ([one["number"] for one in page["orders"]], page["last"]) == ([2, 3], 4)
    assert fields(await auth.http.get("/internal/orders?limit=501")) == ["limit"]


async def test_the_others_hear_of_it(settings: AuthSettings, clock: Clock, valkey_url: str) -> None:
    async with (
        listening(valkey_url, REVOCATIONS_CHANNEL) as gateway,
        listening(valkey_url, PROFILES_CHANNEL) as chat,
        listening(valkey_url, ORDERS_CHANNEL) as media,
        serving(replace(settings, redis_url=valkey_url), clock) as auth,
    ):
        ada, grace = await owner_of(auth, settings), await auth.person("grace")
        sid = await grace.sid()
        await ban(ada, "grace")
        await gateway.hears(sid)
        await chat.hears("4")
        await media.hears("1")
        await end_ban(ada, "grace")
        await chat.hears("5")


async def test_what_was_ordered_while_redis_was_away_is_told_when_it_is_back(
    settings: AuthSettings, clock: Clock, valkey_url: str
) -> None:
    async with serving(settings, clock) as without_redis:
        ada, grace = await owner_of(without_redis, settings), await without_redis.person("grace")
        sid = await grace.sid()
        assert (await ban(ada, "grace", erase_messages=True)).is_success
    async with (
        listening(valkey_url, REVOCATIONS_CHANNEL) as gateway,
        listening(valkey_url, ORDERS_CHANNEL) as media,
        serving(replace(settings, redis_url=valkey_url), clock),
    ):
        await gateway.hears(sid)
        await media.hears("2")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_who_is_not_signed_in_bans_nobody(auth: Auth, method: str) -> None:
    await auth.register("grace")
    assert code(await auth.http.request(method, "/api/admin/users/grace/ban")) == (401, "unauthenticated")
