"""Invitations: who may come in by one, how often, and until when."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth_service.settings import AuthSettings
from tests.asgi import serving as serving_peer
from tests.auth_service.owners import (
    ODD_CODES,
    ban,
    change_instance,
    claim,
    claim_code,
    end_ban,
    invitation,
    owner_of,
    set_role,
)
from tests.auth_service.people import PASSWORD, Auth, Person, fields, run_sql, serving
from tests.clock import Clock
from tests.problems import code

NEEDED, SPENT = (403, "invitation_needed"), (403, "invitation_spent")
DAY_S = 24 * 3600


@pytest.fixture
async def auth(settings: AuthSettings, clock: Clock) -> AsyncIterator[Auth]:
    """Where one registers by invitation."""
    changed = replace(settings, registration="invitation", public_url="https://parley.example")
    async with serving(changed, clock) as service:
        yield service


@pytest.fixture
async def ada(auth: Auth, settings: AuthSettings) -> Person:
    return await first_owner(auth, settings)


@pytest.fixture(scope="module")
async def asked(settings_of_asked: AuthSettings) -> AsyncIterator[Auth]:
    async with serving(replace(settings_of_asked, registration="invitation"), Clock()) as service:
        yield service


@pytest.fixture(scope="module")
async def asker(asked: Auth, settings_of_asked: AuthSettings) -> Person:
    return await first_owner(asked, settings_of_asked)


async def first_owner(auth: Auth, settings: AuthSettings) -> Person:
    await auth.register("ada", invitation=claim_code(settings))
    ada = await auth.device("ada")
    await claim(ada, settings)
    return ada


async def enter(auth: Auth, username: str, by: str | None) -> int | tuple[int, str]:
    answer = await auth.register(username, invitation=by)
    return answer.status_code if answer.is_success else code(answer)


async def notice(auth: Auth, one: dict[str, Any]) -> dict[str, Any]:
    return dict((await auth.http.get(f"/api/invitations/{one['code']}")).json())


async def test_an_invitation_lets_in_as_often_as_it_says(auth: Auth, ada: Person) -> None:
    one = await invitation(ada, uses_max=2)
    assert one["url"] == f"https://parley.example/invite/{one['code']}"
    assert len(one["code"]) == 22
    assert [await enter(auth, name, one["code"]) for name in ("grace", "linus", "edsger")] == [201, 201, SPENT]
    (listed,) = (await ada.get("/api/invitations")).json()
    assert listed == {**one, "uses": 2, "good": False}


async def test_without_one_nobody_gets_in_by_any_path(auth: Auth, ada: Person) -> None:
    for path in ("/register", "/api/register"):
        for by in (None, "", " "):
            body = {"username": "grace", "password": PASSWORD, "invitation": by}
            assert code(await auth.http.post(path, json=body)) == NEEDED


@pytest.mark.parametrize("odd", ["x", "A" * 22, "👻", "a b", "../x", "%00", "' OR 1=1", "A" * 4_000])
async def test_what_was_never_an_invitation_lets_nobody_in(asked: Auth, asker: Person, odd: str) -> None:
    assert await enter(asked, "grace", odd) == NEEDED


@pytest.mark.parametrize("odd", ODD_CODES)
async def test_nothing_is_told_of_what_was_never_an_invitation(asked: Auth, asker: Person, odd: str) -> None:
    for path in (odd, f"{odd}/qr.svg"):
        assert (await asked.http.get(f"/api/invitations/{path}")).status_code == 404
    assert (await asker.request("DELETE", f"/api/invitations/{odd}")).status_code == 404


async def test_of_several_for_the_last_use_exactly_one_gets_in(auth: Auth, ada: Person) -> None:
    one = await invitation(ada)
    entered = await asyncio.gather(*(enter(auth, f"person-{number}", one["code"]) for number in range(5)))
    assert sorted(entered, key=str) == [SPENT, SPENT, SPENT, SPENT, 201]
    assert len((await ada.get("/api/admin/users?query=person")).json()) == 1


async def test_a_refused_registration_uses_nothing_up(auth: Auth, ada: Person) -> None:
    one = await invitation(ada)
    assert await enter(auth, "ADA", one["code"]) == (409, "username_taken")
    assert fields(await auth.register("grace", "short", invitation=one["code"])) == ["password"]
    assert (await notice(auth, one))["good"] is True
    assert await enter(auth, "grace", one["code"]) == 201


async def test_it_ends_at_its_time(auth: Auth, ada: Person, clock: Clock) -> None:
    one = await invitation(ada, uses_max=5, expires_in_s=3600)
    assert one["expires_at"] == "2027-01-15T09:00:00Z"
    clock.forward(3599)
    assert await enter(auth, "grace", one["code"]) == 201
    clock.forward(1)
    assert await enter(auth, "linus", one["code"]) == SPENT
    assert (await notice(auth, one))["good"] is False


async def test_who_made_it_ends_it_and_a_moderator_any(auth: Auth, ada: Person) -> None:
    await change_instance(ada, members_may_invite=True)
    entry = await invitation(ada, uses_max=3)
    for name in ("grace", "linus"):
        await auth.register(name, invitation=entry["code"])
    grace, linus = await auth.device("grace"), await auth.device("linus")
    hers, another = await invitation(grace), await invitation(grace)
    assert code(await linus.request("DELETE", f"/api/invitations/{hers['code']}")) == (404, "unknown_link")
    assert (await linus.get("/api/invitations")).json() == []
    assert [one["code"] for one in (await grace.get("/api/invitations")).json()] == [another["code"], hers["code"]]
    assert len((await ada.get("/api/invitations")).json()) == 3
    assert (await grace.request("DELETE", f"/api/invitations/{hers['code']}")).status_code == 204
    assert (await ada.request("DELETE", f"/api/invitations/{another['code']}")).status_code == 204
    assert (await ada.request("DELETE", f"/api/invitations/{another['code']}")).status_code == 204
    assert [await enter(auth, "edsger", one["code"]) for one in (hers, another)] == [SPENT, SPENT]


async def test_anyone_may_ask_who_invites_and_where_to(auth: Auth, ada: Person) -> None:
    one = await invitation(ada, room="engines")
    assert await notice(auth, one) == {
        "good": True,
        "username": "ada",
        "room": "engines",
        "expires_at": "2027-01-22T08:00:00Z",
    }


async def test_its_qr_code_is_a_drawing(auth: Auth, ada: Person) -> None:
    one = await invitation(ada)
    answer = await auth.http.get(f"/api/invitations/{one['code']}/qr.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.content.startswith(b"<?xml")
    assert b"<script" not in answer.content
    assert b"viewBox" in answer.content


@pytest.mark.parametrize(
    "status, made",
    [(204, (201, "")), (404, (404, "unknown_room")), (403, (403, "not_allowed")), (500, (201, ""))],
)
async def test_into_a_room_one_invites_who_may_let_people_in_there(
    settings: AuthSettings, clock: Clock, status: int, made: tuple[int, str]
) -> None:
    """Where chat cannot say, it judges when somebody comes."""
    asked: list[dict[str, str]] = []

    async def inviting(request: Request) -> Response:
        asked.append(dict(request.query_params))
        return Response(status_code=status)

    chat = Starlette(routes=[Route("/internal/inviting", inviting)])
    async with serving_peer(chat) as (url, _), serving(replace(settings, chat_url=url), clock) as auth:
        ada = await owner_of(auth, settings)
        answer = await ada.post("/api/invitations", json={"room": "engines"})
        assert (answer.status_code, answer.json().get("code") if made[1] else "") == made
        assert asked == [{"username": "ada", "room": "engines"}]
        assert (await ada.post("/api/invitations", json={})).status_code == 201
        assert len(asked) == 1


async def test_who_came_by_which_invitation_is_told_to_the_other_services(auth: Auth, ada: Person) -> None:
    one = await invitation(ada, room="engines")
    await auth.register("grace", invitation=one["code"])
    grace = (await auth.http.get("/internal/profiles")).json()["profiles"][-1]
    assert (grace["username"], grace["invited_by"], grace["invited_to"]) == ("grace", "ada", "engines")
    await (await auth.device("grace")).post("/api/update-nickname", data={"nickname": "Admiral"})
    grace = (await auth.http.get("/internal/profiles")).json()["profiles"][-1]
    assert (grace["nickname"], grace["invited_to"]) == ("Admiral", "engines")


# Who may invite, at its making and at its use


async def test_a_members_invitation_is_good_as_long_as_members_may_invite(auth: Auth, ada: Person) -> None:
    await change_instance(ada, members_may_invite=True)
    await auth.register("grace", invitation=(await invitation(ada))["code"])
    grace = await auth.device("grace")
    one = await invitation(grace, uses_max=5)
    await change_instance(ada, members_may_invite=False)
    assert code(await grace.post("/api/invitations", json={})) == (403, "not_allowed")
    assert await enter(auth, "linus", one["code"]) == SPENT
    await set_role(ada, "grace", "moderator")
    assert await enter(auth, "linus", one["code"]) == 201


async def test_the_invitations_of_the_banned_end_for_good(auth: Auth, ada: Person) -> None:
    await auth.register("grace", invitation=(await invitation(ada))["code"])
    await set_role(ada, "grace", "moderator")
    one = await invitation(await auth.device("grace"), uses_max=5)
    await ban(ada, "grace")
    assert await enter(auth, "linus", one["code"]) == SPENT
    await end_ban(ada, "grace")
    assert await enter(auth, "linus", one["code"]) == SPENT


async def test_the_invitations_of_the_erased_end(auth: Auth, ada: Person) -> None:
    await auth.register("grace", invitation=(await invitation(ada))["code"])
    await set_role(ada, "grace", "moderator")
    grace = await auth.device("grace")
    one = await invitation(grace)
    await grace.request("DELETE", "/api/account", json={"password": PASSWORD})
    assert await enter(auth, "linus", one["code"]) == SPENT


@pytest.mark.parametrize(
    "field, value",
    [
        ("expires_in_s", 59),
        ("expires_in_s", 365 * DAY_S + 1),
        ("expires_in_s", "soon"),
        ("uses_max", 0),
        ("uses_max", 10_001),
        ("room", ""),
        ("room", ".."),
        ("room", "a room"),
        ("room", "room\n"),
        ("room", "a" * 65),
    ],
)
async def test_what_cannot_be_is_refused(asker: Person, field: str, value: object) -> None:
    assert fields(await asker.post("/api/invitations", json={field: value})) == [field]


@pytest.mark.parametrize("how", [{"expires_in_s": 60}, {"expires_in_s": 365 * DAY_S}, {"uses_max": 10_000}])
async def test_the_furthest_limits_pass(auth: Auth, ada: Person, how: dict[str, int]) -> None:
    assert (await invitation(ada, **how))["good"] is True


async def test_there_is_a_number_of_them_an_hour(auth: Auth, ada: Person, clock: Clock) -> None:
    for _ in range(30):
        await invitation(ada)
        clock.forward(1)
    answer = await ada.post("/api/invitations", json={})
    assert code(answer) == (429, "too_many_requests")
    clock.forward(int(answer.headers["retry-after"]) - 1)
    assert code(await ada.post("/api/invitations", json={})) == (429, "too_many_requests")
    clock.forward(1)
    await invitation(ada)


async def test_they_are_listed_in_pages(auth: Auth, ada: Person, clock: Clock) -> None:
    made = [(await invitation(ada))["code"] for _ in range(5)]
    seen, path = [], "/api/invitations?limit=2"
    while path:
        answer = await ada.get(path)
        seen += [one["code"] for one in answer.json()]
        path = answer.links.get("next", {}).get("url", "")
    assert seen == made[::-1]


async def test_what_ended_long_ago_is_forgotten(auth: Auth, ada: Person, settings: AuthSettings, clock: Clock) -> None:
    one = await invitation(ada, expires_in_s=60)
    clock.forward(31 * DAY_S)
    await invitation(await auth.device("ada"))
    assert code(await auth.http.get(f"/api/invitations/{one['code']}")) == (404, "unknown_link")
    assert run_sql(settings, "SELECT count(*) FROM invitations") == [(1,)]


async def test_one_that_is_given_where_none_is_needed_has_to_be_good(settings: AuthSettings, clock: Clock) -> None:
    async with serving(settings, clock) as auth:
        ada = await owner_of(auth, settings)
        one = await invitation(ada)
        assert [await enter(auth, name, one["code"]) for name in ("grace", "linus")] == [201, SPENT]
        assert await enter(auth, "linus", None) == 201
        await change_instance(ada, registration="closed")
        good = await invitation(ada)
        assert await enter(auth, "edsger", good["code"]) == (403, "registration_closed")
        assert await enter(auth, "edsger", None) == (403, "registration_closed")
