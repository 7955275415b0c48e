"""Who may do what: every cell of the table, and what it means over HTTP."""

import asyncio
from typing import Any

import pytest

from auth_service.domain.refusals import LastOwner, NotAllowed
from auth_service.domain.roles import Action, Role, Standing, check_act, check_an_owner_stays, may
from auth_service.settings import AuthSettings
from tests.auth_service.owners import ban, claim, end_ban, owner_of, person_with, set_role, standing
from tests.auth_service.people import PASSWORD, Auth, Person, fields
from tests.problems import code

OWNER, MODERATOR, MEMBER = Role.OWNER, Role.MODERATOR, Role.MEMBER
ALLOWED = {
    Action.CHANGE_INSTANCE: {OWNER},
    Action.CHANGE_ROLE: {OWNER},
    Action.MAKE_RESET_LINK: {OWNER},
    Action.BAN: {OWNER, MODERATOR},
    Action.END_BAN: {OWNER, MODERATOR},
    Action.LIST_PEOPLE: {OWNER, MODERATOR},
    Action.READ_AUDIT: {OWNER, MODERATOR},
    Action.INVITE: {OWNER, MODERATOR},
    Action.MANAGE_INVITATIONS: {OWNER, MODERATOR},
}
LOWER = {(OWNER, MODERATOR), (OWNER, MEMBER), (MODERATOR, MEMBER)}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_each_role_may_do_what_the_table_says(role: Role, action: Action) -> None:
    assert may(role, action) is (role in ALLOWED[action])


@pytest.mark.parametrize("action", [Action.BAN, Action.END_BAN])
@pytest.mark.parametrize("on", Role)
@pytest.mark.parametrize("role", Role)
def test_nobody_bans_a_peer_or_who_is_above(role: Role, on: Role, action: Action) -> None:
    assert may(role, action, on=on) is ((role, on) in LOWER)


@pytest.mark.parametrize("action", Action)
def test_members_may_invite_where_the_instance_says_so_and_nothing_else(action: Action) -> None:
    assert may(MEMBER, action, members_may_invite=True) is (action is Action.INVITE)


@pytest.mark.parametrize("action", Action)
def test_who_is_banned_may_do_nothing_and_who_has_the_machine_everything(action: Action) -> None:
    check_act(None, action, on=OWNER)
    with pytest.raises(NotAllowed):
        check_act(Standing("ada", OWNER, is_banned=True), action, members_may_invite=True)


@pytest.mark.parametrize("owners_count, stays", [(1, True), (2, False)])
def test_the_last_owner_stays(owners_count: int, stays: bool) -> None:
    ada = Standing("ada", OWNER, is_banned=False)
    check_an_owner_stays(Standing("grace", MODERATOR, is_banned=False), owners_count=owners_count)
    if not stays:
        check_an_owner_stays(ada, owners_count=owners_count)
        return
    with pytest.raises(LastOwner):
        check_an_owner_stays(ada, owners_count=owners_count)


async def test_a_role_is_seen_by_everybody_and_by_the_other_services(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    grace = await person_with(auth, ada, "grace", "moderator")
    assert (await grace.get("/api/user-profile")).json()["role"] == "moderator"
    assert (await auth.http.get("/api/search-user/ADA")).json()["role"] == "owner"
    profiles = (await auth.http.get("/internal/profiles")).json()["profiles"]
    assert [(one["username"], one["role"], one["version"]) for one in profiles] == [
        ("ada", "owner", 2),
        ("grace", "moderator", 4),
    ]
    assert [await standing(auth, name) for name in ("ada", "GRACE")] == [("owner", False), ("moderator", False)]
    assert code(await auth.http.get("/internal/roles/nobody")) == (404, "unknown_user")


REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "instance": ("PATCH", "/api/admin/instance", {"json": {"name": "Ours"}}),
    "role": ("PUT", "/api/admin/users/linus/role", {"json": {"role": "moderator"}}),
    "reset link": ("POST", "/api/admin/users/linus/reset-link", {}),
    "ban": ("PUT", "/api/admin/users/linus/ban", {"json": {}}),
    "end of a ban": ("DELETE", "/api/admin/users/linus/ban", {}),
    "people": ("GET", "/api/admin/users", {}),
    "audit": ("GET", "/api/admin/audit", {}),
    "invitation": ("POST", "/api/invitations", {"json": {}}),
}
OF_OWNERS = {"instance", "role", "reset link"}


