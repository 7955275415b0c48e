"""From where somebody has signed in before: what the gateway asks, and who comes first when many want to sign in."""

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from auth_service.app import MIGRATIONS
from auth_service.domain.session import DEVICE_MARKS_MAX, KNOWN_S
from auth_service.settings import AuthSettings
from servicekit import sqlite_file
from tests.asgi import CLIENT_ADDRESS
from tests.auth_service.people import PASSWORD, Auth, Person, run_sql
from tests.clock import Clock
from tests.problems import code

BROWSER = "a-browser-of-22-letter"


async def known_as(auth: Auth, username: str = "ada", address: str = CLIENT_ADDRESS, browser: str = "") -> str:
    query = {"username": username, "address": address, "browser": browser}
    return str((await auth.http.get("/internal/known-device", params=query)).json()["known_as"])


async def sign_in_with(auth: Auth, browser: str, password: str = PASSWORD) -> httpx.Response:
    credentials = {"username": "ada", "password": password}
    return await auth.http.post("/api/user/login", json=credentials, headers={"X-Parley-Browser": browser})


async def test_an_address_is_known_once_she_has_signed_in_from_there(auth: Auth) -> None:
    await auth.register("Ada")
    await auth.sign_in("ada", "not her password")
    assert await known_as(auth) == ""
    await auth.sign_in("ada")
    assert await known_as(auth, " aDA ") == f"network {CLIENT_ADDRESS}"
    assert await known_as(auth, address="203.0.113.8") == ""
    assert await known_as(auth, "grace") == ""


async def test_a_browser_is_known_wherever_it_is(auth: Auth) -> None:
    await auth.register("ada")
    await sign_in_with(auth, BROWSER, "not her password")
    assert await known_as(auth, browser=BROWSER) == ""
    await sign_in_with(auth, BROWSER)
    assert await known_as(auth, address="192.0.2.1", browser=BROWSER) == f"browser {BROWSER}"
    assert await known_as(auth, browser="another-browser") == f"network {CLIENT_ADDRESS}"
    assert await known_as(auth, address="192.0.2.1", browser="another-browser") == ""


async def test_a_device_is_known_for_a_while_after_its_last_sign_in(auth: Auth, clock: Clock) -> None:
    await auth.person("ada")
    clock.forward(KNOWN_S - 1)
    assert await known_as(auth) != ""
    clock.forward(1)
    assert await known_as(auth) == ""


async def test_what_is_known_no_more_is_not_kept_whosever_it_was(
    auth: Auth, settings: AuthSettings, clock: Clock
) -> None:
    await auth.person("ada")
    clock.forward(KNOWN_S)
    await auth.person("grace")
    assert run_sql(settings, "SELECT username FROM known_devices") == [("grace",)]


async def test_so_many_of_the_newest_are_known_and_no_more(auth: Auth, clock: Clock) -> None:
    await auth.register("ada")
    browsers = [f"browser-{number}" for number in range(DEVICE_MARKS_MAX)]  # and the address, which all of them have
    for browser in browsers:
        clock.forward(1)
        await sign_in_with(auth, browser)
    known = [await known_as(auth, address="192.0.2.1", browser=browser) != "" for browser in browsers]
    assert known == [False] + [True] * (DEVICE_MARKS_MAX - 1)


async def test_nobody_is_known_as_one_who_has_erased_their_account(auth: Auth) -> None:
    ada = await auth.person("ada")
    await ada.request("DELETE", "/api/account", json={"password": PASSWORD})
    assert await known_as(auth) == ""


async def test_what_a_browser_says_is_bounded(auth: Auth) -> None:
    query = {"username": "ada", "address": "", "browser": "x" * 65}
    assert code(await auth.http.get("/internal/known-device", params=query)) == (422, "invalid")
    await auth.register("ada")
    assert (await sign_in_with(auth, "x" * 1000)).status_code == 200
    assert await known_as(auth, address="", browser="x" * 64) == "browser " + "x" * 64


def test_who_signed_in_before_devices_were_known_is_known_there(tmp_path: Path) -> None:
    older = tmp_path / "older"
    older.mkdir()
    for script in sorted(MIGRATIONS.glob("000[12]_*.sql")):
        (older / script.name).write_text(script.read_text())
    sqlite_file.make(tmp_path / "users.db", older)
    with closing(sqlite3.connect(tmp_path / "users.db")) as connection, connection:
        connection.execute(
            "INSERT INTO users (username, username_folded, password, nickname, nickname_folded, version, created_at)"
            " VALUES ('ada', 'ada', 'x', 'ada', 'ada', 1, 1)"
        )
        connection.executemany(
            "INSERT INTO sessions VALUES (?, ?, ?, 1, 1, NULL, ?, '')",
            [("a", "ada", 5, "192.0.2.1"), ("b", "ada", 7, "192.0.2.1"), ("c", "ada", 1, "::1"), ("d", "x", 1, "9.9")],
        )
    sqlite_file.make(tmp_path / "users.db", MIGRATIONS)
    with closing(sqlite3.connect(tmp_path / "users.db")) as connection:
        rows = connection.execute("SELECT username, mark, seen_at FROM known_devices").fetchall()
    assert rows == [("ada", "network 192.0.2.1", 7)]


# The session that a new one replaces


async def sign_in_over(auth: Auth, holder: Person, username: str = "ada", password: str = PASSWORD) -> httpx.Response:
    return await holder.post("/api/login", data={"username": username, "password": password})


async def test_signing_in_again_ends_the_session_that_the_device_gives_up(auth: Auth) -> None:
    ada = await auth.person("ada")
    phone = await auth.device("ada")
    sid = await ada.sid()
    again = auth.bearer((await sign_in_over(auth, ada)).json()["access_token"])
    assert [await one.is_signed_in() for one in (ada, phone, again)] == [False, True, True]
    assert await auth.revoked() == [sid]


async def test_a_wrong_password_ends_nothing(auth: Auth) -> None:
    ada = await auth.person("ada")
    assert code(await sign_in_over(auth, ada, password="not her password")) == (401, "wrong_credentials")
    assert await ada.is_signed_in()


async def test_signing_in_as_another_person_ends_nothing(auth: Auth) -> None:
    ada, grace = await auth.person("ada"), await auth.person("grace")
    assert (await sign_in_over(auth, ada, "grace")).status_code == 200
    assert [await one.is_signed_in() for one in (ada, grace)] == [True, True]


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
async def test_what_is_no_token_is_no_hindrance_to_signing_in(auth: Auth, token: str) -> None:
    await auth.register("ada")
    assert (await sign_in_over(auth, auth.bearer(token))).status_code == 200
    assert await auth.revoked() == []
