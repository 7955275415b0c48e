import asyncio
from collections import Counter

import pytest
from msgspec import structs

from auth_service.settings import AuthSettings
from tests.auth_service.people import PASSWORD, Auth, fields, serving
from tests.clock import Clock
from tests.problems import code


async def test_ada_registers_with_an_email_address_and_learns_her_id(auth: Auth) -> None:
    response = await auth.register("ada", email="ada@example.org")
    assert response.status_code == 201
    assert response.json() == {"message": "User registered successfully", "id": 1, "username": "ada"}


async def test_the_short_registration_needs_no_email_address(auth: Auth) -> None:
    response = await auth.http.post("/register", json={"username": "ada", "password": PASSWORD})
    assert response.status_code == 201
    assert response.json() == {"message": "User registered successfully"}


async def test_fields_that_registration_does_not_know_are_ignored(auth: Auth) -> None:
    assert (await auth.register("ada", colour="green")).status_code == 201


async def test_a_new_nickname_is_the_username_as_it_was_written(auth: Auth) -> None:
    ada = await auth.person("Ada")
    profile = (await ada.get("/api/user-profile")).json()
    assert profile == {
        "id": 1,
        "username": "Ada",
        "email": None,
        "nickname": "Ada",
        "pfp": "",
        "role": "member",
        "status": "",
    }


async def test_an_empty_email_address_is_none(auth: Auth) -> None:
    await auth.register("ada", email="  ")
    ada = await auth.device("ada")
    assert (await ada.get("/api/user-profile")).json()["email"] is None


async def test_a_username_is_taken_in_any_case(auth: Auth) -> None:
    await auth.register("ada")
    assert code(await auth.register("ADA")) == (409, "username_taken")


async def test_two_people_may_give_the_same_email_address(auth: Auth) -> None:
    await auth.register("ada", email="us@example.org")
    assert (await auth.register("grace", email="us@example.org")).status_code == 201


async def test_of_many_registrations_at_the_same_instant_exactly_one_wins(auth: Auth) -> None:
    names = ["grace", "Grace", "GRACE", "gRACE"] * 3
    responses = await asyncio.gather(*(auth.register(name) for name in names))
    assert Counter(response.status_code for response in responses) == {201: 1, 409: len(names) - 1}


async def test_of_two_replicas_with_one_store_exactly_one_registers_a_name(
    settings: AuthSettings, clock: Clock
) -> None:
    async with serving(settings, clock) as one, serving(settings, clock) as other:
        responses = await asyncio.gather(*(replica.register("linus") for replica in (one, other) * 4))
    assert Counter(response.status_code for response in responses) == {201: 1, 409: 7}


async def test_a_refused_registration_uses_up_no_id(auth: Auth) -> None:
    first = (await auth.register("ada")).json()["id"]
    for username in ("ada", "ADA", "a", "ada"):
        assert not (await auth.register(username)).is_success
    assert (await auth.register("grace")).json()["id"] == first + 1


async def test_blanks_around_a_username_are_not_part_of_it(auth: Auth) -> None:
    assert (await auth.register(" ada\n")).json()["username"] == "ada"
    assert code(await auth.register("ada ")) == (409, "username_taken")
    assert (await auth.sign_in("\tAda ")).status_code == 200
    form = {"username": "ada ", "password": PASSWORD}
    assert (await auth.http.post("/api/login", data=form)).status_code == 200
    assert (await auth.http.get("/api/search-user/%20ada%20")).json()["username"] == "ada"


@pytest.mark.parametrize("username", ["abc", "a" * 32, "A.b-c_9"])
async def test_usernames_within_the_limits_are_accepted(auth: Auth, username: str) -> None:
    assert (await auth.register(username)).status_code == 201


@pytest.mark.parametrize(
    "username", ["", "ab", "..", "a" * 33, "ada lovelace", "ada\nb", "ada/..", "adä", "ada\x00", "ada\u200b"]
)
async def test_usernames_outside_the_limits_are_refused(asked: Auth, username: str) -> None:
    assert fields(await asked.register(username)) == ["username"]


@pytest.mark.parametrize("password", ["12345679", "x" * 256, "pässwörter", " spaces count "])
async def test_passwords_within_the_limits_are_used_as_given(auth: Auth, password: str) -> None:
    ada = await auth.person("ada", password)
    assert await ada.is_signed_in()
    assert code(await auth.sign_in("ada", password + " ")) == (401, "wrong_credentials")


@pytest.mark.parametrize("password", ["", "1234567", "x" * 257, "null\x00byte", "new\nline", "not \ufffd utf-8"])
async def test_passwords_outside_the_limits_are_refused(asked: Auth, password: str) -> None:
    assert fields(await asked.register("ada", password)) == ["password"]


@pytest.mark.parametrize("email", ["a@b", "a" * 248 + "@b.org", "ådå@exämple.org"])
async def test_email_addresses_within_the_limits_are_accepted(auth: Auth, email: str) -> None:
    assert (await auth.register("ada", email=email)).status_code == 201


@pytest.mark.parametrize("email", ["ada", "a" * 249 + "@b.org", "a b@c", "a@b@c", "a@\x00b"])
async def test_email_addresses_outside_the_limits_are_refused(asked: Auth, email: str) -> None:
    assert fields(await asked.register("ada", email=email)) == ["email"]


async def test_everything_that_is_wrong_is_named_at_once(asked: Auth) -> None:
    assert fields(await asked.register("a", "b", email="c")) == ["username", "password", "email"]


async def test_the_limits_are_settings(settings: AuthSettings, clock: Clock) -> None:
    wider = structs.replace(settings, username_length_min=1, password_length_min=2)
    async with serving(wider, clock) as auth:
        assert (await auth.register("a", "bc")).status_code == 201
        assert fields(await auth.register("d", "e")) == ["password"]