@pytest.mark.parametrize("role", [role.value for role in Role])
@pytest.mark.parametrize("what", REQUESTS)
async def test_what_a_role_may_not_do_is_403_and_does_nothing(
    auth: Auth, settings: AuthSettings, what: str, role: str
) -> None:
    ada = await owner_of(auth, settings)
    await auth.register("linus")
    grace = await person_with(auth, ada, "grace", role)
    method, path, content = REQUESTS[what]
    audit = (await ada.get("/api/admin/audit")).json()
    answer = await grace.request(method, path, **content)
    if role == "owner" or (role == "moderator" and what not in OF_OWNERS):
        assert answer.is_success
    else:
        assert code(answer) == (403, "not_allowed")
        assert (await ada.get("/api/admin/audit")).json() == audit


async def test_a_moderator_does_nothing_to_an_owner_or_to_another_moderator(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    grace = await person_with(auth, ada, "grace", "moderator")
    await person_with(auth, ada, "linus", "moderator")
    for name in ("ada", "linus", "grace"):
        assert code(await ban(grace, name)) == (403, "not_allowed")
        assert code(await end_ban(grace, name)) == (403, "not_allowed")
        assert (await standing(auth, name))[1] is False
    assert (await ban(ada, "linus")).is_success


async def test_who_was_a_moderator_a_moment_ago_does_nothing(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    grace = await person_with(auth, ada, "grace", "moderator")
    await auth.register("linus")
    await set_role(ada, "grace", "member")
    assert code(await ban(grace, "linus")) == (403, "not_allowed")


async def test_the_last_owner_becomes_nothing_else_and_cannot_leave(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    assert code(await set_role(ada, "ada", "member")) == (409, "last_owner")
    assert code(await ban(ada, "ada")) == (409, "last_owner")
    assert code(await ada.request("DELETE", "/api/account", json={"password": PASSWORD})) == (409, "last_owner")
    assert await ada.is_signed_in()
    assert await standing(auth, "ada") == ("owner", False)
    grace = await person_with(auth, ada, "grace", "owner")
    assert (await set_role(grace, "ada", "member")).json() == {
        "message": "Role changed",
        "username": "ada",
        "role": "member",
    }
    assert code(await set_role(grace, "grace", "moderator")) == (409, "last_owner")


async def test_an_owner_who_is_not_the_last_may_erase_the_account(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    await person_with(auth, ada, "grace", "owner")
    assert (await ada.request("DELETE", "/api/account", json={"password": PASSWORD})).status_code == 204
    assert (await auth.http.get("/api/instance")).json()["claimed"] is True


async def test_the_same_role_again_changes_nothing(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    before = (await auth.http.get("/internal/profiles")).json()
    assert (await set_role(ada, "ada", "owner")).is_success
    assert (await auth.http.get("/internal/profiles")).json() == before
    assert [one["act"] for one in (await ada.get("/api/admin/audit")).json()] == ["claim"]


@pytest.mark.parametrize("body", [{}, {"role": "king"}, {"role": None}, {"role": "Owner"}])
async def test_what_is_no_role_is_refused(asker: Person, body: dict[str, Any]) -> None:
    assert fields(await asker.request("PUT", "/api/admin/users/ada/role", json=body)) == ["role"]


async def test_two_last_owners_cannot_both_leave(auth: Auth, settings: AuthSettings) -> None:
    ada = await owner_of(auth, settings)
    grace = await auth.person("grace")
    assert (await claim(grace, settings, 2)).is_success
    answers = await asyncio.gather(
        set_role(ada, "ada", "member"),
        grace.request("DELETE", "/api/account", json={"password": PASSWORD}),
    )
    assert sorted(answer.is_success for answer in answers) == [False, True]
    assert (await auth.http.get("/api/instance")).json()["claimed"] is True
