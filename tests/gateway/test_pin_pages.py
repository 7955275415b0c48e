"""Pins and replies on pages of their own, and pinning without scripts."""

import pytest
from bs4 import BeautifulSoup

from tests.gateway.gateways import System
from tests.gateway.scripted import BROWSER, Script, Told

GARDEN = "/rooms/garden"
ROOM = {"name": "garden", "is_member": True, "role": "moderator", "members": ["ada"], "members_count": 1, "last_seq": 9}


def message(number: int, **more: object) -> dict[str, object]:
    return {
        "id": number,
        "seq": number,
        "conversation": "#garden",
        "sender_username": "linus",
        "message": f"Message {number}",
        "timestamp": "2026-11-22T12:00:00Z",
        **more,
    }


def script(whole: System, **answers: object) -> Script:
    given = {key.replace("_", " /api/", 1): content for key, content in answers.items()}
    return Script(whole, {"GET /api/rooms/garden": ROOM, **given})


async def page(whole: System, path: str, status: int = 200) -> BeautifulSoup:
    answer = await whole.http.get(path, headers={**BROWSER, **whole.cookie("ada")})
    assert answer.status_code == status
    return BeautifulSoup(answer.text, "html.parser")


async def test_what_is_pinned_is_marked_in_its_place_and_listed_on_a_page(whole: System) -> None:
    pinned = [message(8), message(2)]
    script(whole, **{"GET_rooms/garden/pins": pinned, "GET_rooms/garden/messages": [message(7), message(8)]})
    shown = await page(whole, f"{GARDEN}?more=8")
    assert [one["data-id"] for one in shown.select("#log article[data-pinned]")] == ["8"]
    (main,) = shown.select("main")
    assert main["data-pinned"] == "2 8"
    assert shown.select(f'article form[action="{GARDEN}/8/unpin"]')
    listed = await page(whole, f"{GARDEN}/pins")
    assert [one["href"] for one in listed.select(".side-messages li a")] == [f"{GARDEN}/m/8", f"{GARDEN}/m/2"]
    assert [one.get_text() for one in listed.select(".says")] == ["Message 8", "Message 2"]


async def test_who_keeps_no_order_is_not_offered_to_pin(whole: System) -> None:
    answers = {"GET_rooms/garden": {**ROOM, "role": "member"}, "GET_rooms/garden/messages": [message(7)]}
    script(whole, **answers)
    shown = await page(whole, f"{GARDEN}?more=7")
    assert shown.select('article [data-action="replies"]')
    assert not shown.select('article [data-action="pin"]')


async def test_nothing_pinned_is_said(whole: System) -> None:
    script(whole)
    listed = await page(whole, "/chat/linus/pins")
    assert "Nothing is pinned here yet" in listed.select_one(".side-messages").get_text()  # type: ignore[union-attr]


async def test_replies_are_read_page_by_page(whole: System) -> None:
    path = "/api/messages/7/replies"
    told = Told([message(8, reply_to=7)], link=f'<{path}?after=8&limit=50>; rel="next"')
    asked = script(whole, **{"GET_messages/7/replies": told})
    listed = await page(whole, f"{GARDEN}/m/7/replies?after=3")
    assert [one["href"] for one in listed.select(".side-messages li a")] == [f"{GARDEN}/m/8"]
    assert [one["href"] for one in listed.select('a[rel="next"]')] == ["?after=8"]
    (request,) = asked.asked(f"GET {path}")
    assert request.target == f"{path}?after=3&limit=50"


async def test_how_much_answers_a_message_is_said_below_it_and_leads_there(whole: System) -> None:
    counted = [{"replies_count": count, "last_reply_id": 12} for count in (1, 3, 0)]
    said = [message(7), *(message(number, **counts) for number, counts in enumerate(counted, start=8))]
    script(whole, **{"GET_rooms/garden/messages": said})
    shown = await page(whole, GARDEN)
    links = [(one["href"], one.get_text()) for one in shown.select("#log .replies:not([hidden])")]
    assert links == [(f"{GARDEN}/m/8/replies", "1 reply"), (f"{GARDEN}/m/9/replies", "3 replies")]


@pytest.mark.parametrize("act, method", [("pin", "PUT"), ("unpin", "DELETE")])
async def test_a_form_pins_and_leads_back_to_the_message(whole: System, act: str, method: str) -> None:
    asked = script(whole, **{f"{method}_rooms/garden/pins/7": Told(None, 204)})
    headers = {**BROWSER, **whole.cookie("ada"), "Sec-Fetch-Site": "same-origin"}
    answer = await whole.http.post(f"{GARDEN}/7/{act}?before=9", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{GARDEN}?before=9#message-7")
    assert asked.changes == [f"{method} /api/rooms/garden/pins/7"]


async def test_a_full_board_is_told(whole: System) -> None:
    full = Told({"code": "too_many_pins", "detail": "50 messages are the most."}, 409)
    script(whole, **{"PUT_messages/linus/pins/7": full})
    headers = {**BROWSER, **whole.cookie("ada"), "Sec-Fetch-Site": "same-origin"}
    answer = await whole.http.post("/chat/linus/7/pin", headers=headers)
    assert answer.status_code == 409
    assert "As much as can be is pinned here. Unpin something first." in answer.text
