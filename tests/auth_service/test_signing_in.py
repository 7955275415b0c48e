import asyncio
import threading
from typing import Literal

import pytest
from argon2 import PasswordHasher
from msgspec import structs
from structlog.testing import capture_logs

from auth_service.domain.fair_queue import Place
from auth_service.domain.refusals import TooManySignIns
from auth_service.passwords import STRONG, PasswordMismatch, Passwords
from auth_service.settings import AuthSettings
from tests.auth_service.people import CHEAP, PASSWORD, Auth, run_sql, serving
from tests.clock import Clock
from tests.problems import code

HERE = Place("203.0.113.7", "203.0.113.0/24")


class CountingHasher(PasswordHasher):
    """Counts the comparisons that it made."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[str | bytes] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.verified.append(hash)
        return super().verify(hash, password)


class BlockedHasher(PasswordHasher):
    """Hashes when it is released; knows how many were at work at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.released = threading.Event()
        self.released.set()  # the constructor of Passwords makes a hash
        self.at_work = 0
        self.at_work_max = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.at_work += 1
        self.at_work_max = max(self.at_work, self.at_work_max)
        self.released.wait()
        self.at_work -= 1
        return super().hash(password, salt=salt)


async def test_signing_in_by_json_answers_with_a_token(auth: Auth) -> None:
    await auth.register("ada")
    response = await auth.sign_in("ada")
    answer = response.json()
    assert response.status_code == 200
    assert answer.pop("access_token").count(".") == 2
    assert answer == {"message": "Correct password", "token_type": "bearer", "expires_in": 7 * 24 * 3600}
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers


async def test_signing_in_by_the_oauth2_form_answers_with_a_token(auth: Auth) -> None:
    await auth.register("ada")
    form = {"grant_type": "password", "username": "ada", "password": PASSWORD, "scope": ""}
    answer = (await auth.http.post("/api/login", data=form)).json()
    assert await auth.bearer(answer.pop("access_token")).is_signed_in()
    assert answer == {"token_type": "bearer", "expires_in": 7 * 24 * 3600}


async def test_a_form_may_come_as_multipart(auth: Auth) -> None:
    await auth.register("ada")
    form = {"username": (None, "ada"), "password": (None, PASSWORD)}
    assert (await auth.http.post("/api/login", files=form)).status_code == 200


@pytest.mark.parametrize("encoded", ["pässwörter", "p%C3%A4ssw%C3%B6rter"])
async def test_a_form_is_utf_8_whether_percent_encoded_or_not(auth: Auth, encoded: str) -> None:
    await auth.register("ada", "pässwörter")
    response = await auth.http.post(
        "/api/login",
        content=f"username=ada&password={encoded}".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert response.status_code == 200


async def test_the_username_is_found_in_any_case_and_the_token_names_it_as_registered(auth: Auth) -> None:
    await auth.register("Ada")
    device = await auth.device("aDA")
    assert (await device.get("/api/user-profile")).json()["username"] == "Ada"


async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(auth: Auth) -> None:
    await auth.register("ada")
    wrong = await auth.sign_in("ada", "not her password")
    unknown = await auth.sign_in("nobody", "not her password")
    assert code(wrong) == (401, "wrong_credentials")
    assert wrong.json() == unknown.json()
    assert wrong.headers["www-authenticate"] == unknown.headers["www-authenticate"] == "Bearer"


async def test_letters_that_merely_fold_to_ascii_are_nobodys_name(auth: Auth) -> None:
    await auth.register("ken")
    assert code(await auth.sign_in("\N{KELVIN SIGN}en")) == (401, "wrong_credentials")


async def test_an_unknown_user_costs_a_comparison_with_the_same_parameters(
    settings: AuthSettings, clock: Clock
) -> None:
    hasher = CountingHasher()
    async with serving(settings, clock, hasher) as auth:
        await auth.register("ada")
        await auth.sign_in("ada", "not her password")
        await auth.sign_in("nobody", "not her password")
    known, unknown = (str(verified).rsplit("$", 2)[0] for verified in hasher.verified)
    assert known == unknown


async def test_the_hash_of_nobody_lets_nobody_in() -> None:
    passwords = Passwords(hasher=CHEAP, waiting_max=1)
    with pytest.raises(PasswordMismatch):
        await passwords.verify("", None, HERE)
    passwords.close()


async def test_a_hash_that_cannot_be_read_matches_no_password() -> None:
    passwords = Passwords(hasher=CHEAP, waiting_max=1)
    with pytest.raises(PasswordMismatch):
        await passwords.verify(PASSWORD, "not a hash", HERE)
    passwords.close()


def test_passwords_are_kept_as_argon2id_in_the_low_memory_profile_of_rfc_9106() -> None:
    assert STRONG.hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_signing_in_renews_a_hash_of_an_older_profile(settings: AuthSettings, clock: Clock) -> None:
    stronger = CountingHasher()
    stronger_parameters = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    async with serving(settings, clock, CHEAP) as auth:
        await auth.register("ada")
    async with serving(settings, clock, stronger_parameters) as auth:
        answers = await asyncio.gather(*(auth.sign_in("ada") for _ in range(4)))
        assert [answer.status_code for answer in answers] == [200] * 4
    async with serving(settings, clock, stronger) as auth:
        assert (await auth.sign_in("ada")).status_code == 200
    (renewed,) = stronger.verified
    assert ",t=2," in str(renewed)


async def test_a_sign_in_whose_password_is_changed_meanwhile_opens_nothing(
    settings: AuthSettings, clock: Clock
) -> None:
    class Meddler(CountingHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            run_sql(settings, "UPDATE users SET password_version = password_version + 1")
            return super().verify(hash, password)

    async with serving(settings, clock, Meddler()) as auth:
        await auth.register("ada")
        assert code(await auth.sign_in("ada")) == (401, "wrong_credentials")


async def test_as_many_hashes_as_cores_run_at_once_and_too_many_waiting_are_refused() -> None:
    hasher = BlockedHasher()
    passwords = Passwords(hasher=hasher, waiting_max=2, cores=2)
    hasher.released.clear()
    working = [asyncio.create_task(passwords.hash(PASSWORD, HERE)) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(TooManySignIns):
        await passwords.hash(PASSWORD, HERE)
    hasher.released.set()
    async with asyncio.timeout(10):
        await asyncio.gather(*working)
    assert hasher.at_work_max <= 2
    assert await passwords.hash(PASSWORD, HERE)
    passwords.close()


async def test_too_many_sign_ins_at_once_are_told_to_come_back(settings: AuthSettings, clock: Clock) -> None:
    narrow = structs.replace(settings, passwords_waiting_max=1)
    async with serving(narrow, clock, STRONG) as auth:
        responses = await asyncio.gather(*(auth.sign_in("ada") for _ in range(64)))
    refused = [response for response in responses if response.status_code == 503]
    assert refused
    assert code(refused[0]) == (503, "unavailable")
    assert refused[0].headers["retry-after"] == "1"


async def test_the_log_names_who_was_refused_and_from_where_and_never_a_password(auth: Auth) -> None:
    with capture_logs() as lines:
        await auth.register("ada")
        await auth.sign_in("ada")
        await auth.sign_in("ada", "wrong password")
    assert [line["event"] for line in lines if line["event"] not in {"refused", "a list cannot be followed"}] == [
        "registered",
        "signed in",
        "sign-in refused",
    ]
    refusal = next(line for line in lines if line["event"] == "sign-in refused")
    assert (refusal["username"], refusal["address"]) == ("ada", "203.0.113.7")
    assert PASSWORD not in str(lines)
    assert "wrong password" not in str(lines)
