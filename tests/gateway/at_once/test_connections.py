"""What is forwarded without a task: connections end, clients leave, and nothing is left of them."""

import asyncio
import gc
import weakref
from typing import Any

import pytest

from gateway.forwarded_request import ForwardedRequest
from tests.gateway.gateways import System, code, get, keep_connection, system
from tests.gateway.stand_ins import Exchange
from tests.waiting import eventually


async def test_a_client_that_leaves_takes_nobody_elses_answer_along(kept: System, held: asyncio.Event) -> None:
    async with kept.wire() as wire:
        await wire.send(get(kept, "/api/messages/one"))
        await eventually(lambda: kept.chat.requests)
        wire.abort()
    await eventually(lambda: len(kept.server.server_state.connections) == 1)  # the test's own client
    held.set()
    assert (await kept.http.get("/api/messages/two", headers=kept.bearer())).text == "/api/messages/two"


@pytest.mark.parametrize("path", ["/api/rooms", "/api/login"])  # at once, and in a task
async def test_a_client_that_leaves_in_the_middle_of_a_row_costs_no_connection(
    kept: System, path: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    goes_on = asyncio.Event()
    came = 0

    async def answer(exchange: Exchange) -> None:
        nonlocal came
        came += 1
        if came == 2:
            await goes_on.wait()
        await exchange.reply(200, exchange.request.target.encode())

    kept.chat.handler = kept.auth.handler = answer
    async with kept.wire() as wire:
        await wire.send(get(kept, path) * 3)
        await wire.answer()
        await eventually(lambda: came == 2)
        wire.abort()
    await eventually(lambda: len(kept.server.server_state.connections) == 1)  # the test's own client
    goes_on.set()
    assert (await kept.http.get("/api/messages/two", headers=kept.bearer())).text == "/api/messages/two"
    await eventually(lambda: not kept.server.lifespan.state["upstreams"]["chat"].due)
    await eventually(lambda: not kept.server.server_state.tasks)
    assert len(kept.chat.open) == kept.chat.dialled
    assert not [record for record in caplog.records if record.exc_info]
    assert "fault" not in capsys.readouterr().out


async def test_a_connection_that_is_closing_is_not_asked(kept: System) -> None:
    upstream = kept.server.lifespan.state["upstreams"]["chat"]
    connection = upstream.idle_connection()
    upstream.keep(connection)
    connection.data_received(b"stray")  # which closes it; asyncio says so a turn of the loop later
    assert upstream.idle_connection() is None


@pytest.mark.parametrize("path", ["/api/rooms", "/api/login", "/nothing", "/api/rooms/left-before-the-answer"])
async def test_what_is_over_leaves_nothing_for_the_garbage_collector(kept: System, path: str) -> None:
    goes_on = asyncio.Event()

    async def answer(exchange: Exchange) -> None:
        if path.endswith("left-before-the-answer"):
            await goes_on.wait()
        await exchange.reply(200)

    kept.chat.handler = answer
    async with kept.wire() as wire:
        await wire.send(get(kept, path))
        if path.endswith("left-before-the-answer"):
            await eventually(lambda: kept.chat.requests)
        else:
            await wire.answer()
        gc.disable()
        try:
            served: Any = kept.server.server_state.connections
            port = wire.writer.get_extra_info("sockname")[1]
            gone = [weakref.ref(one) for one in served if one.client is not None and one.client[1] == port]
            assert len(gone) == 1
            wire.abort()
            await eventually(lambda: len(served) == 1)
            goes_on.set()
            await eventually(lambda: gone[0]() is None)
        finally:
            gc.enable()


async def test_a_preflight_leaves_nothing_for_the_garbage_collector(friends: System) -> None:
    asks = {"Origin": "http://friend.test", "Access-Control-Request-Method": "GET"}
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            assert (await friends.http.options("/api/rooms", headers=asks)).status_code == 204
        await eventually(lambda: not any(type(one) is ForwardedRequest for one in gc.get_objects()))
    finally:
        gc.enable()


async def test_pipelined_requests_are_answered_in_order(kept: System, held: asyncio.Event) -> None:
    targets = [f"/api/messages/grace/{number}" for number in range(20)]
    async with kept.wire() as wire:
        await wire.send("".join(get(kept, target) for target in targets))
        await eventually(lambda: kept.chat.requests)
        held.set()
        assert [(await wire.answer()).body.decode() for _ in targets] == targets
    assert [request.target for request in kept.chat.requests] == targets


async def test_a_connection_that_asks_to_be_closed_is(kept: System) -> None:
    async with kept.wire() as wire:
        await wire.send(get(kept, Connection="close"))
        answer = await wire.answer()
        assert answer.header("connection") == "close"
        assert await wire.is_closed()


async def test_who_was_revoked_or_is_unknown_does_not_pass() -> None:
    async with system() as whole:
        await keep_connection(whole)
        whole.issuer.revoked.append("session-of-ada")

        async def is_refused() -> bool:
            whole.chat.requests.clear()
            return (await whole.http.get("/api/rooms", headers=whole.bearer())).status_code != 200

        await eventually(is_refused)
        for headers in (whole.bearer(), {}, {"Authorization": "Bearer no"}, {"Cookie": "access_token=no"}):
            assert code(await whole.http.get("/api/rooms", headers=headers)) == (401, "unauthenticated")
        assert not whole.chat.requests


async def test_a_cookie_of_another_site_does_not_pass(kept: System) -> None:
    headers = {**kept.cookie(), "Sec-Fetch-Site": "cross-site"}
    assert code(await kept.http.post("/api/rooms/lobby/join", headers=headers)) == (403, "cross_origin")
    assert not kept.chat.requests
    assert (await kept.http.post("/api/rooms/lobby/join", headers=kept.cookie())).status_code == 200


async def test_another_sites_page_may_read_the_answer_where_it_is_allowed(friends: System) -> None:
    await keep_connection(friends)
    answer = await friends.http.get("/api/rooms", headers={**friends.bearer(), "Origin": "http://friend.test"})
    assert answer.headers["access-control-allow-origin"] == "http://friend.test"
