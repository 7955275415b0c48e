"""Reset links: somebody who has forgotten their password chooses another, once, within four hours."""

import asyncio
import hashlib

import pytest

from auth_service.settings import AuthSettings
from tests.auth_service.owners import ODD_CODES, ban, end_ban, owner_of
from tests.auth_service.people import PASSWORD, Auth, Person, fields, run_sql
from tests.clock import Clock
from tests.problems import code

NEW = "an entirely new one"
UNKNOWN, SPENT = (404, "unknown_link"), (410, "link_spent")


@pytest.fixture
async def ada(auth: Auth, settings: AuthSettings) -> Person:
    return await owner_of(auth, settings)


async def link_for(ada: Person, username: str) -> str:
    """The code in it."""
    answer = await ada.post(f"/api/admin/users/{username}/reset-link")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"].rpartition("/reset/")[2])


async def reset(auth: Auth, link: str, password: str = NEW) -> int | tuple[int, str]:
    answer = await auth.http.post(f"/api/reset/{link}", json={"password": password})
    return answer.status_code if answer.is_success else code(answer)


async def test_she_chooses_a_new_password_and_all_her_sessions_end(auth: Auth, ada: Person) -> None:
    grace = await auth.person("Grace")
    phone = await auth.device("grace")
    link = await link_for(ada, "grace")
    shown = (await auth.http.get(f"/api/reset/{link}")).json()
    assert shown == {"username": "Grace", "expires_at": "2027-01-15T12:00:00Z"}
    answer = await auth.http.post(f"/api/reset/{link}", json={"password": NEW})
    assert answer.json() == {"message": "Password changed", "username": "Grace", "sessions_ended": 2}
    assert not await grace.is_signed_in()
    assert not await phone.is_signed_in()
    assert code(await auth.sign_in("grace")) == (401, "wrong_credentials")
    assert await (await auth.device("grace", NEW)).is_signed_in()
    assert await ada.is_signed_in()


async def test_a_link_is_good_once(auth: Auth, ada: Person) -> None:
    await auth.register("grace")
    link = await link_for(ada, "grace")
    assert [await reset(auth, link), await reset(auth, link)] == [200, SPENT]
    assert code(await auth.http.get(f"/api/reset/{link}")) == SPENT


async def test_of_two_uses_at_once_exactly_one_succeeds(auth: Auth, ada: Person) -> None:
    await auth.register("grace")
    link = await link_for(ada, "grace")
    passwords = [f"an entirely new one {number}" for number in range(4)]
    done = await asyncio.gather(*(reset(auth, link, one) for one in passwords))
    assert sorted(done, key=str) == [SPENT, SPENT, SPENT, 200]
    assert (await auth.sign_in("grace", passwords[done.index(200)])).is_success


async def test_it_is_good_for_four_hours(auth: Auth, ada: Person, clock: Clock) -> None:
    await auth.register("grace")
    link = await link_for(ada, "grace")
    clock.forward(4 * 3600 - 1)
    assert (await auth.http.get(f"/api/reset/{link}")).is_success
    clock.forward(1)
    assert await reset(auth, link) == SPENT
    assert (await auth.sign_in("grace")).is_success


async def test_only_the_newest_is_good(auth: Auth, ada: Person) -> None:
    await auth.register("grace")
    first, second = await link_for(ada, "grace"), await link_for(ada, "grace")
    assert await reset(auth, first) == SPENT
    assert await reset(auth, second) == 200


async def test_the_banned_have_none(auth: Auth, ada: Person) -> None:
    await auth.register("grace")
    link = await link_for(ada, "grace")
    await ban(ada, "grace")
    assert await reset(auth, link) == SPENT
    assert code(await ada.post("/api/admin/users/grace/reset-link")) == (403, "banned")
    await end_ban(ada, "grace")
    assert await reset(auth, link) == SPENT
    assert (await auth.sign_in("grace")).is_success


async def test_an_erased_account_is_not_brought_back(auth: Auth, ada: Person) -> None:
    grace = await auth.person("grace")
    link = await link_for(ada, "grace")
    await grace.request("DELETE", "/api/account", json={"password": PASSWORD})
    assert await reset(auth, link) == SPENT
    assert code(await ada.post("/api/admin/users/grace/reset-link")) == (404, "unknown_user")


@pytest.mark.parametrize("odd", ODD_CODES)
async def test_what_was_never_a_link_is_unknown(asked: Auth, odd: str) -> None:
    for answer in (
        await asked.http.get(f"/api/reset/{odd}"),
        await asked.http.post(f"/api/reset/{odd}", json={"password": NEW}),
    ):
        assert answer.status_code == 404


@pytest.mark.parametrize("password", ["short", "a" * 257, "Grace-Hopper", "12345678", "  ", "nul\0 in the middle"])
async def test_a_bad_password_is_refused_and_uses_nothing_up(auth: Auth, ada: Person, password: str) -> None:
    await auth.register("grace-hopper")
    link = await link_for(ada, "grace-hopper")
    assert fields(await auth.http.post(f"/api/reset/{link}", json={"password": password})) == ["password"]
    assert await reset(auth, link) == 200


async def test_of_a_link_only_the_hash_is_kept(auth: Auth, ada: Person, settings: AuthSettings) -> None:
    await auth.register("grace")
    link = await link_for(ada, "grace")
    assert len(link) == 22
    [(kept,)] = run_sql(settings, "SELECT code_hash FROM reset_links")
    assert kept == hashlib.sha256(link.encode()).hexdigest()


async def test_what_ended_long_ago_is_forgotten(auth: Auth, ada: Person, settings: AuthSettings, clock: Clock) -> None:
    await auth.register("grace")
    link = await link_for(ada, "grace")
    clock.forward(31 * 24 * 3600)
    await link_for(await auth.device("ada"), "grace")
    assert await reset(auth, link) == UNKNOWN
    assert run_sql(settings, "SELECT count(*) FROM reset_links") == [(1,)]


# One's own e-mail address


async def test_an_email_address_is_changed_and_taken_away_by_who_knows_the_password(auth: Auth) -> None:
    ada = await auth.person("ada")
    path = "/api/change-email"
    answer = await ada.post(path, json={"password": PASSWORD, "email": " ada@example.org "})
    assert answer.json() == {"message": "E-mail address changed", "email": "ada@example.org"}
    assert (await ada.get("/api/user-profile")).json()["email"] == "ada@example.org"
    wrong = {"password": "not her password", "email": "eve@example.org"}
    assert code(await ada.post(path, json=wrong)) == (403, "wrong_password")
    assert fields(await ada.post(path, json={"password": PASSWORD, "email": "nowhere"})) == ["email"]
    assert (await ada.get("/api/user-profile")).json()["email"] == "ada@example.org"
    assert (await ada.post(path, json={"password": PASSWORD, "email": ""})).json()["email"] is None
    assert (await ada.get("/api/user-profile")).json()["email"] is None
