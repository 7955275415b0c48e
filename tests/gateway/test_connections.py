"""How many connections one address may hold open, and how long one that says too little may stay."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from gateway.connection_counts import ConnectionCounts
from gateway.domain.refusals import TooManyConnections
from gateway.protocol import GatewayProtocol
from servicekit.deadlines import Deadlines
from servicekit.networks import network_of
from tests.gateway.gateways import System, code, system
from tests.gateway.stand_ins import Exchange
from tests.gateway.wires import Wire, request_head
from tests.waiting import eventually

CONNECTIONS_MAX = 3
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


class Impatient(GatewayProtocol):
    deadlines = Deadlines(
        head_s_max=0.1, body_s_max=0.2, upload_stall_s_max=0.6, upload_start_s=1.2, linger_s=0.1, look_interval_s=0.05
    )


@pytest.fixture(scope="session")
async def impatient() -> AsyncIterator[System]:
    async with system(protocol=Impatient) as running:
        yield running


async def is_served(wire: Wire, **headers: str) -> bool:
    await wire.send(request_head("GET", "/api/search-user/ada", {"Host": "h", **headers}))
    answer = await wire.answer()
    assert answer.status == 200 or code(answer) == (429, "too_many_connections")
    return answer.status == 200


async def open_connections(whole: System, stack: AsyncExitStack, count: int, **headers: str) -> list[Wire]:
    wires = [await stack.enter_async_context(whole.wire()) for _ in range(count)]
    for wire in wires:
        assert await is_served(wire, **headers)
    return wires


async def test_one_address_has_so_many_connections_and_each_that_ends_makes_room() -> None:
    async with system(connections_per_address=CONNECTIONS_MAX) as whole, AsyncExitStack() as stack:
        wires = await open_connections(whole, stack, CONNECTIONS_MAX)
        async with whole.wire() as wire:
            assert code(await wire.answer()) == (429, "too_many_connections")
            assert await wire.is_closed()
        wires[0].abort()
        await eventually(lambda: len(whole.server.server_state.connections) == CONNECTIONS_MAX - 1)
        await open_connections(whole, stack, 1)


async def test_tunnels_are_connections_too_and_end_like_them() -> None:
    async with system(connections_per_address=1) as whole:
        whole.chat.handler = echo
        for _ in range(3):
            async with whole.open_tunnel(), whole.wire() as wire:
                assert code(await wire.answer()) == (429, "too_many_connections")
            await eventually(lambda: not whole.server.server_state.connections)


async def echo(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    await exchange.reader.read()


async def test_without_a_limit_nothing_is_counted() -> None:
    async with system(connections_per_address=0) as whole, AsyncExitStack() as stack:
        await open_connections(whole, stack, 20)


async def test_behind_a_proxy_it_is_the_client_that_counts_not_the_proxy() -> None:
    async with (
        system(connections_per_address=CONNECTIONS_MAX, trusted_proxies="127.0.0.1") as whole,
        AsyncExitStack() as stack,
    ):
        ada, grace = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
        wires = await open_connections(whole, stack, CONNECTIONS_MAX, **ada)
        await open_connections(whole, stack, CONNECTIONS_MAX, **grace)
        another = await stack.enter_async_context(whole.wire())
        assert not await is_served(another, **ada)
        assert await is_served(wires[0], **{"X-Forwarded-For": "192.0.2.3"})  # the proxy uses it for somebody else
        await open_connections(whole, stack, 1, **ada)


def test_neighbours_in_one_ipv6_network_count_together() -> None:
    counts, lines = ConnectionCounts(per_address_max=1), [asyncio.BaseTransport() for _ in range(3)]
    counts.count(lines[0], "2001:db8::1")
    counts.count(lines[0], "2001:db8::9")
    with pytest.raises(TooManyConnections):
        counts.count(lines[1], "2001:db8::2")
    counts.count(lines[2], "2001:db8:0:1::2")
    counts.release(lines[0])
    counts.release(lines[0])
    counts.count(lines[1], "2001:db8::2")


@pytest.mark.parametrize(
    "address, network",
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("nonsense", "nonsense"),
    ],
)
def test_whom_an_address_counts_for(address: str, network: str) -> None:
    assert network_of(address) == network


# Slow bodies


@pytest.mark.parametrize(
    "target, content_type",
    [
        ("/api/login", FORM),  # read by the gateway, which counts attempts
        ("/api/login", MULTIPART),
        ("/api/user/login", "application/json"),
        ("/register", "application/json"),
        ("/api/save-chat", "application/json"),  # forwarded
        ("/api/save-chat", MULTIPART),  # no files are taken there, whatever it says
        ("/sign-in", FORM),  # a page
        ("/settings", FORM),
        ("/nothing", FORM),
    ],
)
async def test_a_body_that_drips_is_not_waited_for_wherever_it_goes(
    impatient: System, target: str, content_type: str
) -> None:
    fields = {"Host": "h", "Content-Type": content_type, "Content-Length": "10000", **impatient.bearer()}
    if target == "/nothing":
        fields["Expect"] = "100-continue"
    async with impatient.wire() as wire:
        await wire.send(request_head("POST", target, fields), b"x")
        status, _ = await wire.head()
        answer = await wire.rest()
    if target == "/nothing":  # answered without its body, and once
        assert status == 404
        assert b"HTTP/1.1" not in answer
    else:
        assert status == 408
        assert json.loads(answer)["code"] == "too_slow"
    await eventually(lambda: not impatient.server.server_state.connections)


@pytest.mark.parametrize("target", ["/api/user/upload-files", "/chat/grace", "/rooms/lobby", "/settings"])
async def test_where_files_are_taken_they_have_the_time_of_an_upload(impatient: System, target: str) -> None:
    fields = {"Host": "h", "Content-Type": MULTIPART, "Content-Length": "100000", **impatient.bearer()}
    loop = asyncio.get_running_loop()
    async with impatient.wire() as wire:
        began_s = loop.time()
        await wire.send(request_head("POST", target, fields), b"--b\r\n")
        assert code(await wire.answer()) == (408, "too_slow")
        assert round(loop.time() - began_s, 3) >= Impatient.deadlines.upload_stall_s_max  # uvloop counts in ms


@pytest.mark.parametrize(
    "said", ["GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n", "POST /api/login HTTP/1.1\r\n"]
)
async def test_half_a_head_and_half_a_handshake_are_not_waited_for(impatient: System, said: str) -> None:
    async with impatient.wire() as wire:
        await wire.send(said)
        assert code(await wire.answer()) == (408, "too_slow")
        assert await wire.is_closed()


async def test_a_stalled_body_leaves_nothing_behind(impatient: System) -> None:
    async with AsyncExitStack() as stack:
        head = request_head("POST", "/api/save-chat", {"Host": "h", "Content-Length": "9", **impatient.bearer()})
        wires = []
        for _ in range(50):
            wires.append(await stack.enter_async_context(impatient.wire()))
            await wires[-1].send(head)  # at once: the head has little time here, too
        for wire in wires:
            assert (await wire.answer()).status == 408
    await eventually(lambda: not impatient.server.server_state.connections and not impatient.server.server_state.tasks)
