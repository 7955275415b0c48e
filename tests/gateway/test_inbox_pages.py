"""The list of conversations and the inbox, as pages without scripts have them."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup

from gateway.domain.api_types import Message, Room
from gateway.domain.community import Instance
from gateway.domain.inbox import first_steps, unread_mentions
from gateway.domain.sections import sections_of
from tests.gateway.gateways import System
from tests.gateway.stand_ins import Exchange
from tests.gateway.test_attention_pages import SAID, one, page_of, telling, told

NOON = "2026-11-30T12:00:00.000Z"
GRACE = {"chat_username": "grace", "chat_nickname": "Grace Hopper", "last_seq": 4, "unread": 1}
GRACE |= {"last_message": "Tea?", "last_message_time": NOON, "last_sender_username": "grace"}


def room(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "is_member": True, "members_count": 2, "last_seq": 3, "role": "member", **more}


def listing(
    whole: System, *rooms: dict[str, Any], chats: tuple[dict[str, Any], ...] = (), more: dict[str, object] | None = None
) -> None:
    whole.chat.handler = telling({"/api/rooms": list(rooms), "/api/saved-chats": list(chats), **(more or {})})


# Sections


def sections(*rooms: Room) -> list[tuple[str, list[str]]]:
    return [(section.heading, [one.name for one in section.rooms]) for section in sections_of(rooms)]


def test_rooms_stand_under_their_headings_by_place_and_name() -> None:
    assert sections(
        Room(name="kernel", section="Works", position=2),
        Room(name="Engines", section="works", position=2),
        Room(name="moon", section="Works", position=9),
        Room(name="lobby"),
        Room(name="tea", section="Everyday", position=1),
        Room(name="chess"),
    ) == [("", ["chess", "lobby"]), ("Everyday", ["tea"]), ("works", ["Engines", "kernel", "moon"])]


def test_a_heading_is_the_same_in_any_case_and_form_and_counts_who_called_the_reader() -> None:
    rooms = [
        Room(name=name, section=heading, mentions=2) for name, heading in (("a", "\u00c4pfel"), ("b", "a\u0308PFEL"))
    ]
    (section,) = sections_of(rooms)
    assert (section.heading, section.mentions) == ("\u00c4pfel", 4)


def test_a_section_is_moved_as_a_whole_by_who_orders_all_of_its_rooms() -> None:
    rooms = [
        Room(name="a", section="Works", role="owner"),
        Room(name="b", section="Works", role="moderator"),
        Room(name="c", section="Yard", role="owner"),
        Room(name="d", section="Yard", role="member"),
        Room(name="e", role="owner"),
    ]
    assert [section.heading for section in sections_of(rooms) if section.is_movable] == ["Works"]


async def test_the_list_has_sections_and_says_who_said_the_last_words(whole: System) -> None:
    said = {"last_message": "**Roses** are red", "last_message_time": NOON}
    listing(
        whole,
        room("garden", section="Outside", mentions=2, last_sender_username="ada", **said),
        room("shed", section="Outside", private=True, last_sender_username="grace", **said),
        room("lobby"),
        chats=(GRACE, {**GRACE, "chat_username": "linus", "last_message": None, "last_sender_username": "ada"}),
    )
    page = await page_of(whole, "/you")
    headings = [heading.text for heading in page.select("#conversations summary h2")]
    assert headings == ["Rooms", "Outside", "People"]
    assert one(page, '[data-section="#outside"] > summary .mentions').text.split() == ["2", "mentions"]
    words = {
        str(item["data-conversation"]): item.select(".last")[0].text for item in page.select("[data-conversation]")
    }
    assert words == {
        "#lobby": "",
        "#garden": "You: Roses are red",
        "#shed": "Grace Hopper: Roses are red",
        "@grace": "Tea?",
        "@linus": "You: Attachment",
    }
    assert page.select('[data-conversation="#shed"] [data-icon="lock"]')


async def test_the_page_that_scripts_fetch_for_its_list_has_no_player(whole: System) -> None:
    """Chromium would keep each page that is parsed with one."""
    listing(whole)
    assert (await page_of(whole, "/you")).select("video, audio") == []


# The inbox


def message(number: int, label: str) -> Message:
    return Message(id=number, seq=number, label=label, sender_username="grace", message="", timestamp=datetime.now(UTC))


def test_the_latest_mentions_of_a_conversation_are_the_unread_ones() -> None:
    latest_first = [message(number, label) for number, label in ((9, "#a"), (8, "@b"), (7, "#a"), (6, "#a"), (5, "#c"))]
    found = unread_mentions(latest_first, {"#a": 2, "@b": 1, "#c": 0})
    assert [one.id for one in found] == [9, 8, 7]


async def test_a_mention_is_answered_or_done_with_where_it_stands(whole: System) -> None:
    listing(whole, room("engines", mentions=1, unread=2), more={"/api/mentions": [SAID]})
    page = await page_of(whole, "/")
    assert one(page, '.found [data-action="reply"]')["href"] == "/rooms/engines?around=7&reply_to=7#composer"
    form = one(page, 'form[action="/rooms/engines/read"]')
    seq = str(form.select('[name="seq"]')[0]["value"])
    answer = await whole.http.post("/rooms/engines/read", data={"seq": seq}, headers=whole.cookie())
    assert (answer.status_code, answer.headers["location"]) == (303, "/?show=all")
    assert told(whole, "PUT", "/api/rooms/engines/messages/read") == [{"seq": 5}]


async def test_all_is_read_at_once_also_where_one_mark_is_refused(whole: System) -> None:
    listing(whole, room("engines", unread=2), room("quiet"), room("gone", unread=1), chats=(GRACE,))

    async def refuse(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.reply_json({"detail": "Gone", "code": "not_a_member"}, 403)

    whole.chat.at["/api/rooms/gone/messages/read"] = refuse
    answer = await whole.http.post("/read-all", headers=whole.cookie())
    assert (answer.status_code, answer.headers["location"]) == (303, "/?show=all")
    assert told(whole, "PUT", "/api/rooms/engines/messages/read") == [{"seq": 3}]
    assert told(whole, "PUT", "/api/messages/grace/read") == [{"seq": 4}]
    assert told(whole, "PUT", "/api/rooms/quiet/messages/read") == []
    assert "/read-all" in (await whole.http.get("/", headers=whole.cookie())).text


async def test_what_is_marked_too_fast_is_marked_again_and_what_is_left_then_is_told(whole: System) -> None:
    listing(whole, room("engines", unread=2), room("late", unread=1), room("stuck", unread=1))

    tries = Counter[str]()

    async def refuse(exchange: Exchange) -> None:
        await exchange.read_body()
        refused = {"detail": "More than 20 messages a second; wait a moment.", "code": "too_many_messages"}
        tries[exchange.request.path] += 1
        if tries[exchange.request.path] == 1 or "stuck" in exchange.request.path:
            await exchange.reply_json(refused, 429)
        else:
            await exchange.reply_json({})

    late, stuck = "/api/rooms/late/messages/read", "/api/rooms/stuck/messages/read"
    whole.chat.at |= {late: refuse, stuck: refuse}
    answer = await whole.http.post("/read-all", headers=whole.cookie())
    assert answer.headers["location"] == "/?show=all"
    assert answer.cookies["notice"] == "not-all-read"
    assert tries == {late: 2, stuck: 4}
    assert told(whole, "PUT", "/api/rooms/engines/messages/read") == [{"seq": 3}]


@pytest.mark.parametrize(
    "show, mentions, unread, page",
    [
        ("", 1, 1, "home"),
        ("all", 1, 1, "inbox"),
        ("mentions", 1, 0, "inbox"),
        ("unread", 0, 1, "inbox"),
        ("x", 1, 1, "home"),
    ],
)
async def test_the_inbox_shows_what_it_is_asked_for(
    whole: System, show: str, mentions: int, unread: int, page: str
) -> None:
    listing(whole, room("engines", mentions=1, unread=1), more={"/api/mentions": [SAID]})
    shown = await page_of(whole, f"/?show={show}")
    assert len(shown.select("main .found .item")) == mentions
    assert len(shown.select("main .items:not(.found) .item")) == unread
    assert one(shown, "body")["data-page"] == page


async def test_who_is_live_is_told_also_where_it_is_the_reader(whole: System) -> None:
    listing(whole, chats=({**GRACE, "online": True},))
    whole.video.handler = telling({"/api/video/streams": [{"name": "engine", "username": "ada", "watchers": 2}]})
    page = await page_of(whole, "/")
    assert one(page, ".shot")["href"] == "/video?watch=engine"
    assert one(page, ".live .hint").text == "you \u00b7 2 watchers"
    assert one(page, ".panel-head .good").text == "1 online"


@pytest.mark.parametrize(
    "name, people_count, done", [("Parley", 1, 1), ("Society", 1, 2), ("Parley", 2, 2), ("Society", 5, 3)]
)
def test_an_owner_is_led_through_the_first_steps(name: str, people_count: int, done: int) -> None:
    steps = first_steps(Instance(name=name), people_count=people_count)
    assert (steps.done, steps.count) == (done, 3)


async def test_only_who_owns_the_instance_sees_first_steps(whole: System) -> None:
    listing(whole, room("lobby", members_count=1))
    for role, shown in (("owner", True), ("moderator", False), ("member", False)):
        profile: dict[str, object] = {"username": "ada", "role": role}
        whole.auth.handler = telling({"/api/user-profile": profile})
        page: BeautifulSoup = await page_of(whole, "/")
        assert bool(page.select(".steps")) is shown, role


# Where a room stands


@pytest.mark.parametrize(
    "typed, wanted",
    [
        ({"section": " Works ", "position": "3"}, {"section": "Works", "position": 3}),
        ({"section": "", "position": ""}, {"section": None, "position": 0}),
        ({"section": "", "position": "last"}, {"section": None, "position": "last"}),
        ({"section": "", "position": "9" * 5_000}, {"section": None, "position": 10**18}),
    ],
)
async def test_who_keeps_order_says_where_the_room_stands(
    whole: System, typed: dict[str, str], wanted: dict[str, object]
) -> None:
    garden = room("garden", role="moderator", section="Outside", position=2)
    listing(whole, garden, more={"/api/rooms/garden": garden})
    page = await page_of(whole, "/rooms/garden")
    assert one(page, '#room-place [name="section"]')["value"] == "Outside"
    answer = await whole.http.post("/rooms/garden/place", data=typed, headers=whole.cookie())
    assert (answer.status_code, answer.headers["location"]) == (303, "/rooms/garden")
    assert told(whole, "PATCH", "/api/rooms/garden") == [wanted]


async def test_a_member_does_not_say_where_the_room_stands(whole: System) -> None:
    listing(whole, room("garden"), more={"/api/rooms/garden": room("garden")})
    assert not (await page_of(whole, "/rooms/garden")).select("#room-place")
