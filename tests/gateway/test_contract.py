"""`/openapi.json` and `/docs`: the services' parts joined, one service away, and nothing that a part says runs."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import msgspec
import pytest

import auth_service.refusals
import auth_service.routes
import chat_service.refusals
import chat_service.routes
from gateway.contract_parts import FRESH_S, ContractParts
from gateway.domain.contract import joined
from gateway.domain.contract_page import page_of
from gateway.domain.refusals import REFUSALS
from gateway.domain.route_table import Service
from gateway.pages.routes import PAGES
from servicekit.contract import PATH, Contract, contract_of
from tests.gateway.gateways import System, code, system
from tests.gateway.stand_ins import Exchange, Handler

MARKUP = "<script>alert(1)</script>"
AUTH = contract_of(auth_service.routes.ROUTES, auth_service.refusals.REFUSALS)
CHAT = contract_of(chat_service.routes.ROUTES, chat_service.refusals.REFUSALS)
PARTS = {"auth": AUTH, "chat": CHAT}
OWN = contract_of(PAGES, REFUSALS)


class Clock:
    """Seconds since the epoch; stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def telling(part: Contract) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.reply(200, msgspec.json.encode(part), Content_Type="application/json")

    return answer


async def none(exchange: Exchange) -> None:
    await exchange.reply_json({"code": "not_found"}, 404)


def part(path: str, **operation: Any) -> Contract:
    """One operation, and what every one has."""
    every = {"operationId": "an_operation", "summary": "Do", "security": [], "responses": {}}
    return Contract({path: {"get": {**every, **operation}}}, {})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def told(clock: Clock) -> AsyncIterator[System]:
    """A gateway whose auth and chat tell their contracts; media and video have none."""
    async with system(clock) as whole:
        for service in whole.services:
            service.at[PATH] = telling(PARTS[service.name]) if service.name in PARTS else none
        yield whole


def whole_of(*args: Any) -> Any:
    return json.loads(msgspec.json.encode(joined(*args)))


async def document(whole: System) -> dict[str, Any]:
    answer = await whole.http.get("/openapi.json")
    assert answer.status_code == 200
    content: dict[str, Any] = answer.json()
    return content


# For programs


async def test_anyone_reads_the_contract_of_the_services_that_have_one(told: System) -> None:
    answer = await told.http.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == whole_of({**PARTS, "gateway": OWN})
    assert "x-missing" not in answer.json()
    assert told.requests == {}


async def test_the_sockets_are_told_in_words(told: System) -> None:
    text = (await document(told))["info"]["description"]
    assert "`/ws`" in text
    assert "docs/protocol.md" in text


async def test_who_has_it_already_is_told_so(told: System) -> None:
    first = await told.http.get("/openapi.json")
    known = {"If-None-Match": f'"another", W/{first.headers["etag"]}'}
    again = await told.http.get("/openapi.json", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == first.headers["cache-control"] == "public, max-age=5"
    other = await told.http.get("/openapi.json", headers={"If-None-Match": '"another"'})
    assert other.content == first.content


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
async def test_the_head_is_answered_without_the_body(told: System, path: str) -> None:
    head, whole = await told.http.head(path), await told.http.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert code(await told.http.post(path)) == (405, "method_not_allowed")


async def test_a_service_that_is_away_is_named_and_its_paths_are_left_out(told: System, clock: Clock) -> None:
    before = await told.http.get("/openapi.json")
    await told.chat.stop()
    clock.now += FRESH_S
    after = await told.http.get("/openapi.json")
    assert after.headers["etag"] != before.headers["etag"]
    assert after.json() == whole_of({"auth": AUTH, "gateway": OWN}, ["chat"])
    assert after.json()["x-missing"] == ["chat"]
    await told.chat.start()
    clock.now += FRESH_S
    assert (await told.http.get("/openapi.json")).headers["etag"] == before.headers["etag"]


async def test_with_all_services_away_there_is_still_a_contract(told: System) -> None:
    for service in told.services:
        await service.stop()
    content = await document(told)
    assert content["paths"].keys() == {"/api/admin/status"}
    assert content["x-missing"] == ["auth", "chat", "media", "video"]
    assert (await told.http.get("/docs")).status_code == 200


async def silent(exchange: Exchange) -> None:
    await asyncio.Event().wait()


async def failing(exchange: Exchange) -> None:
    await exchange.reply_json({"code": "internal_error"}, 500)


async def garbled(exchange: Exchange) -> None:
    await exchange.reply(200, b"\xff{", Content_Type="application/json")


async def odd(exchange: Exchange) -> None:
    await exchange.reply_json({"paths": [], "schemas": {}})


async def aborting(exchange: Exchange) -> None:
    exchange.abort()


@pytest.mark.parametrize("answer", [silent, failing, garbled, odd, aborting])
async def test_a_service_that_says_no_contract_is_missing(told: System, answer: Handler) -> None:
    told.media.at[PATH] = answer
    content = await document(told)
    assert content["x-missing"] == ["media"]
    assert "/api/rooms" in content["paths"]


async def test_services_are_asked_once_for_all_who_ask_meanwhile(told: System, clock: Clock) -> None:
    asked = 0

    async def counting(exchange: Exchange) -> None:
        nonlocal asked
        asked += 1
        await telling(AUTH)(exchange)

    told.auth.at[PATH] = counting
    await asyncio.gather(*(document(told) for _ in range(5)))
    assert asked == 1
    clock.now += FRESH_S - 0.1
    await document(told)
    assert asked == 1
    clock.now += 0.1
    await document(told)
    assert asked == 2
    clock.now -= 3600  # a clock that was set right
    await document(told)
    assert asked == 3


async def test_a_contract_that_stays_the_same_is_made_once() -> None:
    clock = Clock()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=msgspec.json.encode(AUTH)))
    async with httpx.AsyncClient(transport=transport) as http:
        parts = ContractParts(http=http, urls={Service.AUTH: "http://auth.test"}, clock=clock)
        first = await parts.document()
        clock.now += FRESH_S
        assert await parts.document() is first


