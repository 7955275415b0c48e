"""How a browser without scripts asks for pages, what services answer it, and what makes a page."""

import re
from http.cookies import SimpleCookie
from typing import Any

import httpx

from tests.gateway.gateways import System
from tests.gateway.stand_ins import Exchange, Handler

FIRST_PAGE: dict[str, object] = {"/api/saved-chats": [], "/api/rooms": []}
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
MARKUP = "<script>alert(1)</script>"


def answering(status: int, content: object) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.reply_json(content, status)

    return answer


def telling(answers: dict[str, object], status: int = 200) -> Handler:
    """Each path its answer."""

    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.reply_json(answers.get(exchange.request.path, {}), status)

    return answer


def saying(body: bytes, status: int = 200) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.reply(status, body)

    return answer


async def sign_in(whole: System, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
    form = {"username": "ada", "password": "correct horse", **fields}
    return await whole.http.post("/sign-in", data=form, headers=headers)


def cookie_of(answer: httpx.Response) -> Any:
    return SimpleCookie("; ".join(answer.headers.get_list("set-cookie")))["access_token"]


def assert_page(answer: httpx.Response, status: int = 200) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert (
        re.search(r"<script(?! (?:defer|type=\"module\") src=\"/static/| type=\"application/json\")", answer.text)
        is None
    )
    assert "style=" not in answer.text
