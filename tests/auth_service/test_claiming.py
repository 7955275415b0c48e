"""The claim link: who has the machine decides who owns the instance."""

import asyncio

import pytest
from msgspec.structs import replace

from auth_service.settings import AuthSettings
from servicekit.version import __version__
from tests.auth_service.owners import ODD_CODES, change_instance, claim, claim_code, owner_of, standing
from tests.auth_service.people import Auth, Person, serving
from tests.clock import Clock
from tests.problems import code

UNKNOWN, SPENT = (404, "unknown_link"), (410, "link_spent")


async def is_claimed(auth: Auth) -> bool:
    return bool((await auth.http.get("/api/instance")).json()["claimed"])


async def ask(auth: Auth, code_in_path: str) -> int | tuple[int, str]:
    answer = await auth.http.get(f"/api/claim/{code_in_path}")
    return answer.status_code if answer.is_success else code(answer)


async def test_whoever_uses_the_link_owns_the_instance_and_the_link_is_spent(
    auth: Auth, settings: AuthSettings
) -> None:
    ada, grace = await auth.person("ada"), await auth.person("grace")
    assert not await is_claimed(auth)
    assert await standing(auth, "ada") == ("member", False)
    assert await ask(auth, claim_code(settings)) == 200
    assert (await claim(ada, settings)).json() == {"message": "You own this instance"}
    assert await is_claimed(auth)
    assert await standing(auth, "ada") == ("owner", False)
    assert code(await claim(grace, settings)) == SPENT
    assert code(await claim(ada, settings)) == SPENT
    assert await ask(auth, claim_code(settings)) == SPENT


async def test_to_look_at_it_uses_nothing_up(auth: Auth, settings: AuthSettings) -> None:
    ada = await auth.person("ada")
    for _ in range(3):
        assert await ask(auth, claim_code(settings)) == 200
    assert (await claim(ada, settings)).is_success


async def test_the_next_link_makes_another_owner(auth: Auth, settings: AuthSettings) -> None:
    await owner_of(auth, settings)
    grace = await auth.person("grace")
    assert (await claim(grace, settings, 2)).is_success
    assert [await standing(auth, name) for name in ("ada", "grace")] == [("owner", False)] * 2
    assert await ask(auth, claim_code(settings, 1)) == SPENT
    assert await ask(auth, claim_code(settings, 2)) == SPENT
    assert await ask(auth, claim_code(settings, 4)) == UNKNOWN


async def test_of_several_claims_at_once_exactly_one_succeeds(auth: Auth, settings: AuthSettings) -> None:
    people = [await auth.person(f"person-{number}") for number in range(5)]
    answers = await asyncio.gather(*(claim(person, settings) for person in people))
    refused = [code(answer) for answer in answers if not answer.is_success]
    assert refused == [SPENT] * 4
    owners = [
        name for name in (f"person-{number}" for number in range(5)) if (await standing(auth, name))[0] == "owner"
    ]
    assert len(owners) == 1


async def test_the_link_is_the_same_on_each_instance_and_after_a_restart(settings: AuthSettings, clock: Clock) -> None:
    async with serving(settings, clock) as one, serving(settings, clock) as other:
        assert await ask(one, claim_code(settings)) == await ask(other, claim_code(settings)) == 200
        assert (await claim(await one.person("ada"), settings)).is_success
        assert await ask(other, claim_code(settings)) == SPENT
    async with serving(settings, clock) as after:
        assert await ask(after, claim_code(settings, 2)) == 200


@pytest.mark.parametrize("odd", ODD_CODES)
async def test_what_was_never_a_link_is_unknown(auth: Auth, odd: str) -> None:
    ada = await auth.person("ada")
    for answer in (await auth.http.get(f"/api/claim/{odd}"), await ada.post(f"/api/claim/{odd}")):
        assert answer.status_code == 404
    assert not await is_claimed(auth)


async def test_another_secret_makes_another_link(auth: Auth, settings: AuthSettings) -> None:
    assert await ask(auth, claim_code(replace(settings, secret_key="another secret of many letters"))) == UNKNOWN


async def test_who_claims_may_register_however_few_may(settings: AuthSettings, clock: Clock) -> None:
    async with serving(replace(settings, registration="closed"), clock) as auth:
        assert code(await auth.register("grace")) == (403, "registration_closed")
        assert (await auth.register("ada", invitation=claim_code(settings))).status_code == 201
        ada: Person = await auth.device("ada")
        assert (await claim(ada, settings)).is_success
        assert code(await auth.register("grace", invitation=claim_code(settings))) == (403, "registration_closed")


# The instance


async def test_anyone_may_read_what_the_instance_is(auth: Auth) -> None:
    assert (await auth.http.get("/api/instance")).json() == {
        "name": "Parley",
        "description": "",
        "registration": "open",
        "version": __version__,
        "claimed": False,
        "members_may_invite": False,
    }


async def test_an_owner_changes_it_and_what_is_left_out_stays(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    answer = await change_instance(ada, name="  The Society ", description=" Engines.\nAll of them. ")
    assert answer.json()["name"] == "The Society"
    assert (await change_instance(ada, members_may_invite=True, registration=None)).is_success
    shown = (await auth.http.get("/api/instance")).json()
    assert shown == {**answer.json(), "members_may_invite": True}
    assert shown["description"] == "Engines.\nAll of them."


@pytest.mark.parametrize(
    "field, value",
    [
        ("name", ""),
        ("name", " "),
        ("name", "a" * 65),
        ("name", "two\nlines"),
        ("name", "a\0"),
        ("name", "\u202eright to left"),
        ("description", "a" * 1_001),
        ("description", "a\0"),
        ("registration", "sometimes"),
        ("members_may_invite", "yes"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_changes(
    asked: Auth, asker: Person, field: str, value: str
) -> None:
    before = (await asked.http.get("/api/instance")).json()
    answer = await change_instance(asker, **{field: value})
    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (422, [field])
    assert (await asked.http.get("/api/instance")).json() == before


@pytest.mark.parametrize("field, longest", [("name", 64), ("description", 1_000)])
async def test_the_longest_texts_pass(auth: Auth, settings: AuthSettings, field: str, longest: int) -> None:
    ada = await owner_of(auth, settings)
    assert (await change_instance(ada, **{field: "a" * longest})).is_success


async def test_the_setting_of_registration_holds_until_the_instance_is_first_changed(
    settings: AuthSettings, clock: Clock
) -> None:
    by_invitation = replace(settings, registration="invitation")
    async with serving(by_invitation, clock) as auth:
        assert (await auth.http.get("/api/instance")).json()["registration"] == "invitation"
        assert (await auth.register("ada", invitation=claim_code(settings))).status_code == 201
        ada = await auth.device("ada")
        await claim(ada, settings)
        assert (await change_instance(ada, name="Ours")).json()["registration"] == "invitation"
    async with serving(replace(settings, registration="closed"), clock) as after:
        assert (await after.http.get("/api/instance")).json()["registration"] == "invitation"
        ada = await after.device("ada")
        assert (await change_instance(ada, registration="open")).json()["registration"] == "open"
        assert (await after.register("grace")).status_code == 201
