"""Marking as read without scripts: by a picture that the page shows, before the next page."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.gateway.gateways import System
from tests.gateway.pages import BROWSER, FIRST_PAGE, answering, assert_page, telling
from tests.gateway.stand_ins import Exchange
from tests.gateway.wires import TIMEOUT_S

NEWS = {"id": 7, "seq": 7, "conversation": "@grace", "sender_username": "grace", "message": "Hello"}
NEWS |= {"timestamp": "2026-11-22T19:56:02.859Z"}
READ = "/api/messages/grace/read"


@pytest.fixture
async def with_news(whole: System) -> AsyncIterator[System]:
    saved = {"chat_username": "grace", "unread": 1, "last_seq": 7}
    whole.chat.handler = telling({**FIRST_PAGE, "/api/saved-chats": [saved], "/api/messages/grace": [NEWS]})
    yield whole
    for path in (READ, "/api/saved-chats"):
        whole.chat.at.pop(path, None)


def marks(whole: System) -> list[bytes]:
    return [request.body for request in whole.chat.requests if request.path == READ]


async def see(whole: System, headers: dict[str, str] | None = None) -> int:
    """Load the picture on the page, as a browser without scripts does."""
    origin = str(whole.http.base_url).rstrip("/")
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "image", "Referer": f"{origin}/chat/grace"}
    answer = await whole.http.get("/chat/grace/seen?seq=7", headers={**whole.cookie(), **own, **(headers or {})})
    return answer.status_code


async def test_a_page_marks_nothing_but_has_a_picture_that_does_where_no_script_runs(with_news: System) -> None:
    page = await with_news.http.get("/chat/grace", headers={**BROWSER, **with_news.cookie()})
    assert '<noscript><img src="/chat/grace/seen?seq=7" alt="" hidden></noscript>' in page.text
    assert marks(with_news) == []
    assert await see(with_news) == 204
    assert marks(with_news) == [b'{"seq":7}']
    older = await with_news.http.get("/chat/grace?before=9", headers={**BROWSER, **with_news.cookie()})
    assert "/seen" not in older.text


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Referer": "https://elsewhere.example/chat/grace"}]
)
async def test_another_site_marks_nothing_as_read(with_news: System, headers: dict[str, str]) -> None:
    assert await see(with_news, headers) == 204
    assert marks(with_news) == []


async def test_the_next_page_waits_for_what_the_last_one_marks_as_read(with_news: System) -> None:
    asked, may_go = asyncio.Event(), asyncio.Event()
    told: list[str] = []

    async def slow(exchange: Exchange) -> None:
        await exchange.read_body()
        asked.set()
        await may_go.wait()
        told.append("marked")
        await exchange.reply_json({})

    async def chats(exchange: Exchange) -> None:
        told.append("asked for chats")
        await exchange.reply_json([])

    headers = {**BROWSER, **with_news.cookie()}
    with_news.chat.at[READ] = slow
    async with asyncio.timeout(TIMEOUT_S):
        seeing = asyncio.create_task(see(with_news))
        await asked.wait()
        with_news.chat.at["/api/saved-chats"] = chats
        home = asyncio.create_task(with_news.http.get("/", headers=headers))
        await with_news.http.get("/healthz")  # by then the gateway has begun with the page
        may_go.set()
        assert_page(await home)
        await seeing
    assert told == ["marked", "asked for chats"]


@pytest.mark.parametrize("status", [404, 422, 500, 503])
async def test_a_mark_that_fails_harms_nobody(
    with_news: System, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with_news.chat.at[READ] = answering(status, {"detail": "No."})
    assert await see(with_news) == 204
    assert_page(await with_news.http.get("/chat/grace", headers={**BROWSER, **with_news.cookie()}))
    assert "fault" not in capsys.readouterr().out
