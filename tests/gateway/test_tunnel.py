"""WebSockets: who gets a tunnel, what the service sees of the handshake, and that bytes then pass unread."""

import asyncio
import json
import random
import socket
import struct
from typing import Any

import pytest

from gateway.tunnel import Tunnel
from gateway.tunnel_end import TunnelTimeouts
from tests.gateway.gateways import Clock, System, Wire, WireAnswer, code, get, handshake, request_head, settled, system
from tests.gateway.stand_ins import Exchange, Handler, Service, head_of, started
from tests.waiting import eventually

MIB = 1024 * 1024
AGREED = head_of("101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: x")


async def echo(exchange: Exchange) -> None:
    await exchange.send(AGREED)
    while data := await exchange.reader.read(65536):
        await exchange.send(data)
    await exchange.send(b"(end)")
    exchange.close()


def agreeing(then: Handler) -> Handler:
    async def agree(exchange: Exchange) -> None:
        await exchange.send(AGREED)
        await then(exchange)

    return agree


@pytest.fixture
async def echoing(whole: System) -> System:
    whole.chat.handler = whole.video.handler = echo
    return whole


async def refusal(whole: System, target: str, headers: dict[str, str] | None = None) -> WireAnswer:
    async with whole.tunnel(target, headers) as wire:
        answer = await wire.answer()
        assert await wire.is_closed()
        return answer


# Whose handshake passes, and as what


@pytest.mark.parametrize(
    "target, seen, service",
    [
        ("/ws", "/ws", "chat"),
        ("/api/ws/chat", "/api/ws/chat", "chat"),
        ("/api/ws/chat?room=lobby&format=text", "/api/ws/chat?room=lobby&format=text", "chat"),
        ("/api/ws/video", "/api/ws/video", "video"),
        ("/api/ws/video?stream=a%20b&effect=edges", "/api/ws/video?stream=a+b&effect=edges", "video"),
        ("/api/ws/video/%C3%A9t%C3%A9", "/api/ws/video/%C3%A9t%C3%A9", "video"),
    ],
)
async def test_each_websocket_path_goes_to_its_service(echoing: System, target: str, seen: str, service: str) -> None:
    async with echoing.tunnel(target, echoing.bearer()) as wire:
        assert (await wire.head())[0] == 101
    assert echoing.requests == {service: 1}
    assert next(s for s in echoing.services if s.name == service).last.target == seen


async def test_a_token_in_the_path_goes_on_as_a_header_only(echoing: System) -> None:
    token = echoing.issuer.token()
    for target in (f"/ws/{token}", f"/ws%2F{token}", f"/ws/{token}?x=1", f"http://parley.test/ws/{token}"):
        async with echoing.tunnel(target) as wire:
            assert (await wire.head())[0] == 101
        assert echoing.chat.last.target in {"/ws", "/ws?x=1"}
        assert echoing.chat.last.header("authorization") == f"Bearer {token}"


@pytest.mark.parametrize(
    "query", ["token={}", "a=1&token={}", "token={}&a=1", "%74oken={}&a=1", "token={}&token=x&a=1"]
)
async def test_a_token_in_the_query_goes_on_as_a_header_only(echoing: System, query: str) -> None:
    token = echoing.issuer.token()
    async with echoing.tunnel("/api/ws/chat?" + query.format(token)) as wire:
        assert (await wire.head())[0] == 101
    assert echoing.chat.last.target == "/api/ws/chat" + ("?a=1" if "a=1" in query else "")
    assert echoing.chat.last.header("authorization") == f"Bearer {token}"


async def test_a_token_in_the_cookie_goes_on_as_a_header_only(echoing: System) -> None:
    async with echoing.tunnel("/ws", {**echoing.cookie(), "Origin": "http://parley.test"}) as wire:
        assert (await wire.head())[0] == 101
    assert echoing.chat.last.header("authorization") == echoing.bearer()["Authorization"]
    assert echoing.chat.last.header("cookie") is None


async def test_the_header_counts_before_the_cookie_and_both_before_query_and_path(echoing: System) -> None:
    ada, grace, linus = (echoing.issuer.token(name) for name in ("ada", "grace", "linus"))
    header, cookie = {"Authorization": f"Bearer {ada}"}, {"Cookie": f"access_token={grace}"}
    for headers, token in [({**header, **cookie}, ada), (cookie, grace), ({}, linus)]:
        async with echoing.tunnel(f"/ws/{linus}", headers) as wire:
            assert (await wire.head())[0] == 101
        assert echoing.chat.last.header("authorization") == f"Bearer {token}"


