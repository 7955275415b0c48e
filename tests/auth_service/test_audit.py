"""The audit: who did what to whom, in auth and in chat, for as long as it is kept."""

import asyncio
from typing import Any

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
from tests.auth_service.owners import ban, change_instance, end_ban, invitation, owner_of, person_with, set_role
from tests.auth_service.people import PASSWORD, Auth, Person, run_sql, serving
from tests.clock import Clock
from tests.problems import code
from tests.waiting import eventually

DAY_S = 24 * 3600


async def audit(ada: Person, **query: Any) -> list[dict[str, Any]]:
    return list((await ada.get("/api/admin/audit", params=query)).json())


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
        async with serving(with_chat, clock) as auth:
            ada = await owner_of(auth, settings)
            await eventually(lambda: of_grace(ada))
        async with serving(with_chat, clock) as auth:  # goes on where the first was
            ada = await auth.device("ada")
            await eventually(lambda: chat.asked_after[-1:] == [len(chat.acts)])
            acts = await of_grace(ada)
        assert [(one["act"], one["target"], one["detail"]) for one in acts] == [
            ("message_removed", "linus", ""),
            ("timed_out", "linus", "garden"),
        ]
        assert acts[0]["at"] == "2027-01-15T08:00:00Z"


async def of_grace(ada: Person) -> list[dict[str, Any]]:
    return [one for one in await audit(ada) if one["actor"] == "grace"]


async def test_two_instances_that_have_the_same_page_of_acts_keep_it_once(settings: AuthSettings) -> None:
    act = ActOfChat(number=1, actor="grace", act="timed_out", target="linus", room="", at="2027-01-15T08:00:00.000Z")
    async with open_store(settings) as one, open_store(settings) as other:
        await asyncio.gather(*(AuditStore(database).take_acts([act]) for database in (one, other, one)))
    assert run_sql(settings, "SELECT actor, act FROM audit") == [("grace", "timed_out")]
