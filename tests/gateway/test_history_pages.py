"""Which part of a history a page shows, and what leads to its other parts."""

from datetime import UTC, datetime

import pytest

from gateway.domain.api_types import Message
from gateway.pages.history import HistoryQuery
from tests.gateway.gateways import System

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
