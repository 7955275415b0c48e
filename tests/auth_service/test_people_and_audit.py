"""What moderators see: everybody, in pages, and who did what to whom."""

import asyncio
from typing import Any

import pytest
from msgspec import structs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from auth_service.app import open_store
from auth_service.settings import AuthSettings
from auth_service.store import AuditStore
from auth_service.store.audit import ActOfChat
from tests.asgi import CLIENT_ADDRESS
from tests.asgi import serving as serving_peer
from tests.auth_service.owners import (
    ban,
    change_instance,
    end_ban,
    invitation,
    owner_of,
    person_with,
    set_role,
)
from tests.auth_service.people import PASSWORD, Auth, Person, fields, run_sql, serving
from tests.clock import NOW_S, Clock
from tests.problems import code
from tests.waiting import eventually

DAY_S = 24 * 3600
MANY = 10_000


@pytest.fixture
async def ada(auth: Auth, settings: AuthSettings) -> Person:
    return await owner_of(auth, settings)


async def people(ada: Person, **query: Any) -> list[str]:
    answer = await ada.get("/api/admin/users", params=query)
    return [one["username"] for one in answer.json()]


async def audit(ada: Person, **query: Any) -> list[dict[str, Any]]:
    return list((await ada.get("/api/admin/audit", params=query)).json())


async def test_a_person_is_listed_with_what_moderators_need(auth: Auth, ada: Person, clock: Clock) -> None:
    await auth.register("Grace")
    clock.forward(60)
    await auth.sign_in("grace")
    await auth.sign_in("grace")
    grace = (await ada.get("/api/admin/users?query=GRA")).json()
    assert grace == [
        {
            "username": "Grace",
            "nickname": "Grace",
            "role": "member",
            "state": "active",
            "created_at": "2027-01-15T08:00:00Z",
            "last_seen_at": "2027-01-15T08:01:00Z",
            "sessions": 2,
            "stored_bytes": None,
        }
    ]
    await ban(ada, "grace")
    (banned,) = (await ada.get("/api/admin/users?state=banned")).json()
    assert (banned["username"], banned["state"], banned["sessions"]) == ("Grace", "banned", 0)


