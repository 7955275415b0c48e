"""The route table: what goes where, and what goes nowhere."""

import pytest

from tests.gateway.gateways import System, code

TO_A_SERVICE = [
    ("POST", "/register", "auth"),
    ("POST", "/api/register", "auth"),
    ("POST", "/api/user/login", "auth"),
    ("POST", "/api/login", "auth"),
    ("POST", "/api/refresh", "auth"),
    ("POST", "/api/logout", "auth"),
    ("GET", "/api/sessions", "auth"),
    ("DELETE", "/api/sessions/a-session", "auth"),
    ("POST", "/api/change-password", "auth"),
    ("DELETE", "/api/account", "auth"),
    ("GET", "/api/search-user/ada", "auth"),
    ("GET", "/api/users?query=al", "auth"),
    ("GET", "/api/people?query=al", "auth"),
    ("GET", "/api/user-profile", "auth"),
    ("POST", "/api/update-nickname", "auth"),
    ("POST", "/api/update-avatar", "auth"),
    ("POST", "/api/change-email", "auth"),
    ("GET", "/api/instance", "auth"),
    ("PATCH", "/api/admin/instance", "auth"),
    ("POST", "/api/claim/a-code", "auth"),
    ("GET", "/api/reset/a-code", "auth"),
    ("POST", "/api/reset/a-code", "auth"),
    ("POST", "/api/invitations", "auth"),
    ("GET", "/api/invitations", "auth"),
    ("DELETE", "/api/invitations/a-code", "auth"),
    ("GET", "/api/admin/users?query=al", "auth"),
    ("PUT", "/api/admin/users/ada/ban", "auth"),
    ("PUT", "/api/admin/users/ada/role", "auth"),
    ("POST", "/api/admin/users/ada/reset-link", "auth"),
    ("GET", "/api/admin/audit", "auth"),
    ("GET", "/api/avatars/ada", "media"),
    ("GET", "/api/saved-chats", "chat"),
    ("POST", "/api/save-chat", "chat"),
    ("GET", "/api/messages/grace", "chat"),
    ("GET", "/api/messages/grace?before=7&limit=20", "chat"),
    ("PATCH", "/api/messages/grace/7", "chat"),
    ("DELETE", "/api/messages/grace/7", "chat"),
    ("GET", "/api/rooms", "chat"),
    ("POST", "/api/rooms", "chat"),
    ("GET", "/api/rooms/lobby", "chat"),
    ("PATCH", "/api/rooms/lobby", "chat"),
    ("DELETE", "/api/rooms/lobby", "chat"),
    ("PUT", "/api/rooms/lobby/members/grace", "chat"),
    ("DELETE", "/api/rooms/lobby/members/grace", "chat"),
    ("GET", "/api/rooms/lobby/messages", "chat"),
    ("PATCH", "/api/rooms/lobby/messages/7", "chat"),
    ("GET", "/api/search-messages?query=hello", "chat"),
    ("PATCH", "/api/admin/reports", "chat"),
    ("POST", "/api/user/upload-files", "media"),
    ("GET", "/api/files", "media"),
    ("GET", "/api/files/7", "media"),
    ("DELETE", "/api/files/7", "media"),
    ("GET", "/api/files/7/thumbnail", "media"),
    ("GET", "/api/video/streams", "video"),
    ("GET", "/api/video/streams/desk/snapshot", "video"),
    ("GET", "/api/video/streams/desk/mjpeg", "video"),
]
FOR_ANYONE = [
    "/register",
    "/api/register",
    "/api/user/login",
    "/api/login",
    "/api/search-user/ada",
    "/api/instance",
    "/api/reset/a-code",
]
FOR_ANYONE_TO_READ = ["/api/claim/a-code", "/api/invitations/a-code", "/api/invitations/a-code/qr.svg"]
INTERNAL = [
    "/internal/revocations",
    "/internal/",
    "/internal",
    "//internal/revocations",
    "/./internal/revocations",
    "/%69nternal/revocations",
    "/internal%2Frevocations",
    "/api/../internal/revocations",
    "/api/messages/../../internal/revocations",
    "/api/messages/%2e%2e/%2e%2e/internal/revocations",
    "/api/messages/..%2f..%2finternal/revocations",
    "/api/messages/..%5c..%5cinternal/revocations",
    "/api/messages/./../../internal",
    "/api/files/..",
    "/api/files/.",
    "/api/messages//../internal",
    "/.well-known/../internal/revocations",
    "/api/search-user/../../internal/revocations",
    "http://127.0.0.1/internal/revocations",
    "http://internal/internal/revocations",
    "/;/internal/revocations",
]


