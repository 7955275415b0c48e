"""Reports, blocks and keeping order in rooms, by forms and without scripts."""

import re
from typing import Any

import httpx
import pytest

from tests.gateway.admin_script import of_ada
from tests.gateway.gateways import System, code
from tests.gateway.pages import MARKUP, assert_page
from tests.gateway.scripted import LATER, STRANGE_ORIGINS, Script, assert_led_to, invalid, refusal

GARDEN, GRACE = "/rooms/garden", "/chat/grace"
LINUS = f"{GARDEN}/members/linus"
# Each form: what it holds, and what it asks of the chat service.
FORMS: dict[str, tuple[dict[str, str], str, Any]] = {
    f"{LINUS}/role": ({"role": "moderator"}, "PUT /api/rooms/garden/members/linus/role", {"role": "moderator"}),
    f"{LINUS}/timeout": ({"seconds": "300"}, "PUT /api/rooms/garden/timeouts/linus", {"seconds": 300}),
    f"{LINUS}/end-timeout": ({}, "DELETE /api/rooms/garden/timeouts/linus", None),
    f"{LINUS}/remove": ({}, "DELETE /api/rooms/garden/members/linus", None),
    f"{GARDEN}/slow-mode": ({"slow_mode_s": "30"}, "PATCH /api/rooms/garden", {"slow_mode_s": 30}),
    f"{GARDEN}/7/report": ({"reason": "Rude"}, "POST /api/reports", {"message_id": 7, "reason": "Rude"}),
    f"{GRACE}/7/report": ({"reason": "Rude"}, "POST /api/reports", {"message_id": 7, "reason": "Rude"}),
    f"{GRACE}/report": ({"reason": "Ru\r\nde"}, "POST /api/reports", {"username": "grace", "reason": "Ru\nde"}),
    f"{GRACE}/block": ({}, "PUT /api/blocks/grace", None),
    f"{GRACE}/unblock": ({}, "DELETE /api/blocks/grace", None),
    "/settings/block": ({"blocked": " linus "}, "PUT /api/blocks/linus", None),
    "/settings/unblock": ({"blocked": "linus"}, "DELETE /api/blocks/linus", None),
}


def garden(**more: object) -> dict[str, object]:
    """A room of Grace's with Ada, Linus and Margaret in it."""
    members = ["ada", "grace", "linus", "margaret"]
    roles = {"grace": "owner", "margaret": "moderator"}
    room = {"name": "garden", "owner": "grace", "is_member": True, "members_count": 4, "role": "member"}
    return {**room, "members": members, "roles": roles, **more}


def said(number: int, by: str) -> dict[str, object]:
    text = f"Words of {by}"
    return {"id": number, "seq": number, "conversation": "#garden", "sender_username": by, "message": text} | {
        "timestamp": LATER
    }


def script(whole: System, role: str = "member", /, **more: object) -> Script:
    """Ada, who has that role in the community, in the garden; what is `more` has keys as `GET_blocks`."""
    answers: dict[str, object] = {
        "GET /api/user-profile": {"username": "ada", "nickname": "Ada", "pfp": "", "role": role},
        "GET /api/search-user/grace": {"username": "grace", "nickname": "Grace", "pfp": ""},
        "GET /api/rooms/garden": garden(),
        "GET /api/rooms/garden/messages": [said(n, by) for n, by in enumerate(("ada", "grace", "linus"), start=7)],
    }
    return Script(whole, {**answers, **{key.replace("_", " /api/", 1): value for key, value in more.items()}})


async def get(whole: System, path: str = GARDEN) -> str:
    page = await whole.http.get(path, headers=of_ada(whole))
    assert_page(page)
    return page.text


async def post(whole: System, path: str, form: dict[str, str] | None = None) -> httpx.Response:
    return await whole.http.post(path, data=form or FORMS[path][0], headers=of_ada(whole))


def article(page: str, number: int) -> str:
    found = re.search(rf'<article id="message-{number}".*?</article>', page, re.DOTALL)
    assert found
    return found[0]


# What all have in common


@pytest.mark.parametrize("path", FORMS)
async def test_each_form_asks_for_one_thing_and_leads_back(whole: System, path: str) -> None:
    told = script(whole)
    answer = await post(whole, path)
    _, start, body = FORMS[path]
    assert told.changes == [start]
    assert body is None or told.sent(start) == body
    leads_to = "/settings#blocked-people" if path.startswith("/settings") else "/".join(path.split("/")[:3])
    assert_led_to(answer, f"{leads_to}#message-7" if "/7/" in path else leads_to)
    assert "notice=" in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("origin", STRANGE_ORIGINS)
