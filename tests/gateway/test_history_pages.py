"""Which part of a history a page shows, and what leads to its other parts."""

import re
from datetime import UTC, datetime

import pytest

from gateway.domain.api_types import Message
from gateway.pages.history import HistoryQuery
from tests.gateway.gateways import System
from tests.gateway.stand_ins import Exchange

NOON = datetime(2026, 7, 21, 12, tzinfo=UTC)
ALL = [
    Message(id=number, seq=number, label="@grace", sender_username="grace", message="hello", timestamp=NOON)
    for number in range(1, 101)
]


async def test_a_message_has_an_address_that_leads_to_where_it_stands(whole: System) -> None:
    for path in ("/chat/grace", "/rooms/garden"):
        answer = await whole.http.get(f"{path}/m/7", headers=whole.cookie())
        assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?around=7#message-7")
    stranger = await whole.http.get("/chat/grace/m/7")
    assert stranger.headers["location"] == "/sign-in?next=/chat/grace/m/7"


@pytest.mark.parametrize(
    "query, shown, is_newest, has_older",
    [
        (HistoryQuery(), ALL[50:], True, True),
        (HistoryQuery(), ALL[:7], True, False),
        (HistoryQuery(before=60), ALL[9:59], False, True),
        (HistoryQuery(after=90), ALL[90:], True, False),
        (HistoryQuery(after=9), ALL[9:59], False, True),
        (HistoryQuery(around=50), ALL[24:74], False, True),
        (HistoryQuery(around=76), ALL[50:], False, True),  # perhaps: there are as many as were asked for
        (HistoryQuery(around=77), ALL[51:], True, True),
        (HistoryQuery(around=25), ALL[:49], False, False),
        (HistoryQuery(around=3), ALL[:27], False, False),
    ],
)
def test_a_page_knows_whether_it_leads_on(
    query: HistoryQuery, shown: list[Message], is_newest: bool, has_older: bool
) -> None:
    assert (query.is_newest(shown), query.has_older(shown)) == (is_newest, has_older)


def test_a_form_leads_back_to_the_part_that_was_shown() -> None:
    assert HistoryQuery(around=7, edit=8).position == "?around=7"


PATH = "/api/messages/grace"
SAVED = [{"chat_username": "grace", "unread": 70, "last_seq": 101}]


def news(ids: range) -> list[dict[str, object]]:
    said = {"conversation": "@grace", "sender_username": "grace", "message": "x", "timestamp": "2026-07-21T12:00:00Z"}
    return [{"id": number, "seq": number, **said} for number in ids]


@pytest.fixture
def behind(whole: System) -> System:
    """A chat service where the reader has not seen 31 to 100."""
    answers: dict[str, object] = {
        "/api/saved-chats": SAVED,
        "/api/rooms": [],
        f"{PATH}?limit=50": news(range(51, 101)),
        f"{PATH}?unread=true&limit=50": news(range(31, 81)),
        f"{PATH}?around=31&limit=50": news(range(6, 56)),
        f"{PATH}?around=70&limit=50": news(range(45, 95)),
    }

    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.reply_json(answers.get(exchange.request.target, {}))

    whole.chat.handler = answer
    return whole


async def test_a_page_opens_where_the_unread_begins_and_tells_scripts_how_far_it_was_seen(behind: System) -> None:
    page = (await behind.http.get("/chat/grace", headers=behind.cookie())).text
    assert 'data-last-seq="101" data-own-read-seq="30" data-unread="70"' in page
    assert 'data-before="6" data-after="55"' in page
    assert re.search(r'id="unread"><span class="new">New</span></p>\s*<article id="message-31"', page)
    assert 'src="/chat/grace/seen?seq=55"' in page


async def test_a_hit_among_the_unread_marks_nothing_and_begins_nothing(behind: System) -> None:
    page = (await behind.http.get("/chat/grace?around=70", headers=behind.cookie())).text
    assert 'id="message-70"' in page
    assert 'data-own-read-seq="30"' in page
    assert 'id="unread"' not in page
    assert "/seen?" not in page


async def test_the_newest_are_shown_to_who_asks_for_them(behind: System) -> None:
    page = (await behind.http.get("/chat/grace?newest=1", headers=behind.cookie())).text
    assert 'id="message-100"' in page
    assert "data-after" not in page
    assert 'src="/chat/grace/seen?seq=100"' in page
