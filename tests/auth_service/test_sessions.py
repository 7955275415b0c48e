import asyncio

import pytest
from msgspec import structs

from auth_service.actions.sessions import Sessions
from auth_service.app import MIGRATIONS
from auth_service.domain.refusals import SessionEnded
from auth_service.feed import Feed
from auth_service.passwords import Passwords
from auth_service.settings import AuthSettings
from auth_service.store import AccountStore, SessionStore
from auth_service.tokens import Tokens
from servicekit.bus import Bus
from servicekit.engines import open_database
from servicekit.tokens import Identity
from tests.auth_service.people import CHEAP, PASSWORD, Auth, fields, serving
from tests.clock import Clock
from tests.problems import code

NEW_PASSWORD = "a better one, I hope"


async def test_devices_are_listed_with_when_and_from_where_the_last_seen_first(auth: Auth, clock: Clock) -> None:
    await auth.register("ada")
    laptop = auth.bearer((await auth.sign_in("ada", user_agent="laptop")).json()["access_token"])
    clock.forward(3600)
    await auth.sign_in("ada", user_agent="phone")
    phone_row, laptop_row = (await laptop.get("/api/sessions")).json()
    assert laptop_row.pop("sid") != phone_row.pop("sid")
    assert phone_row == {
        "created_at": "2027-01-15T09:00:00Z",
        "last_seen_at": "2027-01-15T09:00:00Z",
        "address": "203.0.113.7",
        "user_agent": "phone",
        "current": False,
    }
    assert laptop_row == {
        "created_at": "2027-01-15T08:00:00Z",
        "last_seen_at": "2027-01-15T09:00:00Z",
        "address": "203.0.113.7",
        "user_agent": "laptop",
        "current": True,
    }


async def test_being_seen_is_written_down_once_a_minute(auth: Auth, clock: Clock) -> None:
    ada = await auth.person("ada")
    clock.forward(59)
    (row,) = (await ada.get("/api/sessions")).json()
    assert row["last_seen_at"] == "2027-01-15T08:00:00Z"
    clock.forward(1)
    (row,) = (await ada.get("/api/sessions")).json()
    assert row["last_seen_at"] == "2027-01-15T08:01:00Z"


async def test_a_long_user_agent_is_cut_and_loses_what_cannot_be_shown(auth: Auth) -> None:
    await auth.register("ada")
    answer = await auth.sign_in("ada", user_agent="\t" + "x" * 300)
    (row,) = (await auth.bearer(answer.json()["access_token"]).get("/api/sessions")).json()
    assert row["user_agent"] == "x" * 256


async def test_a_sign_in_too_many_ends_the_session_that_was_seen_longest_ago(
    settings: AuthSettings, clock: Clock
) -> None:
    async with serving(structs.replace(settings, sessions_listed_max=2), clock) as auth:
        first, grace = await auth.person("ada"), await auth.person("grace")
        clock.forward(60)
        second = await auth.device("ada")
        assert len((await second.get("/api/sessions")).json()) == 2
        ended = await second.sid()
        clock.forward(60)
        assert await first.is_signed_in()  # and seen
        third = await auth.device("ada")
        assert await auth.revoked() == [ended]
        assert [await one.is_signed_in() for one in (first, second, third, grace)] == [True, False, True, True]
        listed = {row["sid"] for row in (await third.get("/api/sessions")).json()}
        assert listed == {await first.sid(), await third.sid()}


async def test_refreshing_gives_the_same_session_a_later_end(auth: Auth, clock: Clock) -> None:
    ada = await auth.person("ada")
    clock.forward(6 * 24 * 3600)
    response = await ada.post("/api/refresh")
    assert response.json().keys() == {"access_token", "token_type", "expires_in"}
    refreshed = auth.bearer(response.json()["access_token"])
    assert await refreshed.sid() == await ada.sid()
    clock.forward(6 * 24 * 3600)
    assert await refreshed.is_signed_in()
    assert not await ada.is_signed_in()


async def test_a_session_that_ends_while_it_is_refreshed_gets_no_token(settings: AuthSettings, clock: Clock) -> None:
    bus = Bus(settings.redis_url)
    passwords = Passwords(hasher=CHEAP, waiting_max=1)
    async with open_database(settings.data_dir / "users.db", MIGRATIONS) as database:
        sessions = Sessions(
            store=SessionStore(database),
            accounts=AccountStore(database),
            passwords=passwords,
            tokens=Tokens(secret="x" * 16, store="", clock=clock, new_id=str),
            feed=Feed(bus),
            clock=clock,
            new_id=str,
            token_lifetime_s=1,
            active_max=1,
        )
        with pytest.raises(SessionEnded):
            await sessions.refresh(Identity("ada", "ended", int(clock()) + 1))
    passwords.close()


async def test_a_revoked_session_is_listed_until_its_last_token_has_expired(auth: Auth, clock: Clock) -> None:
    ada = await auth.person("ada")
    sid = await ada.sid()
    clock.forward(24 * 3600)
    refreshed = auth.bearer((await ada.post("/api/refresh")).json()["access_token"])
    await ada.post("/api/logout")
    assert not await refreshed.is_signed_in()
    assert await auth.revoked() == [sid]
    clock.forward(7 * 24 * 3600 + 59)  # a clock elsewhere may be behind
    assert await auth.revoked() == [sid]
    clock.forward(1)
    assert await auth.revoked() == []