async def test_a_form_of_another_site_does_nothing(whole: System, path: str, origin: dict[str, str]) -> None:
    told = script(whole)
    answer = await whole.http.post(path, data=FORMS[path][0], headers={**whole.cookie(), **origin})
    assert code(answer) == (403, "cross_origin")
    assert told.changes == []


@pytest.mark.parametrize("path", FORMS)
async def test_who_is_not_signed_in_does_nothing(whole: System, path: str) -> None:
    answer = await whole.http.post(path, data=FORMS[path][0])
    assert answer.headers["location"].startswith("/sign-in")
    assert whole.requests == {}


@pytest.mark.parametrize("path", [path for path in FORMS if path.startswith((LINUS, f"{GARDEN}/slow"))])
async def test_what_is_refused_in_a_room_is_told_above_the_messages(whole: System, path: str) -> None:
    start = FORMS[path][1].replace(" /api/", "_")
    script(whole, **{start: refusal(403, "not_allowed")})
    page = await post(whole, path)
    assert_page(page, 403)
    assert '<p class="error banner" role="alert">Your role does not allow this.</p>' in page.text


# Reports


async def test_a_message_of_somebody_else_can_be_reported(whole: System) -> None:
    script(whole)
    page = await get(whole, f"{GARDEN}?report=8&before=9")
    assert 'action="/rooms/garden/8/report?before=9"' in article(page, 8)
    of_another = article(await get(whole, f"{GARDEN}?more=9&before=9"), 9)
    assert 'href="?before=9&amp;report=9#message-9"' in of_another
    assert 'data-action="report"' not in article(await get(whole, f"{GARDEN}?more=7"), 7)
    assert "/7/report" not in await get(whole, f"{GARDEN}?report=7")


@pytest.mark.parametrize(
    "status, why, words", [(409, "already_reported", "reported this already"), (429, "too_many_reports", "Too many")]
)
async def test_a_report_that_is_refused_says_why_and_keeps_the_words(
    whole: System, status: int, why: str, words: str
) -> None:
    script(whole, POST_reports=refusal(status, why))
    for path in (f"{GARDEN}/8/report", f"{GRACE}/report"):
        page = await post(whole, path, {"reason": f"Since {MARKUP}"})
        assert_page(page, status)
        assert re.search(rf'<p class="error" id="reason-\w+-error">[^<]*{words}', page.text)
        assert "Since &lt;script&gt;" in page.text
        assert "message-error" not in page.text


async def test_a_reason_that_is_too_long_is_refused_beside_it(whole: System) -> None:
    script(whole, POST_reports=invalid("reason", "Expected `str` of length <= 1000 - at `$.reason`"))
    page = await post(whole, f"{GRACE}/report", {"reason": "x"})
    assert 'id="reason-person-error">At most 1000' in page.text
    assert 'id="trouble" open' in page.text


# Blocks


async def test_who_is_blocked_can_be_unblocked_and_the_page_says_so(whole: System) -> None:
    script(whole)
    page = await get(whole, GRACE)
    assert ('action="/chat/grace/block"' in page, 'action="/chat/grace/unblock"' in page) == (True, False)
    script(whole, GET_blocks=[{"username": "grace", "created_at": LATER}])
    page = await get(whole, GRACE)
    assert ('action="/chat/grace/block"' in page, 'action="/chat/grace/unblock"' in page) == (False, True)
    assert "You have blocked grace: they cannot answer." in page


async def test_in_a_room_what_the_blocked_say_is_collapsed(whole: System) -> None:
    script(whole, GET_blocks=[{"username": "linus", "created_at": LATER}])
    page = await get(whole)
    assert "data-collapsed" in article(page, 9)
    assert "<summary>From somebody you blocked</summary>" in article(page, 9)
    assert "Words of linus" in article(page, 9)
    assert "data-collapsed" not in article(page, 8)


async def test_a_room_is_shown_where_nobody_says_who_is_blocked(whole: System) -> None:
    script(whole, GET_blocks=refusal(503, "not_stored"))
    assert "data-collapsed" not in await get(whole)


async def test_the_settings_list_who_is_blocked(whole: System) -> None:
    script(whole, GET_blocks=[{"username": "linus", "created_at": LATER}])
    page = await get(whole, "/settings")
    assert 'name="blocked" value="linus"' in page
    assert 'href="/chat/linus"' in page


@pytest.mark.parametrize(
    "why, words", [("unknown_recipient", "nobody of that name"), ("recipient_is_self", "cannot block yourself")]
)
async def test_who_cannot_be_blocked_is_told_beside_the_field(whole: System, why: str, words: str) -> None:
    script(whole, **{"PUT_blocks/linus": refusal(404, why)})
    page = await post(whole, "/settings/block")
    assert re.search(rf'id="blocked-error">[^<]*{words}', page.text)
    assert 'value="linus"' in page.text


# Order in rooms


