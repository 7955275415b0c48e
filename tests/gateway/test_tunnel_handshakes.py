"""WebSocket handshakes: who gets a tunnel, and what the service sees of the handshake."""

import pytest

from tests.gateway.gateways import System, code, system
from tests.gateway.tunnels import echo, refusal
from tests.gateway.wires import handshake, request_head


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
