"""What is shown of a history: days, groups, and where the unread begins; and how people are drawn."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.api_types import Attachment, Message
from gateway.domain.languages import choose
from gateway.domain.paths import shown_path, sign_in_path
from gateway.domain.people import Person
from gateway.domain.timeline import entries, first_of_others, first_unread
from gateway.domain.user_agents import short_agent

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def said(seq: int, sender: str, minutes: float = 0, **more: Any) -> Message:
    when = NOON + timedelta(minutes=minutes)
    return Message(id=seq, seq=seq, label="@x", sender_username=sender, message=str(seq), timestamp=when, **more)


def test_who_goes_on_talking_is_named_once() -> None:
    messages = [
        said(1, "ada"),
        said(2, "ada", 4),
        said(3, "grace", 4),
        said(4, "grace", 10),
        said(5, "grace", 11, reply_to=1),
    ]
    assert [entry.continues for entry in entries(messages, reader="ada")] == [False, True, False, False, False]


def test_each_day_begins_with_its_name() -> None:
    messages = [said(1, "ada"), said(2, "ada", 1), said(3, "ada", 12 * 60)]
    shown = entries(messages, reader="ada")
    assert [entry.day and entry.day.day for entry in shown] == [22, None, 23]
    assert not shown[2].continues


def test_the_unread_begins_with_the_first_that_others_said() -> None:
    messages = [said(1, "grace"), said(2, "grace"), said(3, "ada"), said(4, "grace"), said(5, "grace", deleted=True)]
    first = first_unread(messages, reader="ada", unread=2)
    assert first is messages[1]
    shown = entries(messages, reader="ada", first_unread=first)
    assert [entry.is_first_unread for entry in shown] == [False, True, *[False] * 3]
    assert first_unread(messages, reader="ada", unread=0) is None
    assert first_unread(messages, reader="ada", unread=9) is None  # it begins before them
    assert not any(entry.is_first_unread for entry in entries(messages, reader="ada"))
    assert first_of_others(messages[2:], reader="ada") is messages[3]
    assert first_of_others(messages[4:], reader="ada") is None


def test_only_the_last_own_word_that_was_read_says_so() -> None:
    messages = [said(1, "ada"), said(2, "ada"), said(3, "grace"), said(4, "ada")]
    shown = entries(messages, reader="ada", other_read_seq=3)
    assert [entry.is_last_read for entry in shown] == [False, True, False, False]
    assert not any(entry.is_last_read for entry in entries(messages, reader="ada"))


def test_what_names_the_reader_is_called() -> None:
    messages = [
        said(1, "grace", mentions=("ada",)),
        said(2, "grace", mentions_room=True),
        said(3, "grace", mentions=("linus",)),
        said(4, "ada", mentions=("ada",)),
        said(5, "grace", mentions=("ada",), deleted=True),
    ]
    assert [entry.is_called for entry in entries(messages, reader="ada")] == [True, True, False, False, False]


def test_ones_own_messages_say_whether_they_were_read() -> None:
    shown = entries([said(1, "ada"), said(2, "grace"), said(3, "ada")], reader="ada", other_read_seq=2)
    assert [(entry.is_own, entry.state) for entry in shown] == [(True, "read"), (False, ""), (True, "sent")]


@pytest.mark.parametrize(
    "size, shown", [((4000, 1000), (448, 112)), ((10, 20), (10, 20)), ((1, 9000), (1, 352)), ((0, 0), (448, 252))]
)
def test_a_picture_gets_its_place_before_it_is_there(size: tuple[int, int], shown: tuple[int, int]) -> None:
    assert Attachment(id="a", url="", thumbnail_url="", width=size[0], height=size[1]).shown_size == shown


@pytest.mark.parametrize(
    "name, letters",
    [("Ada Lovelace", "AL"), ("ada", "A"), ("Grace B. Hopper", "GH"), ("", "U"), ("💡 light", "L"), ("💡", "💡")],
)
def test_who_has_no_picture_has_letters(name: str, letters: str) -> None:
    assert Person("u", name).initials == letters
    assert Person("u", name).hue == Person("U", "x").hue < 12


@pytest.mark.parametrize(
    "chosen, accepted, language",
    [
        (None, "", "en"),
        (None, "de", "de"),
        (None, "fr;q=1, de-CH;q=0.5, en;q=0.4", "de"),
        (None, "en;q=0.4, de;q=0.5", "de"),
        (None, "de;q=0, fr", "en"),
        (None, "de;q=x", "en"),
        ("de", "en", "de"),
        ("xx", "de", "de"),
        (None, ",,;;q=1", "en"),
    ],
)
def test_the_language_is_the_chosen_one_or_the_best(chosen: str | None, accepted: str, language: str) -> None:
    assert choose({"en", "de"}, chosen=chosen, accepted=accepted) == language


@pytest.mark.parametrize(
    "method, path, shown",
    [
        ("GET", "/search", "/search?a=b"),
        ("POST", "/chat/grace/7/edit", "/chat/grace"),
        ("POST", "/rooms", "/"),
        ("POST", "/rooms/lobby/join", "/rooms/lobby"),
        ("POST", "/settings/devices/x/end", "/settings"),
        ("POST", "/theme", "/"),
    ],
)
def test_after_a_form_one_is_where_one_was(method: str, path: str, shown: str) -> None:
    assert shown_path(method, path, "a=b") == shown


def test_the_way_to_sign_in_remembers_where_from() -> None:
    assert sign_in_path("/") == "/sign-in"
    assert sign_in_path("/chat/a?b=c&d") == "/sign-in?next=/chat/a%3Fb%3Dc%26d"


@pytest.mark.parametrize(
    "agent, short",
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Version/18 Safari/604.1", "Safari · iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_a_device_is_called_as_a_person_knows_it(agent: str, short: str) -> None:
    assert short_agent(agent) == short


def test_a_page_shows_pictures_by_way_of_us_alone() -> None:
    ada = Person("ada", "Ada", "https://example.org/a.png")
    assert re.fullmatch(r"/api/avatars/ada\?v=[0-9a-f]{8}", ada.picture)
    assert Person("ada", "Ada", "https://example.org/b.png").picture != ada.picture
    assert Person("ada", "Ada").picture == ""