async def test_signing_out_ends_the_session_and_clears_the_cookie(auth: Auth) -> None:
    ada = await auth.person("ada")
    response = await ada.post("/api/logout")
    assert response.json() == {"message": "Signed out"}
    cookie = response.headers["set-cookie"]
    assert cookie.startswith('access_token=""')
    for attribute in ("Max-Age=0", "Path=/", "HttpOnly", "SameSite=lax"):
        assert attribute in cookie
    assert "Secure" not in cookie
    assert code(await ada.get("/api/user-profile")) == (401, "unauthenticated")


async def test_over_https_the_cleared_cookie_is_a_secure_one(auth: Auth) -> None:
    ada = await auth.person("ada")
    response = await ada.post("https://parley.test/api/logout")
    assert "Secure" in response.headers["set-cookie"]


async def test_signing_out_twice_at_once_is_signing_out(auth: Auth) -> None:
    ada = await auth.person("ada")
    answers = await asyncio.gather(ada.post("/api/logout"), ada.post("/api/logout"))
    assert {answer.status_code for answer in answers} <= {200, 401}
    assert len(await auth.revoked()) == 1


async def test_ada_ends_the_session_of_a_device_she_has_lost(auth: Auth) -> None:
    ada = await auth.person("ada")
    lost = await auth.device("ada")
    sid = await lost.sid()
    response = await ada.request("DELETE", f"/api/sessions/{sid}")
    assert (response.status_code, response.content) == (204, b"")
    assert await auth.revoked() == [sid]
    assert not await lost.is_signed_in()
    assert len((await ada.get("/api/sessions")).json()) == 1
    assert code(await ada.request("DELETE", f"/api/sessions/{sid}")) == (404, "unknown_session")


async def test_another_persons_session_is_unknown_and_stays(auth: Auth) -> None:
    ada, grace = await auth.person("ada"), await auth.person("grace")
    response = await grace.request("DELETE", f"/api/sessions/{await ada.sid()}")
    assert code(response) == (404, "unknown_session")
    assert await ada.is_signed_in()


async def test_revocation_holds_at_once_for_a_replica(settings: AuthSettings, clock: Clock) -> None:
    async with serving(settings, clock) as one, serving(settings, clock) as other:
        ada = await one.person("ada")
        assert await other.bearer(ada.token).is_signed_in()
        await ada.post("/api/logout")
        assert not await other.bearer(ada.token).is_signed_in()


async def change(auth: Auth, token: str, current: str = PASSWORD, new: str = NEW_PASSWORD) -> tuple[int, str]:
    body = {"current_password": current, "new_password": new}
    response = await auth.bearer(token).post("/api/change-password", json=body)
    return (200, "") if response.status_code == 200 else code(response)


async def test_a_new_password_ends_all_other_sessions_and_replaces_the_old_one(auth: Auth) -> None:
    ada = await auth.person("ada")
    others = [await auth.device("ada"), await auth.device("ada")]
    sids = [await other.sid() for other in others]
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    response = await ada.post("/api/change-password", json=body)
    assert response.json() == {"message": "Password changed", "sessions_ended": 2}
    assert await ada.is_signed_in()
    assert [await other.is_signed_in() for other in others] == [False, False]
    assert sorted(await auth.revoked()) == sorted(sids)
    assert code(await auth.sign_in("ada", PASSWORD)) == (401, "wrong_credentials")
    assert (await auth.sign_in("ada", NEW_PASSWORD)).status_code == 200


async def test_a_new_password_leaves_other_people_alone(auth: Auth) -> None:
    ada, grace = await auth.person("ada"), await auth.person("grace")
    assert await change(auth, ada.token) == (200, "")
    assert await grace.is_signed_in()
    assert (await auth.sign_in("grace")).status_code == 200


async def test_the_current_password_has_to_be_right(auth: Auth) -> None:
    ada = await auth.person("ada")
    assert await change(auth, ada.token, current="not her password") == (403, "wrong_password")
    assert (await auth.sign_in("ada")).status_code == 200


async def test_a_new_password_keeps_to_the_rules(auth: Auth) -> None:
    ada = await auth.person("ada")
    body = {"current_password": PASSWORD, "new_password": "1234567"}
    assert fields(await ada.post("/api/change-password", json=body)) == ["new_password"]
    assert await change(auth, ada.token, new="12345679") == (200, "")


async def test_of_two_changes_of_a_password_at_once_exactly_one_wins(auth: Auth) -> None:
    laptop = await auth.person("ada")
    phone = await auth.device("ada")
    outcomes = await asyncio.gather(
        change(auth, laptop.token, new="chosen on the laptop"),
        change(auth, phone.token, new="chosen on the phone"),
    )
    # On PostgreSQL the other's session may have ended before its password is looked at.
    assert sorted(outcomes) in ([(200, ""), (403, "wrong_password")], [(200, ""), (401, "unauthenticated")])


async def test_no_session_of_the_old_password_outlives_its_change(auth: Auth) -> None:
    ada = await auth.person("ada")
    changed, sign_ins = await asyncio.gather(
        change(auth, ada.token), asyncio.gather(*(auth.sign_in("ada") for _ in range(6)))
    )
    assert changed == (200, "")
    opened = [auth.bearer(answer.json()["access_token"]) for answer in sign_ins if answer.is_success]
    assert [await device.is_signed_in() for device in opened] == [False] * len(opened)
