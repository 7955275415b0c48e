"""Erasing an account: nothing of the person stays but their name, which nobody gets again."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from msgspec import structs

from auth_service.feed import PROFILES_CHANNEL
from auth_service.passwords import STRONG
from auth_service.settings import AuthSettings
from servicekit.authentication import REVOCATIONS_CHANNEL
from tests.auth_service.people import MEMBER, PASSWORD, Auth, Person, fields, run_sql, serving
from tests.auth_service.test_feed import listening
from tests.clock import Clock
from tests.problems import code

WRONG = "not her password"
PATH = "/api/account"
GONE = (401, "unauthenticated")


async def erase(person: Person, password: str = PASSWORD) -> int | tuple[int, str]:
    """The status; with the code of the problem where it is refused."""
    answer = await person.request("DELETE", PATH, json={"password": password})
    return answer.status_code if answer.is_success else code(answer)


async def profiles(auth: Auth, after: int = 0) -> list[dict[str, Any]]:
    answer = (await auth.http.get(f"/internal/profiles?after={after}")).json()
    return list(answer["profiles"])


TABLES = ("users", "sessions", "erased", "known_devices", "profile_version", "invitations", "audit", "orders")


def dump(settings: AuthSettings) -> str:
    """All that the store holds."""
    return "\n".join(repr(row) for table in TABLES for row in run_sql(settings, f"SELECT * FROM {table}"))


async def test_ada_is_gone_with_all_her_sessions(auth: Auth) -> None:
    ada, grace = await auth.person("Ada"), await auth.person("grace")
    phone = await auth.device("ada")
    sids = [await ada.sid(), await phone.sid()]
    response = await ada.request("DELETE", PATH, json={"password": PASSWORD})
    assert (response.status_code, response.content) == (204, b"")
    assert sorted(await auth.revoked()) == sorted(sids)
    for device in (ada, phone):
        assert code(await device.get("/api/user-profile")) == GONE
        assert code(await device.post("/api/refresh")) == GONE
    assert code(await auth.sign_in("ada")) == (401, "wrong_credentials")
    assert code(await auth.http.get("/api/search-user/ada")) == (404, "unknown_user")
    assert (await grace.get("/api/users?query=a")).json() == []
    assert await grace.is_signed_in()


async def test_the_cookie_is_cleared(auth: Auth) -> None:
    ada = await auth.person("ada")
    response = await ada.request("DELETE", "https://parley.test" + PATH, json={"password": PASSWORD})
    cookie = response.headers["set-cookie"]
    assert cookie.startswith('access_token=""')
    for attribute in ("Max-Age=0", "Path=/", "HttpOnly", "SameSite=lax", "Secure"):
        assert attribute in cookie


async def test_nothing_personal_stays_in_the_store(auth: Auth, settings: AuthSettings) -> None:
    await auth.register("ada", email="ada@example.org")
    answer = await auth.sign_in("ada", user_agent="a telling laptop")
    ada = auth.bearer(answer.json()["access_token"])
    await ada.post("/api/update-nickname", data={"nickname": "Countess"})
    await ada.post("/api/update-avatar", data={"avatar_url": "https://example.org/countess.png"})
    personal = ("ada@example.org", "$argon2id$", "a telling laptop", "203.0.113.7", "Countess", "countess.png")
    assert [word for word in personal if word not in dump(settings)] == []
    await erase(ada)
    assert [word for word in personal if word in dump(settings)] == []


@pytest.mark.parametrize("name", ["Ada", "ada", "ADA"])
async def test_her_name_stays_taken_in_any_case_also_after_a_restart(
    settings: AuthSettings, clock: Clock, name: str
) -> None:
    async with serving(settings, clock) as before:
        assert await erase(await before.person("Ada")) == 204
        assert code(await before.register(name)) == (409, "username_taken")
    async with serving(settings, clock) as after:
        clock.forward(10 * 365 * 24 * 3600)
        assert code(await after.register(name)) == (409, "username_taken")
        assert (await after.register("ada2")).status_code == 201


async def test_the_feed_of_profiles_tells_of_it_once_in_the_place_of_the_profile(auth: Auth) -> None:
    ada, grace = await auth.person("Ada"), await auth.person("grace")
    await ada.post("/api/update-nickname", data={"nickname": "Countess"})
    await erase(ada)
    await grace.post("/api/update-nickname", data={"nickname": "Admiral"})
    erased = {"username": "Ada", "nickname": "Ada", "pfp": "", "version": 4, "erased": True, **MEMBER}
    admiral = {"username": "grace", "nickname": "Admiral", "pfp": "", "version": 5, **MEMBER}
    assert await profiles(auth) == [erased, admiral]
    assert await profiles(auth, after=4) == [admiral]
    page = (await auth.http.get("/internal/profiles?limit=1")).json()
    assert (page["profiles"], page["version"], page["last"]) == ([erased], 4, 5)


# What does not erase


async def test_with_a_wrong_password_nothing_happens(auth: Auth) -> None:
    ada = await auth.person("ada")
    assert await erase(ada, WRONG) == (403, "wrong_password")
    assert await ada.is_signed_in()
    assert (await auth.sign_in("ada")).is_success
    assert len(await profiles(auth)) == 1
    assert await auth.revoked() == []


async def test_the_password_of_another_person_is_a_wrong_one(auth: Auth) -> None:
    ada, _ = await auth.person("ada"), await auth.person("grace", "the password of grace")
    assert await erase(ada, "the password of grace") == (403, "wrong_password")


@pytest.mark.parametrize("password", ["", "\0", "x" * 10_000])
async def test_no_password_is_refused_for_its_form_so_that_nothing_is_learnt_of_it(
    asker: Person, password: str
) -> None:
    assert await erase(asker, password) == (403, "wrong_password")


@pytest.mark.parametrize(
    "body,status",
    [
        (b"", (400, "malformed")),
        (b"\xff", (400, "malformed")),
        (b"{", (400, "malformed")),
        (b"password=" + PASSWORD.encode(), (400, "malformed")),
        (b'{"password": "' + b"x" * 70_000 + b'"}', (413, "body_too_large")),
    ],
)
async def test_a_body_that_cannot_be_read_erases_nothing(asker: Person, body: bytes, status: tuple[int, str]) -> None:
    assert code(await asker.request("DELETE", PATH, content=body)) == status
    assert await asker.is_signed_in()


@pytest.mark.parametrize("body,field", [({}, "password"), ({"password": None}, "password"), ([], "")])
async def test_a_body_without_a_password_erases_nothing(asker: Person, body: object, field: str) -> None:
    assert fields(await asker.request("DELETE", PATH, json=body)) == [field]
    assert await asker.is_signed_in()


async def test_checking_the_password_waits_in_the_same_bounded_queue_as_all_others(
    settings: AuthSettings, clock: Clock
) -> None:
    async with serving(structs.replace(settings, passwords_waiting_max=1), clock, STRONG) as auth:
        ada = await auth.person("ada")
        outcomes = Counter(await asyncio.gather(*(erase(ada, WRONG) for _ in range(200))))
        assert outcomes.keys() == {(403, "wrong_password"), (503, "unavailable")}
        assert await erase(ada) == 204


# Twice, and at the same time


async def test_a_second_time_there_is_nobody_to_ask(auth: Auth) -> None:
    ada = await auth.person("ada")
    assert [await erase(ada), await erase(ada), await erase(ada, WRONG)] == [204, GONE, GONE]
    assert len(await profiles(auth)) == 1


async def test_of_several_erasures_at_once_exactly_one_is_told(auth: Auth) -> None:
    devices = [await auth.person("ada"), await auth.device("ada"), await auth.device("ada")]
    outcomes = Counter(await asyncio.gather(*(erase(device) for device in devices * 2)))
    assert outcomes == {204: 1, GONE: 5}
    assert [(one["version"], one["erased"]) for one in await profiles(auth)] == [(2, True)]


async def test_of_two_replicas_with_one_store_exactly_one_erases(settings: AuthSettings, clock: Clock) -> None:
    async with serving(settings, clock) as one, serving(settings, clock) as other:
        ada = await one.person("ada")
        outcomes = await asyncio.gather(erase(ada), erase(other.bearer(ada.token)))
        assert Counter(outcomes) == {204: 1, GONE: 1}
        for replica in (one, other):
            assert code(await replica.register("Ada")) == (409, "username_taken")


async def test_no_session_and_no_new_account_of_that_name_outlives_it(auth: Auth) -> None:
    ada = await auth.person("ada")
    outcome, sign_ins, registrations = await asyncio.gather(
        erase(ada),
        asyncio.gather(*(auth.sign_in("ada") for _ in range(6))),
        asyncio.gather(*(auth.register("ADA") for _ in range(6))),
    )
    assert outcome == 204
    opened = [auth.bearer(answer.json()["access_token"]) for answer in sign_ins if answer.is_success]
    assert [await device.is_signed_in() for device in opened] == [False] * len(opened)
    assert {answer.status_code for answer in registrations} == {409}


async def test_beside_a_change_of_the_password_either_comes_first(auth: Auth) -> None:
    laptop, phone = await auth.person("ada"), await auth.device("ada")
    body = {"current_password": PASSWORD, "new_password": "another password"}
    erased, changed = await asyncio.gather(erase(laptop), phone.post("/api/change-password", json=body))
    if erased == 204:
        assert code(changed) in {GONE, (403, "wrong_password")}
        assert code(await auth.sign_in("ada", "another password")) == (401, "wrong_credentials")
    else:
        assert (erased, changed.status_code) in [(GONE, 200), ((403, "wrong_password"), 200)]
        assert (await auth.sign_in("ada", "another password")).is_success


# What the others hear


async def test_the_others_hear_of_the_sessions_and_of_the_profile(
    settings: AuthSettings, clock: Clock, valkey_url: str
) -> None:
    async with (
        listening(valkey_url, REVOCATIONS_CHANNEL) as gateway,
        listening(valkey_url, PROFILES_CHANNEL) as chat,
        serving(structs.replace(settings, redis_url=valkey_url), clock) as auth,
    ):
        ada = await auth.person("ada")
        sid = await ada.sid()
        await chat.hears("1")
        await erase(ada)
        await gateway.hears(sid)
        await chat.hears("2")


async def test_what_was_erased_while_redis_was_away_is_told_when_it_is_back(
    settings: AuthSettings, clock: Clock, valkey_url: str
) -> None:
    async with serving(settings, clock) as without_redis:
        ada = await without_redis.person("ada")
        sid = await ada.sid()
        assert await erase(ada) == 204
    async with (
        listening(valkey_url, REVOCATIONS_CHANNEL) as gateway,
        listening(valkey_url, PROFILES_CHANNEL) as chat,
        serving(structs.replace(settings, redis_url=valkey_url), clock),
    ):
        await gateway.hears(sid)
        await chat.hears("2")