async def test_the_service_gets_the_handshake_without_claims_and_extensions(echoing: System) -> None:
    sent = {
        **echoing.bearer(),
        "Connection": "keep-alive, Upgrade, X-Private",
        "X-Private": "1",
        "Sec-WebSocket-Extensions": "permessage-deflate",
        "Sec-WebSocket-Protocol": "chat.v1",
        "X-Forwarded-For": "9.9.9.9",
        "X-User": "grace",
        "User-Agent": "Ada/1",
        "Content-Length": "0",
    }
    async with echoing.tunnel("/ws", sent) as wire:
        assert (await wire.head())[0] == 101
    seen = echoing.chat.last
    assert {"x-private", "sec-websocket-extensions", "x-user", "content-length"} & set(seen.names()) == set()
    assert seen.header("connection") == "Upgrade"
    assert seen.header("upgrade") == "websocket"
    assert seen.header("sec-websocket-protocol") == "chat.v1"
    assert seen.header("sec-websocket-key") == "dGhlIHNhbXBsZSBub25jZQ=="
    assert seen.header("user-agent") == "Ada/1"
    assert seen.header("x-forwarded-for") == "127.0.0.1"
    assert seen.header("x-request-id")
    assert len(seen.names()) == len(set(seen.names()))


@pytest.mark.parametrize(
    "trusted, said, seen",
    [
        ("127.0.0.1", "9.9.9.9", "9.9.9.9"),
        ("127.0.0.0/8, 10.0.0.1", "8.8.8.8, 9.9.9.9, 10.0.0.1", "9.9.9.9"),
        ("*", "9.9.9.9:1234", "9.9.9.9"),
        (" * ", "9.9.9.9, 8.8.8.8", "9.9.9.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "somebody", "127.0.0.1"),
        ("10.0.0.1", "9.9.9.9", "127.0.0.1"),
        ("", "9.9.9.9", "127.0.0.1"),
    ],
)
async def test_a_trusted_proxy_says_who_connects_and_who_asks(trusted: str, said: str, seen: str) -> None:
    async with system(trusted_proxies=trusted) as whole:
        headers = {**whole.bearer(), "X-Forwarded-For": said}
        assert (await whole.http.get("/api/rooms", headers=headers)).status_code == 200
        assert whole.chat.last.header("x-forwarded-for") == seen
        whole.chat.handler = echo
        async with whole.tunnel("/ws", headers) as wire:
            assert (await wire.head())[0] == 101
        assert whole.chat.last.header("x-forwarded-for") == seen


@pytest.mark.parametrize(
    "target",
    ["/ws", "/ws/", "/ws/none", "/ws/a.b.c", "/ws?token=", "/ws?token=x", "/ws?token=%F0%9F%98%80", "/ws/\x7e"],
)
async def test_who_has_no_good_token_gets_a_401(echoing: System, target: str) -> None:
    answer = await refusal(echoing, target)
    assert code(answer) == (401, "unauthenticated")
    assert answer.header("www-authenticate") == "Bearer"
    assert echoing.requests == {}


@pytest.mark.parametrize(
    "junk", ["%0d%0aX-User:%20grace", "%0D%0A%0D%0AGET%20/internal/%20HTTP/1.1%0D%0A%0D%0A", "%20", "%00"]
)
async def test_line_breaks_beside_a_good_token_do_not_become_a_header(echoing: System, junk: str) -> None:
    token = echoing.issuer.token()
    for target in (f"/ws/{token}{junk}", f"/ws?token={token}{junk}", f"/ws/{token[:-9]}{junk}{token[-9:]}"):
        async with echoing.tunnel(target) as wire:
            answer = await wire.answer()
        assert answer.status in {101, 401, 404}
    for request in echoing.chat.requests:
        assert (request.target, request.header("x-user")) == ("/ws", None)


@pytest.mark.parametrize(
    "target",
    [
        "/nothing",
        "/",
        "/ws/a/b",
        "//ws/x/y",
        "/api/ws",
        "/api/ws/chat/lobby",
        "/api/users",
        "/internal/",
        "/api/ws/video/..",
        "/api/ws/video/../../../internal/x",
        "/api/ws/video/%2e%2e",
        "/api/ws/video/a/b",
    ],
)
async def test_a_websocket_elsewhere_is_not_found(echoing: System, target: str) -> None:
    assert code(await refusal(echoing, target, echoing.bearer())) == (404, "not_found")
    assert echoing.requests == {}


@pytest.mark.parametrize(
    "headers, status",
    [
        ({}, 101),
        ({"Origin": "http://parley.test"}, 101),
        ({"Origin": "http://parley.test:80"}, 101),
        ({"Origin": "https://parley.test"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://parley.test"}, 101),
        ({"Sec-Fetch-Site": "none"}, 101),
        ({"Origin": "http://friend.test"}, 101),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://friend.test"}, 101),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "http://parley.test.evil.test"}, 403),
        ({"Origin": "http://parley.test:81"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.test"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://parley.test"}, 403),
    ],
)
async def test_a_cookie_opens_a_tunnel_only_for_our_own_pages(
    friendly: System, headers: dict[str, str], status: int
) -> None:
    async with friendly.tunnel("/ws", {**friendly.cookie(), **headers}) as wire:
        answer = await wire.answer()
    assert answer.status == status
    if status == 403:
        assert code(answer) == (403, "cross_origin")
        assert friendly.requests == {}


@pytest.fixture
async def friendly(friends: System) -> System:
    friends.chat.handler = echo
    return friends


async def test_a_page_elsewhere_that_has_a_token_may_connect(echoing: System) -> None:
    headers = {**echoing.bearer(), "Origin": "http://evil.test", "Sec-Fetch-Site": "cross-site"}
    async with echoing.tunnel("/ws", headers) as wire:
        assert (await wire.head())[0] == 101


@pytest.mark.parametrize(
    "changed",
    [
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Version": ""},
        {"Sec-WebSocket-Key": ""},
        {"Sec-WebSocket-Key": "c2hvcnQ="},
        {"Sec-WebSocket-Key": "not base64 at all!!"},
    ],
)
async def test_a_malformed_handshake_is_refused(echoing: System, changed: dict[str, str]) -> None:
    answer = await refusal(echoing, "/ws", {**echoing.bearer(), **changed})
    assert code(answer) == (426, "upgrade_required")
    assert answer.header("sec-websocket-version") == "13"
    assert echoing.requests == {}


@pytest.mark.parametrize("target", ["//[/ws", "//]/ws", "//"])
async def test_a_target_that_is_no_url_is_refused(echoing: System, target: str) -> None:
    assert code(await refusal(echoing, target, echoing.bearer())) == (400, "malformed")
    assert echoing.requests == {}


async def test_a_handshake_is_a_get(echoing: System) -> None:
    async with echoing.wire() as wire:
        await wire.send(handshake("/ws", echoing.bearer(), method="POST"))
        assert code(await wire.answer()) == (426, "upgrade_required")


async def test_another_upgrade_is_not_taken_for_a_websocket(echoing: System) -> None:
    async with echoing.wire() as wire:
        fields = {"Host": "h", "Connection": "Upgrade", "Upgrade": "h2c", "HTTP2-Settings": "x", **echoing.bearer()}
        await wire.send(request_head("GET", "/api/users", fields))
        assert (await wire.answer()).status == 200
    assert echoing.auth.last.header("upgrade") is None


# Bytes


@pytest.mark.parametrize("seed", range(4))
async def test_bytes_pass_both_ways_unchanged_in_any_pieces(echoing: System, seed: int) -> None:
    chance = random.Random(seed)
    data = chance.randbytes(chance.choice([10, 1000, 3 * MIB]))
    async with echoing.open_tunnel() as wire:

        async def send() -> None:
            at = 0
            while at < len(data):
                size = chance.choice([1, 2, 125, 126, 127, 4096, 65536, 300_000])
                await wire.send(data[at : at + size])
                at += size
                if chance.random() < 0.1:
                    await asyncio.sleep(0)

        sending = asyncio.create_task(send())
        async with asyncio.timeout(20):
            assert await wire.reader.readexactly(len(data)) == data
        await sending


async def test_an_answer_in_single_bytes_and_what_follows_it_at_once_arrive_whole(whole: System) -> None:
    async def greet(exchange: Exchange) -> None:
        for byte in AGREED:
            await exchange.send(bytes([byte]))
            await asyncio.sleep(0)
        await exchange.send(b"first frame")
        await exchange.reader.read()

    async def greet_at_once(exchange: Exchange) -> None:
        await exchange.send(AGREED + b"first frame")
        await exchange.reader.read()

    for handler in (greet, greet_at_once):
        whole.chat.handler = handler
        async with whole.tunnel("/ws", whole.bearer()) as wire:
            async with asyncio.timeout(5):
                assert await wire.reader.readexactly(len(AGREED) + 11) == AGREED + b"first frame"


async def test_a_slow_client_slows_the_service_down(whole: System) -> None:
    sent = [0]

    @agreeing
    async def flood(exchange: Exchange) -> None:
        for _ in range(800):
            await exchange.send(bytes(65536))
            sent[0] += 65536
        exchange.close()

    whole.chat.handler = flood
    async with whole.wire(receive_buffer_bytes=65536) as wire:
        await wire.send(handshake("/ws", whole.bearer()))
        assert await settled(sent) < 24 * MIB
        await wire.head()
        async with asyncio.timeout(20):
            assert len(await wire.reader.readexactly(800 * 65536)) == 800 * 65536


async def test_a_slow_service_slows_the_client_down(whole: System) -> None:
    goes_on, sent, got = asyncio.Event(), [0], [0]

    @agreeing
    async def take_later(exchange: Exchange) -> None:
        await goes_on.wait()
        while data := await exchange.reader.read(65536):
            got[0] += len(data)

    whole.chat.handler = take_later
    async with whole.open_tunnel() as wire:

        async def push() -> None:
            for _ in range(800):
                await wire.send(bytes(65536))
                sent[0] += 65536

        pushing = asyncio.create_task(push())
        assert await settled(sent) < 24 * MIB
        goes_on.set()
        await pushing
        await eventually(lambda: got[0] == 800 * 65536)


# Ends


def tunnel_ends(whole: System) -> list[Any]:
    modules = {"gateway.tunnel", "gateway.tunnel_end"}
    return [end for end in whole.server.server_state.connections if type(end).__module__ in modules]


async def test_half_close_of_the_client_goes_through_and_the_answer_comes_back(echoing: System) -> None:
    async with echoing.open_tunnel() as wire:
        await wire.send("last words")
        wire.writer.write_eof()
        assert await wire.rest() == b"last words(end)"
        await eventually(lambda: not tunnel_ends(echoing))


async def test_half_close_of_the_service_goes_through_and_the_client_may_still_speak(whole: System) -> None:
    heard: list[bytes] = []

    @agreeing
    async def say_and_listen(exchange: Exchange) -> None:
        exchange.writer.write(b"last words")
        exchange.writer.write_eof()
        heard.append(await exchange.reader.read())

    whole.chat.handler = say_and_listen
    async with whole.open_tunnel() as wire:
        assert await wire.rest() == b"last words"
        await wire.send("and mine")
        wire.writer.write_eof()
        await eventually(lambda: heard == [b"and mine"])
        await eventually(lambda: not tunnel_ends(whole))


async def test_when_the_client_is_gone_the_service_notices(echoing: System) -> None:
    for _ in range(5):
        async with echoing.open_tunnel() as wire:
            await wire.send("x")
            await wire.reader.readexactly(1)
    await eventually(lambda: not echoing.chat.open)
    await eventually(lambda: not tunnel_ends(echoing))


async def test_when_the_client_resets_the_service_notices(echoing: System) -> None:
    async with echoing.open_tunnel() as wire:
        connection: socket.socket = wire.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await wire.send("x")
        wire.abort()
        await eventually(lambda: not echoing.chat.open)
        await eventually(lambda: not tunnel_ends(echoing))


@pytest.mark.parametrize("end", ["close", "abort"])
async def test_when_the_service_is_gone_the_client_notices(whole: System, end: str) -> None:
    @agreeing
    async def leave(exchange: Exchange) -> None:
        await exchange.reader.read(1)
        exchange.close() if end == "close" else exchange.abort()

    whole.chat.handler = leave
    async with whole.open_tunnel() as wire:
        await wire.send("x")
        assert await wire.is_closed()
    await eventually(lambda: not tunnel_ends(whole))


class SoonForgotten(Tunnel):
    timeouts = TunnelTimeouts(half_open_s_max=0.05)


class SoonStalled(Tunnel):
    timeouts = TunnelTimeouts(stalled_s_max=0.05)


async def test_what_was_half_closed_and_then_forgotten_ends_by_itself() -> None:
    @agreeing
    async def end(exchange: Exchange) -> None:
        exchange.writer.write_eof()
        await exchange.reader.read()

    async with system(tunnel=SoonForgotten) as whole:
        whole.chat.handler = end
        async with whole.open_tunnel() as wire:
            assert await wire.rest() == b""
            await eventually(lambda: not tunnel_ends(whole))
            await eventually(lambda: not whole.chat.open)


def flooding(sent: list[int]) -> Handler:
    """A service that sends for ever, and counts."""

    @agreeing
    async def flood(exchange: Exchange) -> None:
        while True:
            await exchange.send(bytes(65536))
            sent[0] += 65536

    return flood


async def test_a_client_that_takes_nothing_for_long_is_dropped() -> None:
    async with system(tunnel=SoonStalled) as whole:
        whole.chat.handler = flooding([0])
        async with whole.wire(receive_buffer_bytes=65536) as wire:
            await wire.send(handshake("/ws", whole.bearer()))
            await eventually(lambda: tunnel_ends(whole))
            await eventually(lambda: not tunnel_ends(whole))
        await eventually(lambda: not whole.chat.open)


async def test_what_a_dead_service_last_said_waits_for_a_client_only_so_long() -> None:
    sent = [0]
    async with system(tunnel=SoonForgotten) as whole:
        whole.chat.handler = flooding(sent)
        async with whole.wire(receive_buffer_bytes=65536) as wire:
            await wire.send(handshake("/ws", whole.bearer()))
            await eventually(lambda: tunnel_ends(whole))
            await settled(sent)
            for end in tunnel_ends(whole):
                if end.transport.get_write_buffer_size() == 0:  # the service's end
                    end.transport.abort()
            await eventually(lambda: not tunnel_ends(whole))


async def reply_at_length(exchange: Exchange) -> None:
    await exchange.reply(200, bytes(30 * 1024))


async def asked(whole: System, wire: Wire) -> Any:
    """The connection, when another of its requests is answered."""
    state = whole.server.server_state
    before = state.total_requests
    await wire.send(get(whole, "/api/search-user/ada"))
    await eventually(lambda: state.total_requests == before + 1)
    (connection,) = state.connections
    return connection


async def test_a_refused_handshake_behind_answers_that_nobody_takes_is_not_kept() -> None:
    async with system(tunnel=SoonForgotten) as whole, whole.wire(receive_buffer_bytes=4096) as wire:
        whole.auth.handler = reply_at_length
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        connection = await asked(whole, wire)
        while not connection.transport.get_write_buffer_size():
            await asked(whole, wire)
        await wire.send(handshake("/nothing"))
        connections = whole.server.server_state.connections
        await eventually(lambda: connection not in connections)
        await eventually(lambda: not connections)


async def test_the_end_of_the_gateway_ends_its_tunnels() -> None:
    async with system() as whole:
        whole.chat.handler = echo
        async with whole.open_tunnel() as wire:
            for connection in list(whole.server.server_state.connections):
                connection.shutdown()
            assert await wire.is_closed()
            await eventually(lambda: not whole.chat.open)


# Services that refuse, or fail


@pytest.mark.parametrize("closes", [True, False])
async def test_a_refusal_of_the_service_passes_through(whole: System, closes: bool) -> None:
    async def refuse(exchange: Exchange) -> None:
        body = json.dumps({"code": "too_many_connections"}).encode()
        await exchange.reply(429, body, Content_Type="application/problem+json", Retry_After="3")
        if closes:
            exchange.close()

    whole.chat.handler = refuse
    async with whole.tunnel("/ws", whole.bearer()) as wire:
        answer = await wire.answer()
        assert (answer.status, answer.json()["code"], answer.header("retry-after")) == (
            429,
            "too_many_connections",
            "3",
        )
    await eventually(lambda: not whole.chat.open)
    await eventually(lambda: not tunnel_ends(whole))


async def test_after_a_refusal_the_client_cannot_speak_to_the_service(whole: System) -> None:
    """A service that does not agree goes on reading HTTP: whoever has its ear could ask for what is internal."""
    hidden = "GET /internal/revocations HTTP/1.1\r\nHost: h\r\n\r\n"
    whole.video.handler = whole.video.answer
    async with whole.tunnel("/api/ws/video", whole.bearer()) as wire:
        await wire.send(hidden)
        assert (await wire.answer()).json() == {"service": "video"}
        await wire.send(hidden)
        await everything_has_arrived(wire)
    assert [request.target for request in whole.video.requests] == ["/api/ws/video"]


async def everything_has_arrived(wire: Wire) -> None:
    """The end of the stream goes through to the service, behind all that does, and its own end comes back."""
    wire.writer.write_eof()
    assert await wire.rest() == b""


async def test_what_is_sent_before_the_service_agreed_does_not_reach_it(whole: System) -> None:
    goes_on = asyncio.Event()

    async def refuse_late(exchange: Exchange) -> None:
        await goes_on.wait()
        await exchange.reply(404)

    whole.video.handler = refuse_late
    async with whole.wire() as wire:
        hidden = request_head("GET", "/internal/revocations", {"Host": "h"})
        await wire.send(handshake("/api/ws/video", whole.bearer()) + hidden)
        await wire.send(hidden)
        goes_on.set()
        assert (await wire.answer()).status == 404
        await wire.send(hidden)
        await everything_has_arrived(wire)
    assert len(whole.video.requests) == 1


async def test_a_body_in_a_handshake_is_not_passed_on(whole: System) -> None:
    whole.chat.handler = echo
    async with whole.tunnel("/ws", {**whole.bearer(), "Content-Length": "5"}) as wire:
        await wire.send("hello")
        assert (await wire.head())[0] == 101
        await wire.send("frame")
        assert await wire.reader.readexactly(5) == b"frame"
    assert whole.chat.last.header("content-length") is None


async def test_a_service_that_is_away_is_a_503_to_the_handshake() -> None:
    async with system() as whole:
        await whole.chat.stop()
        answer = await refusal(whole, "/ws", whole.bearer())
        assert code(answer) == (503, "service_unavailable")
        assert answer.header("retry-after") == "1"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 1"])
async def test_a_service_that_breaks_off_the_handshake_is_a_502(whole: System, said: bytes) -> None:
    async def break_off(exchange: Exchange) -> None:
        await exchange.send(said)
        exchange.close()

    whole.chat.handler = break_off
    assert code(await refusal(whole, "/ws", whole.bearer())) == (502, "bad_gateway")


async def test_a_service_that_does_not_answer_the_handshake_is_a_504() -> None:
    async def silence(exchange: Exchange) -> None:
        await exchange.reader.read()

    async with system(answer_timeout_s=0.1) as whole:
        whole.chat.handler = silence
        assert code(await refusal(whole, "/ws", whole.bearer())) == (504, "gateway_timeout")
        await eventually(lambda: not whole.chat.open)


async def test_a_fault_of_the_gateway_is_a_problem_answer_too(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    async with system(clock) as whole:
        clock.is_broken = True
        assert code(await refusal(whole, "/ws", whole.bearer())) == (503, "unavailable")
    assert "a mistake of ours" in capsys.readouterr().out


async def test_a_client_that_leaves_during_the_handshake_leaves_nothing_behind(whole: System) -> None:
    arrived, goes_on = asyncio.Event(), asyncio.Event()

    async def agree_late(exchange: Exchange) -> None:
        arrived.set()
        await goes_on.wait()
        await echo(exchange)

    whole.chat.handler = agree_late
    async with whole.tunnel("/ws", whole.bearer()) as wire:
        await arrived.wait()
        wire.abort()
    goes_on.set()
    await eventually(lambda: not whole.chat.open)
    await eventually(lambda: not tunnel_ends(whole))


async def test_the_servers_end_during_a_handshake_is_the_end_of_the_handshake() -> None:
    arrived = asyncio.Event()

    async def silence(exchange: Exchange) -> None:
        arrived.set()
        await exchange.reader.read()

    async with system() as whole:
        whole.chat.handler = silence
        async with whole.tunnel("/ws", whole.bearer()) as wire:
            await arrived.wait()
            for connection in list(whole.server.server_state.connections):
                connection.shutdown()
            assert await wire.is_closed()
        await eventually(lambda: not whole.chat.open)


async def test_tunnels_are_spread_over_several_chat_services_and_a_dead_one_is_passed_over() -> None:
    chats = [Service("chat-1"), Service("chat-2"), Service("chat-3")]
    for chat in chats:
        chat.handler = echo
    async with started(*chats), system(chat_url=",".join(chat.url for chat in chats)) as whole:
        for _ in range(6):
            async with whole.open_tunnel():
                pass
        assert [len(chat.requests) for chat in chats] == [2, 2, 2]
        await chats[0].stop()
        for _ in range(6):
            async with whole.open_tunnel():
                pass
        assert len(chats[0].requests) == 2
        assert len(chats[1].requests) + len(chats[2].requests) == 4 + 6