class Media:
    """The media service, which tells how much Grace keeps."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.status = 200
        self.app = Starlette(routes=[Route("/internal/stored-bytes", self._tell)])

    async def _tell(self, request: Request) -> JSONResponse:
        self.asked.append(request.query_params.getlist("username"))
        return JSONResponse({"stored_bytes": {"Grace": 12_345}}, self.status)


async def test_how_much_people_keep_is_asked_once_for_a_page(settings: AuthSettings, clock: Clock) -> None:
    media = Media()
    async with serving_peer(media.app) as (url, _), serving(structs.replace(settings, media_url=url), clock) as auth:
        ada = await owner_of(auth, settings)
        for name in ("Grace", "linus"):
            await auth.register(name)
        listed = (await ada.get("/api/admin/users")).json()
        assert [(one["username"], one["stored_bytes"]) for one in listed] == [
            ("ada", 0),
            ("Grace", 12_345),
            ("linus", 0),
        ]
        assert (await ada.get("/api/admin/users?query=nobody")).json() == []
        assert media.asked == [["ada", "Grace", "linus"]]
        assert (await ada.get("/api/admin/users/GRACE")).json() == listed[1]
        media.status = 500
        assert (await ada.get("/api/admin/users/grace")).json() == {**listed[1], "stored_bytes": None}


async def test_one_person_is_seen_by_moderators(auth: Auth, ada: Person) -> None:
    grace = await person_with(auth, ada, "Grace", "moderator")
    linus = await auth.person("linus")
    listed = (await ada.get("/api/admin/users?query=linus")).json()
    assert [(await grace.get("/api/admin/users/Linus")).json()] == listed
    assert code(await linus.get("/api/admin/users/grace")) == (403, "not_allowed")
    assert code(await ada.get("/api/admin/users/nobody")) == (404, "unknown_user")


async def test_the_status_counts_people_and_their_sessions(auth: Auth, ada: Person) -> None:
    for name in ("grace", "linus"):
        await auth.person(name)
    await ban(ada, "grace")
    status = (await auth.http.get("/internal/status")).json()
    assert status["counts"] == {"people": 3, "banned": 1, "sessions": 2}


async def test_who_never_signed_in_was_never_seen(auth: Auth, ada: Person) -> None:
    await auth.register("grace")
    (grace,) = (await ada.get("/api/admin/users?query=grace")).json()
    assert (grace["last_seen_at"], grace["sessions"]) == (None, 0)


async def test_people_are_found_by_parts_of_names_role_and_state(auth: Auth, ada: Person) -> None:
    await person_with(auth, ada, "grace", "moderator")
    linus = await auth.person("linus_t")
    await linus.post("/api/update-nickname", data={"nickname": "Straße 100% \\o/"})
    await auth.register("edsger")
    await ban(ada, "edsger")
    assert await people(ada) == ["ada", "edsger", "grace", "linus_t"]
    assert await people(ada, query="S") == ["edsger", "linus_t"]
    assert await people(ada, query="STRASSE") == ["linus_t"]
    for sign in ("_", "%", "\\"):
        assert await people(ada, query=sign) == ["linus_t"]
    assert await people(ada, role="moderator") == ["grace"]
    assert await people(ada, role="member", state="active") == ["linus_t"]
    assert await people(ada, state="banned") == ["edsger"]
    assert await people(ada, query="nobody") == []


async def test_ten_thousand_people_are_walked_through_page_by_page(
    auth: Auth, ada: Person, settings: AuthSettings
) -> None:
    numbers = f"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < {MANY}) SELECT n FROM r"
    name = "'person-' || (10000 + n)"
    run_sql(
        settings,
        "INSERT INTO users (username, username_folded, password, nickname, nickname_folded, version, created_at)"
        f" SELECT {name}, {name}, '', 'x', 'x', 1000 + n, {NOW_S} FROM ({numbers}) AS numbers",
    )
    seen, path = [], "/api/admin/users?query=person&role=member&state=active"
    while path:
        answer = await ada.get(path)
        seen += [one["username"] for one in answer.json()]
        path = answer.links.get("next", {}).get("url", "")
    assert len(seen) == MANY
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    "query, field",
    [
        ({"role": "king"}, "role"),
        ({"state": "gone"}, "state"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"query": "a" * 65}, "query"),
        ({"query": "a\0"}, "query"),
        ({"after": "a\0"}, "after"),
    ],
)
async def test_what_cannot_be_asked_is_refused(asker: Person, query: dict[str, Any], field: str) -> None:
    assert fields(await asker.get("/api/admin/users", params=query)) == [field]


# The audit


async def test_everything_that_is_done_to_people_is_written_down(auth: Auth, ada: Person, clock: Clock) -> None:
    await auth.register("Grace")
    clock.forward(60)
    await change_instance(ada, name="Ours", registration="invitation")
    await set_role(ada, "grace", "moderator")
    await ban(ada, "grace", reason="spam", erase_messages=True)
    await end_ban(ada, "grace")
    one = await invitation(ada, uses_max=3, room="engines")
    await ada.request("DELETE", f"/api/invitations/{one['code']}")
    link = (await ada.post("/api/admin/users/grace/reset-link")).json()["url"].rpartition("/")[2]
    await auth.http.post(f"/api/reset/{link}", json={"password": "an entirely new one"})
    rows = await audit(ada)
    assert [(row["actor"], row["act"], row["target"], row["detail"]) for row in rows[::-1]] == [
        ("ada", "claim", "ada", ""),
        ("ada", "instance", None, "name, registration: invitation"),
        ("ada", "role", "Grace", "member to moderator"),
        ("ada", "ban", "Grace", "spam (messages erased)"),
        ("ada", "end_ban", "Grace", ""),
        ("ada", "invite", None, "3 uses, #engines"),
        ("ada", "end_invitation", "ada", ""),
        ("ada", "reset_link", "Grace", ""),
        ("Grace", "reset", "Grace", ""),
    ]
    assert {row["address"] for row in rows} == {CLIENT_ADDRESS}
    assert (rows[0]["at"], rows[-1]["at"]) == ("2027-01-15T08:01:00Z", "2027-01-15T08:00:00Z")
    assert one["code"] not in str(rows)


async def test_what_is_refused_leaves_no_row(auth: Auth, ada: Person) -> None:
    await ban(ada, "nobody")
    await set_role(ada, "ada", "member")
    assert [row["act"] for row in await audit(ada)] == ["claim"]


async def test_it_is_read_in_pages(auth: Auth, ada: Person) -> None:
    for number in range(5):
        await change_instance(ada, name=f"Name {number}")
    seen, path = [], "/api/admin/audit?limit=2"
    while path:
        answer = await ada.get(path)
        seen += [row["number"] for row in answer.json()]
        path = answer.links.get("next", {}).get("url", "")
    assert seen == [6, 5, 4, 3, 2, 1]
    assert [row["number"] for row in await audit(ada, before=3)] == [2, 1]


async def test_nothing_changes_it(auth: Auth, ada: Person) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert code(await ada.request(method, "/api/admin/audit")) == (405, "method_not_allowed")


async def test_addresses_go_after_90_days_and_rows_after_two_years(auth: Auth, ada: Person, clock: Clock) -> None:
    clock.forward(90 * DAY_S - 1)
    ada = await auth.device("ada")
    assert (await audit(ada))[0]["address"] == CLIENT_ADDRESS
    clock.forward(1)
    assert (await audit(ada))[0]["address"] is None
    clock.forward(640 * DAY_S - 1)
    ada = await auth.device("ada")
    assert len(await audit(ada)) == 1
    clock.forward(1)
    assert await audit(ada) == []


async def test_what_is_old_goes_from_the_store_too(settings: AuthSettings, clock: Clock) -> None:
    async with serving(settings, clock) as before:
        await owner_of(before, settings)
    clock.forward(91 * DAY_S)
    async with serving(settings, clock):
        await eventually(lambda: run_sql(settings, "SELECT address FROM audit") == [("",)])
    clock.forward(640 * DAY_S)
    async with serving(settings, clock):
        await eventually(lambda: run_sql(settings, "SELECT address FROM audit") == [])


async def test_where_somebody_was_goes_with_their_account(auth: Auth, ada: Person) -> None:
    grace = await person_with(auth, ada, "grace", "owner")
    await grace.request("PUT", "/api/admin/users/ada/role", json={"role": "moderator"})
    await grace.request("PUT", "/api/admin/users/ada/role", json={"role": "owner"})
    await grace.request("DELETE", "/api/account", json={"password": PASSWORD})
    assert {row["address"] for row in await audit(ada) if row["actor"] == "grace"} == {None}


# What moderators did in chat


class Chat:
    """The chat service's list of acts."""

    def __init__(self) -> None:
        self.acts: list[dict[str, Any]] = []
        self.asked_after: list[int] = []
        self.app = Starlette(routes=[Route("/internal/acts", self._list)])

    def add(self, act: str, target: str, room: str = "garden") -> None:
        number, at = len(self.acts) + 1, "2027-01-15T08:00:00.000Z"
        self.acts.append({"number": number, "actor": "grace", "act": act, "target": target, "room": room, "at": at})

    async def _list(self, request: Request) -> JSONResponse:
        after = int(request.query_params["after"])
        self.asked_after.append(after)
        return JSONResponse({"acts": self.acts[after:], "store": "chat", "last": len(self.acts)})