# Joining


def test_a_name_that_means_two_things_gets_its_service_before_it() -> None:
    refers = {"schema": {"$ref": "#/components/schemas/Page"}}
    shared = {"Problem": {"type": "object"}}
    one = Contract({"/a": {"get": {"x": [refers]}}}, {"Page": {"type": "string"}, **shared})
    other = Contract({"/b": {"get": {"x": [refers]}}}, {"Page": {"type": "integer"}, **shared})
    content = joined({Service.AUTH: one, Service.CHAT: other})
    assert content["components"]["schemas"] == {
        "AuthPage": {"type": "string"},
        "ChatPage": {"type": "integer"},
        **shared,
    }
    assert content["paths"]["/a"]["get"]["x"] == [{"schema": {"$ref": "#/components/schemas/AuthPage"}}]
    assert content["paths"]["/b"]["get"]["x"] == [{"schema": {"$ref": "#/components/schemas/ChatPage"}}]


# For people


async def test_the_page_shows_every_path_type_and_code(told: System) -> None:
    content, answer = await document(told), await told.http.get("/docs")
    text = unescape(answer.text)
    for path, methods in content["paths"].items():
        for method, operation in methods.items():
            assert f"<code>{method.upper()} {path}</code>" in text
            assert f'id="{operation["operationId"]}"' in text
    for name in content["components"]["schemas"]:
        assert f'id="type-{name}"' in text
    assert "at most 64 characters" in text
    assert "<code>unknown_room</code>" in text
    assert '<a href="#type-MessageView">' in text
    assert '{"name":"garden","topic":"What grows"}' in text


async def test_the_page_runs_its_own_script_alone_and_fetches_nothing_from_elsewhere(told: System) -> None:
    answer = await told.http.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    scripts = re.findall(r"<script[^>]*>[^<]*", answer.text)
    assert [re.sub(r"\.\w{12}\.", ".", one) for one in scripts] == [
        '<script type="module" src="/static/contract_calls.js">'
    ]
    assert "://" not in answer.text.replace("https://ada.example", "").replace("https?://", "")


async def test_the_page_tells_who_is_missing(told: System) -> None:
    await told.video.stop()
    assert "Not here now, and so left out: video." in (await told.http.get("/docs")).text


async def test_whatever_a_part_says_is_escaped(told: System) -> None:
    schema = {"type": MARKUP, "pattern": MARKUP, "description": MARKUP, "default": MARKUP}
    told.auth.at[PATH] = telling(
        Contract(
            part(
                "/" + MARKUP,
                operationId=f'"{MARKUP}',
                summary=MARKUP,
                description=MARKUP,
                parameters=[{"name": MARKUP, "in": MARKUP, "required": True, "schema": schema}],
                requestBody={"content": {MARKUP: {"schema": schema, "example": MARKUP}}},
                responses={MARKUP: {"description": MARKUP, "headers": {MARKUP: {"description": MARKUP}}}},
            ).paths,
            {MARKUP: {"properties": {MARKUP: {"$ref": MARKUP}}, "description": MARKUP}},
        )
    )
    text = (await told.http.get("/docs")).text
    assert MARKUP not in text
    assert text.count("&lt;script&gt;") > 15


def test_the_types_are_said_in_words() -> None:
    schemas: dict[str, dict[str, Any]] = {
        "Room": {"properties": {"tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3}}},
        "Keys": {"type": "object", "additionalProperties": {"type": "integer"}},
        "Outcome": {"enum": ["missed", "declined"]},
        "Maybe": {"anyOf": [{"$ref": "#/components/schemas/Room"}, {"type": "null"}]},
    }
    page = page_of(joined({Service.CHAT: Contract({}, schemas)}))
    said = {one.name: "".join(word.text for word in one.words) for one in page.types}
    assert said == {
        "Keys": "object, by name, of integer",
        "Maybe": "Room or null",
        "Outcome": "missed or declined",
        "Room": "bytes",
    }
    (room,) = [one for one in page.types if one.name == "Room"]
    assert [("".join(word.text for word in one.words), one.limits) for one in room.fields] == [
        ("list of string", "at most 3")
    ]


def test_one_body_in_two_forms_is_shown_once() -> None:
    page = page_of(whole_of({Service.AUTH: AUTH}))
    (form,) = [one for one in page.sections[0].operations if one.path == "/api/login"]
    assert [one.content_types for one in form.body] == [("application/x-www-form-urlencoded",)]
