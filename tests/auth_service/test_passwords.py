"""Which passwords are refused, in which form they are compared, and who is next when many want to prove one."""

import asyncio
import os
import threading
import unicodedata
from typing import Literal

import msgspec
import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from auth_service.common_passwords import COMMONEST_MAX, is_common
from auth_service.domain.fair_queue import Place
from auth_service.domain.refusals import TooManySignIns
from auth_service.passwords import STRONG, Passwords, hash_of_nobody
from auth_service.settings import AuthSettings
from tests.auth_service.people import CHEAP, PASSWORD, Auth, Person, fields, run_sql, serving
from tests.clock import Clock
from tests.problems import code
from tests.waiting import eventually

COMPOSED, DECOMPOSED = unicodedata.normalize("NFC", "pässwörter"), unicodedata.normalize("NFD", "pässwörter")
BLANKS = [" " * 8, "\u200b" * 8, "\u2800" * 8, "\u3164" * 8, "\u00a0\u2003" * 4]


@pytest.mark.parametrize("password", ["password", "12345678", "password1", "qwertyuiop", *BLANKS])
@pytest.mark.parametrize("path", ["/register", "/api/register"])
async def test_what_is_tried_first_and_what_is_not_seen_is_refused_with_the_reason(
    asked: Auth, asker: Person, path: str, password: str
) -> None:
    response = await asked.http.post(path, json={"username": "grace", "password": password})
    assert fields(response) == ["password"]
    (error,) = response.json()["errors"]
    assert error["detail"] in {
        "This is one of the commonest passwords, which are tried first.",
        "Something has to be seen.",
    }
    body = {"current_password": PASSWORD, "new_password": password}
    assert fields(await asker.post("/api/change-password", json=body)) == ["new_password"]


async def test_the_username_is_no_password_in_any_case(auth: Auth) -> None:
    for password in ("ada.lovelace", "Ada.Lovelace"):
        assert fields(await auth.register("ada.lovelace", password)) == ["password"]
    ada = await auth.person("ada.lovelace")
    body = {"current_password": PASSWORD, "new_password": "ADA.lovelace"}
    assert fields(await ada.post("/api/change-password", json=body)) == ["new_password"]
    body["new_password"] = "grace.hopper"
    assert (await ada.post("/api/change-password", json=body)).status_code == 200


@pytest.mark.parametrize("password", ["Password123", "Password", "ada.lovelace1", "\u0301" * 8])
async def test_upper_and_lower_case_count_and_what_is_like_a_refused_one_is_not(auth: Auth, password: str) -> None:
    assert (await auth.register("ada.lovelace", password)).status_code == 201


def test_the_hash_of_nobody_costs_what_a_real_one_costs_and_no_password_matches_it() -> None:
    nobodys = hash_of_nobody(STRONG)
    assert extract_parameters(nobodys) == extract_parameters(STRONG.hash(PASSWORD))
    assert nobodys != hash_of_nobody(STRONG)
    with pytest.raises(VerifyMismatchError):  # read and computed: what cannot be read is refused otherwise, at no cost
        STRONG.verify(nobodys, PASSWORD)


def test_as_many_as_it_says_are_the_commonest() -> None:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    listed = FREQUENCY_LISTS["passwords"]
    assert is_common(listed[COMMONEST_MAX - 1])
    assert not is_common(listed[COMMONEST_MAX])


async def test_who_has_a_password_that_would_be_refused_today_signs_in(settings: AuthSettings, clock: Clock) -> None:
    async with serving(settings, clock) as auth:
        await auth.register("ada")
        run_sql(settings, f"UPDATE users SET password = '{CHEAP.hash('password')}'")
        assert (await auth.sign_in("ada", "password")).status_code == 200


# Their form


class CountingHasher(PasswordHasher):
    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.tried: list[str | bytes] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.tried.append(password)
        return super().verify(hash, password)


class CredulousHasher(CountingHasher):
    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        return True


@pytest.mark.parametrize("chosen, typed", [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED), (DECOMPOSED, DECOMPOSED)])
async def test_a_password_is_the_same_however_a_keyboard_composes_it(auth: Auth, chosen: str, typed: str) -> None:
    ada = await auth.person("ada", chosen)
    assert (await auth.sign_in("ada", typed)).status_code == 200
    body = {"current_password": typed, "new_password": "e\u0301t\u00e9 en France"}
    assert (await ada.post("/api/change-password", json=body)).status_code == 200
    assert (await auth.sign_in("ada", "\u00e9te\u0301 en France")).status_code == 200


async def test_one_that_was_kept_as_typed_is_found_so_and_kept_composed_from_then_on(
    settings: AuthSettings, clock: Clock
) -> None:
    async with serving(settings, clock) as auth:
        await auth.register("ada")
        run_sql(settings, f"UPDATE users SET password = '{CHEAP.hash(DECOMPOSED)}'")
        assert code(await auth.sign_in("ada", COMPOSED)) == (401, "wrong_credentials")
        assert (await auth.sign_in("ada", DECOMPOSED)).status_code == 200
        assert (await auth.sign_in("ada", COMPOSED)).status_code == 200