@pytest.mark.parametrize("method, target, service", TO_A_SERVICE)
async def test_each_path_goes_to_its_service_as_it_came(whole: System, method: str, target: str, service: str) -> None:
    answer = await whole.http.request(method, target, headers=whole.bearer())
    assert answer.json() == {"service": service}
    assert whole.requests == {service: 1}
    request = next(s for s in whole.services if s.name == service).last
    assert (request.method, request.target) == (method, target)


@pytest.mark.parametrize("target", sorted({target for _, target, _ in TO_A_SERVICE}))
async def test_who_has_no_token_reaches_only_what_is_for_anyone(whole: System, target: str) -> None:
    method = next(method for method, path, _ in TO_A_SERVICE if path == target)
    answer = await whole.http.request(method, target)
    if target in FOR_ANYONE:
        assert answer.status_code == 200
        assert whole.auth.last.header("authorization") is None
    else:
        assert code(answer) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert whole.requests == {}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("target", FOR_ANYONE_TO_READ)
async def test_anyone_may_read_about_a_link_and_no_token_goes_there(whole: System, target: str, method: str) -> None:
    answer = await whole.http.request(method, target, headers=whole.bearer())
    assert (answer.status_code, answer.headers["referrer-policy"]) == (200, "no-referrer")
    assert whole.auth.last.header("authorization") is None


@pytest.mark.parametrize("target", FOR_ANYONE_TO_READ)
async def test_what_a_link_does_is_for_users(whole: System, target: str) -> None:
    for method in ("POST", "DELETE", "PUT"):
        assert code(await whole.http.request(method, target)) == (401, "unauthenticated")
        assert (await whole.http.request(method, target, headers=whole.bearer())).status_code == 200
    assert whole.requests == {"auth": 3}


@pytest.mark.parametrize(
    "target",
    [
        "/nothing",
        "/api",
        "/api/",
        "/api/nothing",
        "/api/messages",
        "/api/users/",
        "/api/sessions-of-others",
        "/API/users",
        "//api/users",
        "/api//users",
        "/metrics",
        "/.well-known/jwks.json/more",
        "/api/saved-chats/",
        "/api/users%3Fquery=al",
    ],
)
async def test_what_the_table_does_not_know_is_not_found(whole: System, target: str) -> None:
    assert code(await whole.http.get(target, headers=whole.bearer())) == (404, "not_found")
    assert whole.requests == {}


@pytest.mark.parametrize("target", INTERNAL)
async def test_what_services_say_among_themselves_is_never_reached(whole: System, target: str) -> None:
    token = whole.issuer.token()
    answer = await whole.raw(
        f"GET {target} HTTP/1.1\r\nHost: parley.test\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )
    assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 "))
    assert whole.requests == {}


async def test_a_username_may_be_made_of_dots(whole: System) -> None:
    await whole.http.get("/api/messages/...", headers=whole.bearer())
    await whole.http.get("/api/messages/..ada/7", headers=whole.bearer())
    assert [request.target for request in whole.chat.requests] == ["/api/messages/...", "/api/messages/..ada/7"]


async def test_an_absolute_target_counts_by_its_path_and_the_gateway_asks_its_own_service(whole: System) -> None:
    answer = await whole.raw(
        "GET http://evil.test:9/api/search-user/ada?a=b HTTP/1.1\r\nHost: parley.test\r\nConnection: close\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert whole.auth.last.target == "/api/search-user/ada?a=b"


async def test_an_absolute_target_without_a_path_is_the_first_page(whole: System) -> None:
    for target in ("http://parley.test", "HTTP://parley.test?a=b"):
        answer = await whole.raw(f"GET {target} HTTP/1.1\r\nHost: parley.test\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 303 ")
        assert b"\r\nlocation: /sign-in" in answer
    assert whole.requests == {}


@pytest.mark.parametrize(
    "start",
    ["OPTIONS *", "GET *", "CONNECT parley.test:80", "GET /\xff", "GET x", "GET", "BREW /"],
)
async def test_an_odd_target_gets_an_answer_and_reaches_nobody(whole: System, start: str) -> None:
    answer = await whole.raw(f"{start} HTTP/1.1\r\nHost: parley.test\r\nConnection: close\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 405 "))
    assert whole.requests == {}


async def test_a_wrong_method_on_a_page_is_refused_with_those_that_are_right(whole: System) -> None:
    answer = await whole.http.put("/sign-in")
    assert code(answer) == (405, "method_not_allowed")
    assert {"GET", "POST"} & set(answer.headers["allow"].replace(" ", "").split(","))


@pytest.mark.parametrize("target", ["/ws", "/ws/a-token", "/api/ws/chat", "/api/ws/video", "/api/ws/video/desk"])
async def test_a_websocket_path_wants_a_websocket(whole: System, target: str) -> None:
    answer = await whole.http.get(target)
    assert code(answer) == (426, "upgrade_required")
    assert answer.headers["upgrade"] == "websocket"
