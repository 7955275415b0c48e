"""What a reader keeps of a conversation for themselves, on pages without scripts: drafts, levels, marks, the inbox."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from gateway.domain.previews import preview
from tests.gateway.gateways import System
from tests.gateway.stand_ins import Exchange, Handler

OWN = "/api/conversations/%23engines"
ROOM = {"name": "engines", "is_member": True, "unread": 3, "mentions": 2, "level": "mentions", "last_seq": 9}
SAID = {
    "id": 7,
    "seq": 5,
    "conversation": "#engines",
    "sender_username": "grace",
    "message": "**Look**, ||a moth||",
    "html": "<p>x</p>",
    "timestamp": "2026-11-30T05:00:00.000Z",
}

PREVIEWS = [
    ("a ||b\nc|| d", "a ▒▒▒ d"),
    ("a || b", "a || b"),
    ("```py\nx = 1\n```", "x = 1"),
    ("> **a**\n> ~~b~~ `c`", "a\nb c"),
    ("[here](https://example.org) [no](javascript:x)", "here [no](javascript:x)"),
    ("2*3 > 1_000", "2*3 > 1_000"),
]


def telling(answers: dict[str, object], **headers: str) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        content = json.dumps(answers.get(exchange.request.path, [])).encode()
        await exchange.reply(200, content, Content_Type="application/json", **headers)

    return answer


def telling_room(whole: System, **more: object) -> None:
    room = {**ROOM, **more}
    answers: dict[str, object] = {
        "/api/rooms": [room],
        "/api/rooms/engines": room,
        "/api/rooms/engines/messages": [SAID],
    }
    answers[f"{OWN}/draft"] = {"message": "Dear all,", "reply_to": 7}
    whole.chat.handler = telling(answers)


async def page_of(whole: System, path: str) -> BeautifulSoup:
    answer = await whole.http.get(path, headers=whole.cookie())
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def one(page: BeautifulSoup, selector: str) -> Tag:
    found = page.select_one(selector)
    assert found is not None, selector
    return found


def told(whole: System, method: str, target: str) -> list[Any]:
    """What the bodies of such requests were."""
    asked = [one for one in whole.chat.requests if (one.method, one.target) == (method, target)]
    return [json.loads(request.body) for request in asked]


async def test_a_draft_stands_in_the_composer_with_what_it_answers(whole: System) -> None:
    telling_room(whole)
    page = await page_of(whole, "/rooms/engines")
    assert one(page, "#message").text == "Dear all,"
    assert one(page, '[name="reply_to"]')["value"] == "7"
    assert one(page, "#reply-to .quote").text == "grace: Look, ▒▒▒"
    cancel = one(page, "#reply-to a")["href"]
    page = await page_of(whole, f"/rooms/engines{str(cancel).partition('#')[0]}")
    assert one(page, '[name="reply_to"]')["value"] == ""
    assert one(page, "#message").text == "Dear all,"


async def test_what_a_form_sends_is_no_draft_any_more(whole: System) -> None:
    whole.chat.handler = telling({"/api/rooms/engines/messages": {"id": 8}})
    answer = await whole.http.post("/rooms/engines", data={"message": "Hello"}, headers=whole.cookie())
    assert answer.headers["location"] == "/rooms/engines#message-8"
    assert told(whole, "PUT", f"{OWN}/draft") == [{"message": "", "reply_to": None}]


async def test_a_level_is_chosen_and_a_conversation_muted_for_hours(whole: System) -> None:
    until = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    telling_room(whole, muted_until=until)
    page = await page_of(whole, "/rooms/engines")
    assert one(page, "#level option[selected]")["value"] == "mentions"
    assert one(page, "#mute option[selected]")["value"] == until
    listed = one(page, '#conversations [data-conversation="#engines"]')
    assert listed.has_attr("data-muted")
    assert one(page, "#conversations .mentions").text.split() == ["2", "mentions"]
    assert one(page, ".to-mentions .mentions").text.split() == ["2", "mentions"]

    path, headers = "/rooms/engines/notifications", whole.cookie()
    for mute in ("", until, "8"):
        answer = await whole.http.post(path, data={"level": "all", "mute": mute}, headers=headers)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/rooms/engines"), answer.text
    now, kept, hours = told(whole, "PUT", f"{OWN}/notifications")
    assert now == {"level": "all", "muted_until": None}
    assert kept == {"level": "all", "muted_until": until}
    assert timedelta(hours=7) < datetime.fromisoformat(hours["muted_until"]) - datetime.now(UTC) < timedelta(hours=9)


async def test_a_level_that_is_refused_says_why_beside_the_conversation(
    whole: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling_room(whole)

    async def refuse(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.reply_json({"detail": "Expected `str`", "code": "not_a_member"}, 403)

    monkeypatch.setitem(whole.chat.at, f"{OWN}/notifications", refuse)  # others share this system
    answer = await whole.http.post("/rooms/engines/notifications", data={"level": "x"}, headers=whole.cookie())
    assert answer.status_code == 403
    assert one(BeautifulSoup(answer.text, "html.parser"), ".error.banner").text == "You are not in this room."


async def test_what_is_muted_no_longer_is_not_shown_so_and_counts(whole: System) -> None:
    telling_room(whole, muted_until="2026-01-01T00:00:00.000Z")
    page = await page_of(whole, "/")
    assert not one(page, '#conversations [data-conversation="#engines"]').has_attr("data-muted")
    assert one(page, "title").text.startswith("(1) ")


async def test_a_message_and_all_after_it_are_marked_as_unread(whole: System) -> None:
    telling_room(whole)
    page = await page_of(whole, "/rooms/engines?unread=7")
    form = one(page, 'form[action="/rooms/engines/7/unread"]')
    seq = str(one(BeautifulSoup(str(form), "html.parser"), '[name="seq"]')["value"])
    answer = await whole.http.post(str(form["action"]), data={"seq": seq}, headers=whole.cookie())
    assert (answer.status_code, answer.headers["location"]) == (303, "/"), "the room would be read by being shown"
    assert told(whole, "PUT", f"{OWN}/unread") == [{"seq": 5}]


async def test_the_inbox_shows_what_was_meant_for_the_reader_a_page_at_a_time(whole: System) -> None:
    link = '</api/mentions?before=7&limit=50>; rel="next"'
    answers: dict[str, object] = {"/api/mentions": [SAID, {**SAID, "id": 6, "message": "Seen"}]}
    answers["/api/rooms"] = [{**ROOM, "mentions": 1}]
    whole.chat.handler = telling(answers, Link=link)
    for path in ("/mentions", "/"):
        found = one(await page_of(whole, path), ".found a")
        assert found["href"] == "/rooms/engines?around=7#message-7"
        assert one(BeautifulSoup(str(found), "html.parser"), ".last").text == "Look, ▒▒▒"
        assert len((await page_of(whole, path)).select(".found a.opens")) == (2 if path == "/mentions" else 1)
    assert one(await page_of(whole, "/mentions?before=9"), '[rel="next"]')["href"] == "/mentions?before=7"
    assert any(request.target == "/api/mentions?before=9&limit=50" for request in whole.chat.requests)


@pytest.mark.parametrize("text, shown", PREVIEWS)
def test_a_preview_has_no_marks_and_keeps_what_is_hidden(text: str, shown: str) -> None:
    assert preview(text) == shown