@pytest.mark.parametrize("typed, tries", [("not her password", 1), (COMPOSED, 1), (DECOMPOSED, 2)])
async def test_an_unknown_user_costs_as_many_tries_as_a_wrong_password(
    settings: AuthSettings, clock: Clock, typed: str, tries: int
) -> None:
    hasher = CountingHasher()
    async with serving(settings, clock, hasher) as auth:
        await auth.register("ada")
        for username in ("ada", "nobody"):
            hasher.tried.clear()
            assert code(await auth.sign_in(username, typed)) == (401, "wrong_credentials")
            assert len(hasher.tried) == tries


async def test_nobody_has_no_right_password(settings: AuthSettings, clock: Clock) -> None:
    async with serving(settings, clock, CredulousHasher()) as auth:
        assert code(await auth.sign_in("nobody")) == (401, "wrong_credentials")


async def test_a_password_of_a_thousand_marks_is_composed_and_a_longer_one_left_as_it_is(
    settings: AuthSettings, clock: Clock
) -> None:
    hasher = CountingHasher()
    async with serving(settings, clock, hasher) as auth:
        await auth.sign_in("ada", "a\u0301" * 512)
        await auth.sign_in("ada", "a\u0301" * 513)
    assert [len(tried) for tried in hasher.tried] == [512, 1024, 1026]


# Their queue

HOME = Place("192.0.2.1", "192.0.2.0/24", is_known=True)


class SlowHasher(PasswordHasher):
    """Hashes one after another, when it is released."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.released = threading.Event()
        self.hashed: list[str | bytes] = []

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        if isinstance(password, str):  # the constructor of Passwords makes one of bytes
            self.released.wait()
            self.hashed.append(password)
        return super().hash(password, salt=salt)


async def test_a_flood_delays_a_known_device_by_what_is_at_work_and_refuses_its_own() -> None:
    hasher = SlowHasher()
    passwords = Passwords(hasher=hasher, waiting_max=8, cores=1)
    flood = [
        asyncio.create_task(passwords.hash(f"flood {n}", Place(f"198.51.100.{n}", "198.51.100.0/24"))) for n in range(9)
    ]
    await asyncio.sleep(0)
    ada = asyncio.create_task(passwords.hash("ada", HOME))
    linus = asyncio.create_task(passwords.hash("linus", Place("10.0.0.1", "10.0.0.0/24")))
    await asyncio.sleep(0)
    hasher.released.set()
    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(*flood, ada, linus, return_exceptions=True)
    assert hasher.hashed[:4] == ["flood 0", "ada", "flood 1", "linus"]
    assert [type(outcome) for outcome in outcomes] == [str] * 7 + [TooManySignIns] * 2 + [str] * 2
    passwords.close()


async def test_who_gives_up_waiting_costs_nobody_anything() -> None:
    hasher = SlowHasher()
    passwords = Passwords(hasher=hasher, waiting_max=8, cores=1)
    tasks = [asyncio.create_task(passwords.hash(name, HOME)) for name in ("ada", "grace", "linus")]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[1].cancel()
    hasher.released.set()
    async with asyncio.timeout(10):
        await tasks[2]
    assert hasher.hashed == ["ada", "linus"]
    passwords.close()


class HeldHasher(PasswordHasher):
    """Verifies as soon as it is not held."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.free = threading.Event()
        self.free.set()
        self.at_work: list[str | bytes] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.at_work.append(password)
        self.free.wait()
        return super().verify(hash, password)


SIGN_IN = ("/api/user/login", {"username": "ada", "password": PASSWORD})
CHANGE = ("/api/change-password", {"current_password": PASSWORD, "new_password": "a better one"})


@pytest.mark.parametrize("path, body", [SIGN_IN, CHANGE])
async def test_strangers_make_room_for_who_is_known(
    settings: AuthSettings, clock: Clock, path: str, body: dict[str, str]
) -> None:
    hasher = HeldHasher()
    async with serving(msgspec.structs.replace(settings, passwords_waiting_max=1), clock, hasher) as auth:
        ada = await auth.person("ada")
        hasher.free.clear()
        hasher.at_work.clear()
        try:
            flood = [asyncio.create_task(auth.sign_in("nobody")) for _ in range(os.cpu_count() or 1)]
            await eventually(lambda: len(hasher.at_work) == len(flood))
            stranger = asyncio.create_task(auth.sign_in("nobody"))
            known = asyncio.create_task(ada.post(path, json=body))
            async with asyncio.timeout(10):
                done, _ = await asyncio.wait({stranger, known}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hasher.free.set()
        assert done == {stranger}
        assert code(stranger.result()) == (503, "unavailable")
        assert (await known).status_code == 200
        await asyncio.gather(*flood)
