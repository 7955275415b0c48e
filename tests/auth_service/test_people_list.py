"""What moderators see of people: everybody, in pages, and what each of them keeps."""

from typing import Any

import pytest
from msgspec import structs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from auth_service.settings import AuthSettings
from tests.asgi import serving as serving_peer
from tests.auth_service.owners import ban, owner_of, person_with
from tests.auth_service.people import Auth, Person, fields, run_sql, serving
from tests.clock import NOW_S, Clock
from tests.problems import code

MANY = 10_000


async def people(ada: Person, **query: Any) -> list[str]:
    answer = await ada.get("/api/admin/users", params=query)
    return [one["username"] for one in answer.json()]


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