ACTS = ("timeout", "role", "remove")


def offered(page: str, username: str) -> tuple[bool, ...]:
    return tuple(f'action="{GARDEN}/members/{username}/{act}"' in page for act in ACTS)


@pytest.mark.parametrize(
    "community_role, more, of_linus, of_margaret",
    [
        ("member", {}, (False, False, False), (False, False, False)),
        ("member", {"role": "moderator"}, (True, False, True), (False, False, False)),
        ("member", {"role": "owner"}, (True, True, True), (True, True, True)),
        ("moderator", {}, (True, False, True), (True, False, True)),
        ("owner", {"is_member": False, "role": None}, (True, False, True), (True, False, True)),
        ("owner", {"is_member": False, "role": None, "private": True}, (False, False, False), (False, False, False)),
    ],
)
async def test_only_what_the_reader_may_do_is_offered(
    whole: System,
    community_role: str,
    more: dict[str, object],
    of_linus: tuple[bool, ...],
    of_margaret: tuple[bool, ...],
) -> None:
    script(whole, community_role, **{"GET_rooms/garden": garden(**more)})
    page = await get(whole)
    assert offered(page, "linus") == of_linus
    assert offered(page, "margaret") == of_margaret
    assert offered(page, "ada") == (False, False, False)
    assert (f'action="{GARDEN}/slow-mode"' in page) is any(of_linus)


async def test_messages_of_those_below_can_be_removed(whole: System) -> None:
    script(whole, **{"GET_rooms/garden": garden(role="moderator")})
    pages = [article(await get(whole, f"{GARDEN}?more={number}"), number) for number in (7, 8, 9)]
    # Of her own, of the owner, of a member.
    assert ['data-action="delete"' in page for page in pages] == [True, False, True]


async def test_who_is_timed_out_and_what_else_they_are_is_shown(whole: System) -> None:
    room = garden(role="owner", timeouts={"linus": LATER, "margaret": "2020-01-01T00:00:00Z"}, slow_mode_s=30)
    script(whole, **{"GET_rooms/garden": room})
    page = await get(whole)
    assert f'action="{LINUS}/end-timeout"' in page
    assert page.count("Timed out</span>") == 1
    assert re.findall(r'<span class="role"><span class="hidden-text">(\w+)<', page) == ["Owner", "Moderator"]
    assert '<option value="30" selected>30 seconds' in page
    assert re.search(r'<p id="composer-note"[^>]* hidden', page)  # slow mode is not for who sets it


async def test_one_of_many_members_is_found(whole: System) -> None:
    many = [f"person{number}" for number in range(150)]
    script(whole, **{"GET_rooms/garden": garden(members=many, members_count=150)})
    page = await get(whole)
    assert page.count('<li data-username="person') == 100
    assert "Not all of them are listed here." in page
    page = await get(whole, f"{GARDEN}?member=ON149")
    assert page.count('<li data-username="person') == 1
    assert "Nobody in this room is called so." in await get(whole, f"{GARDEN}?member=nobody")


# Why one cannot write


def note(page: str) -> str:
    found = re.search(r'<p id="composer-note"(?P<hidden>[^>]*)>(?P<text>.*?)</p>', page, re.DOTALL)
    assert found
    return "" if "hidden" in found["hidden"] else " ".join(re.sub(r"<[^>]+>", "", found["text"]).split())


@pytest.mark.parametrize(
    "more, said_above",
    [
        ({}, ""),
        ({"timed_out_until": "2020-01-01T00:00:00Z"}, ""),
        ({"slow_mode_s": 300}, "Slow mode: one message in 5 minutes"),
        (
            {"timed_out_until": LATER, "slow_mode_s": 300},
            "A moderator has timed you out. You may read here, but not write, until 2 Jan 2027, 03:04 UTC.",
        ),
    ],
)
async def test_why_one_cannot_write_stands_above_the_composer(
    whole: System, more: dict[str, object], said_above: str
) -> None:
    script(whole, **{"GET_rooms/garden": garden(**more)})
    assert note(await get(whole)) == said_above


@pytest.mark.parametrize(
    "status, why, words",
    [(403, "timed_out", "You are timed out in this room"), (429, "slow_mode", "You can send this in 17 s.")],
)
async def test_a_message_that_came_too_early_stays_in_the_composer(
    whole: System, status: int, why: str, words: str
) -> None:
    script(whole, **{"POST_rooms/garden/messages": refusal(status, why, retry_after_s=17)})
    page = await whole.http.post(GARDEN, data={"message": "Kept words"}, headers=of_ada(whole))
    assert_page(page, status)
    assert re.search(rf'id="message-error" role="alert">[^<]*{re.escape(words)}', page.text)
    assert ">Kept words</textarea>" in page.text
