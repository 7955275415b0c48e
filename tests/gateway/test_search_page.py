"""The page of search: people, rooms and messages, marked, also without scripts."""

import re
from urllib.parse import parse_qs, urlsplit

from tests.gateway.gateways import System
from tests.gateway.pages import BROWSER, FIRST_PAGE, MARKUP, answering, telling
from tests.gateway.stand_ins import Exchange

PROBLEM = {
    "detail": "has: takes file, picture, audio, video or link.",
    "code": "query_invalid",
    "errors": [{"field": "query", "detail": "has: takes file, picture, audio, video or link."}],
}


def hit(number: int, text: str, **more: object) -> dict[str, object]:
    return {
        "id": number,
        "seq": number,
        "conversation": "#engines",
        "sender_username": "grace",
        "message": text,
        "timestamp": "2026-11-27T09:02:00.000Z",
        **more,
    }


def room(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "members_count": 7, "topic": "Wires", **more}


async def test_people_rooms_and_messages_are_found_and_marked(whole: System) -> None:
    whole.auth.handler = telling(
        {
            "/api/people": [{"username": "grace", "nickname": "Grace Hopper"}, {"username": "ada"}],
            "/api/profiles": [{"username": "grace", "nickname": "Grace Hopper", "pfp": "/api/files/1"}],
        }
    )
    hits = [
        hit(9, f"the gradient {MARKUP}", marks=[[4, 3]]),
        hit(8, "gra", conversation="@grace", marks=[[0, 3]]),
        hit(7, "", conversation="@grace", sender_username="ada", attachments=[{"id": "1", "url": "/"}]),
    ]
    whole.chat.handler = telling({**FIRST_PAGE, "/api/rooms": [room("telegraph")], "/api/search-messages": hits})
    answer = await whole.http.get("/search?query=gra", headers={**BROWSER, **whole.cookie()})
    assert answer.status_code == 200
    page = answer.text
    assert "<mark>Gra</mark>ce Hopper" in page
    assert "tele<mark>gra</mark>ph" in page
    assert "the <mark>gra</mark>dient &lt;script&gt;" in page
    assert MARKUP not in page
    assert 'href="/rooms/engines?around=9#message-9"' in page
    assert "in #engines" in page
    assert "to you" in page
    assert "to grace" in page
    assert page.count("/api/avatars/grace") == 2  # beside each of hers that was found
    assert 'rel="next"' not in page


async def test_a_full_page_leads_to_older_ones_and_those_are_messages_alone(whole: System) -> None:
    whole.chat.handler = telling({**FIRST_PAGE, "/api/search-messages": [hit(99 - n, "a rose") for n in range(25)]})
    whole.auth.handler = telling({"/api/people": []})
    answer = await whole.http.get("/search?query=a+rose&before=100", headers={**BROWSER, **whole.cookie()})
    (older,) = re.findall(r'rel="next" href="([^"]*)"', answer.text)
    assert parse_qs(urlsplit(older.replace("&amp;", "&")).query) == {"query": ["a rose"], "before": ["75"]}
    assert [request for request in whole.auth.requests if request.path == "/api/people"] == []
    asked = [request.target for request in whole.chat.requests if request.path == "/api/search-messages"]
    assert asked == ["/api/search-messages?query=a+rose&before=100&limit=25"]


async def test_a_wrong_operator_is_explained_at_the_field(whole: System) -> None:
    async def refusing(exchange: Exchange) -> None:
        refused = exchange.request.path == "/api/search-messages"
        handler = answering(422, PROBLEM) if refused else telling(FIRST_PAGE)
        await handler(exchange)

    whole.chat.handler = refusing
    answer = await whole.http.get("/search?query=has:cat", headers={**BROWSER, **whole.cookie()})
    assert answer.status_code == 422
    assert '<p class="error" id="query-error">has: takes file, picture' in answer.text
    assert 'aria-describedby="query-error operators"' in answer.text


async def test_an_empty_page_says_what_may_help(whole: System) -> None:
    whole.chat.handler = telling({**FIRST_PAGE, "/api/search-messages": []})
    whole.auth.handler = telling({"/api/people": []})
    answer = await whole.http.get(f"/search?query={MARKUP}", headers={**BROWSER, **whole.cookie()})
    assert "Nothing found" in answer.text
    assert MARKUP not in answer.text
    answer = await whole.http.get("/search", headers={**BROWSER, **whole.cookie()})
    assert "Nothing found" not in answer.text
    assert "from:ada" in answer.text