async def test_what_moderators_did_in_chat_is_in_the_audit_once(settings: AuthSettings, clock: Clock) -> None:
    chat = Chat()
    chat.add("timed_out", "linus")
    chat.add("message_removed", "linus", room="")
    async with serving_peer(chat.app) as (url, _):
        with_chat = structs.replace(settings, chat_url=url)
        acts: list[dict[str, Any]] = []
        for starts in range(2):  # the second goes on where the first was
            async with serving(with_chat, clock) as auth:
                if not starts:
                    await owner_of(auth, settings)
                ada = await auth.device("ada")
                await eventually(lambda: chat.asked_after[-1:] == [len(chat.acts)])
                acts = [one for one in await audit(ada) if one["actor"] == "grace"]
        assert [(one["act"], one["target"], one["detail"]) for one in acts] == [
            ("message_removed", "linus", ""),
            ("timed_out", "linus", "garden"),
        ]
        assert acts[0]["at"] == "2027-01-15T08:00:00Z"


async def test_two_instances_that_have_the_same_page_of_acts_keep_it_once(settings: AuthSettings) -> None:
    act = ActOfChat(number=1, actor="grace", act="timed_out", target="linus", room="", at="2027-01-15T08:00:00.000Z")
    async with open_store(settings) as one, open_store(settings) as other:
        await asyncio.gather(*(AuditStore(database).take_acts([act]) for database in (one, other, one)))
    assert run_sql(settings, "SELECT actor, act FROM audit") == [("grace", "timed_out")]
