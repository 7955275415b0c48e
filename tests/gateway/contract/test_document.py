"""`/openapi.json`: the services' parts joined, one service away, for all who ask at once."""

import asyncio

import httpx
import msgspec
import pytest

from gateway.contract_parts import FRESH_S, ContractParts
from gateway.domain.contract import joined
from gateway.domain.route_table import Service
from servicekit.contract import PATH, Contract
from tests.gateway.contract.parts import AUTH, OWN, PARTS, Clock, document, telling, whole_of
from tests.gateway.gateways import System, code
from tests.gateway.stand_ins import Exchange, Handler

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
