"""What every answer says about hosts, secrets and caches, and what a head has to say about its host."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.gateway.gateways import System, code, system
from tests.gateway.stand_ins import Exchange
from tests.gateway.wires import handshake, request_head
from tests.servicekit.test_redaction import TOKEN

HTTPS = {"X-Forwarded-Proto": "https", "Host": "parley.test"}


@pytest.fixture(scope="session")
async def behind() -> AsyncIterator[System]:
    async with system(trusted_proxies="127.0.0.1") as running:
        yield running


@pytest.fixture
async def behind_tls(behind: System) -> System:
    """The gateway with a proxy in front that ends TLS."""
    await behind.reset()
    return behind


# Hosts


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "Host: a\r\nHost: a\r\n",
        "Host: a\r\nHost: b\r\n",
        "Host:\r\n",
        "Host: a b\r\n",
        "Host: a/b\r\n",
        "Host: a,b\r\nhost: a\r\n",
        "Host: user@a\r\n",
        "Host: a:b\r\n",
        "Host: [::1\r\n",
        "Host: a\\b\r\n",
    ],
)
async def test_a_request_names_exactly_one_host(whole: System, lines: str) -> None:
    for start in ("GET /api/search-user/ada", "GET /nothing", "POST /api/login", "GET http://parley.test/sign-in"):
        answer = await whole.raw(f"{start} HTTP/1.1\r\n{lines}\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    assert (await whole.raw(f"GET /ws HTTP/1.1\r\n{lines}{upgrade}\r\n")).startswith(b"HTTP/1.1 400 ")
    assert whole.requests == {}


@pytest.mark.parametrize("host", ["a", "a:80", "a:", "parley.test:8443", "[::1]", "[2001:db8::1]:80", "127.0.0.1"])
async def test_hosts_of_every_kind_are_hosts(whole: System, host: str) -> None:
    answer = await whole.raw(f"GET /api/search-user/ada HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert whole.auth.last.header("host") == host


async def test_http_1_0_needs_no_host_and_the_service_gets_one(whole: System) -> None:
    assert (await whole.raw("GET /api/search-user/ada HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    assert whole.auth.last.header("host")
    assert (await whole.raw("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("lines", ["", "Host: a\r\nHost: a\r\n", "Host: a/b\r\n", "Host: a\r\nHost: b\r\n"])
async def test_a_later_request_needs_one_host_as_the_first_does(whole: System, lines: str) -> None:
    good = "GET /api/search-user/ada HTTP/1.1\r\nHost: a\r\n\r\n"
    async with whole.wire() as wire:
        await wire.send(good)
        assert (await wire.answer()).status == 200
        await wire.send(good)
        assert (await wire.answer()).status == 200
        await wire.send(f"GET /api/search-user/ada HTTP/1.1\r\n{lines}\r\n")
        assert (await wire.answer()).status == 400


async def test_the_host_of_an_absolute_target_counts_and_not_the_other_one(whole: System) -> None:
    await whole.raw("GET http://parley.test/api/search-user/ada HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n")
    assert whole.auth.last.header("host") == "parley.test"
    for target in ("http:///api/search-user/ada", "http://a@b/api/search-user/ada"):
        assert (await whole.raw(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


PATHS = ["/", "/sign-in/", "/settings/", "/chat/grace/", "/rooms/lobby/", "/chat/grace", "/docs/", "/redoc", "/logout"]
ODD = ["//evil.test", "//evil.test/", "/\\evil.test", "//evil.test/%2e%2e", "/%2f%2fevil.test", "/%5Cevil.test/"]


@pytest.mark.parametrize("path", [*PATHS, *ODD])
async def test_no_redirect_leads_to_a_host_that_the_client_named(whole: System, path: str) -> None:
    for target in (path, f"{path}?next=//evil.test", f"{path}?next=/%5Cevil.test"):
        for method in ("GET", "HEAD", "POST"):
            answer = await whole.http.request(method, target, headers={"Host": "evil.test"})
            location = answer.headers.get("location", "/")
            assert location.startswith("/")
            assert not location.startswith(("//", "/\\"))


async def test_what_other_servers_call_redoc_is_our_docs(whole: System) -> None:
    answer = await whole.http.get("/redoc")
    assert (answer.status_code, answer.headers["location"]) == (308, "/docs")


# Secure, and not kept


TARGETS = ["/api/rooms", "/api/search-user/ada", "/api/nothing", "/sign-in", "/", "/healthz", "/static/none.js"]


@pytest.mark.parametrize("target", TARGETS)
async def test_who_came_over_tls_is_told_to_stay_there(behind_tls: System, target: str) -> None:
    for headers in (HTTPS, {**HTTPS, **behind_tls.bearer()}):
        answer = await behind_tls.http.get(target, headers=headers)
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
    plain = await behind_tls.http.get(target, headers={**behind_tls.bearer(), "X-Forwarded-Proto": "http"})
    assert "strict-transport-security" not in plain.headers


async def test_who_only_claims_tls_is_told_nothing(whole: System) -> None:
    answer = await whole.http.get("/api/rooms", headers={**whole.bearer(), **HTTPS})
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_nothing_is_kept_by_anybody_unless_the_answer_says_so(whole: System, target: str, method: str) -> None:
    for headers in (whole.bearer(), whole.cookie(), {}):
        for _ in range(2):  # over a new connection and a kept one
            answer = await whole.http.request(method, target, headers=headers)
            assert answer.headers.get_list("cache-control") == ["no-store"]


@pytest.mark.parametrize("request_", [handshake("/nothing"), handshake("/ws"), "GET / HTTP/1.1\r\n\r\n"])
async def test_what_is_refused_before_it_is_a_request_is_kept_by_nobody(whole: System, request_: str) -> None:
    async with whole.wire() as wire:
        await wire.send(request_)
        assert (await wire.answer()).header("cache-control") == "no-store"


async def test_how_long_a_service_says_something_may_be_kept_counts(whole: System) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.reply(200, b"x", Cache_Control="private, no-cache")

    whole.media.handler = answer
    for _ in range(2):
        kept = await whole.http.get("/api/files/7", headers=whole.bearer())
        assert kept.status_code == 200, kept.text
        assert kept.headers.get_list("cache-control") == ["private, no-cache"]


# Origins


@pytest.mark.parametrize(
    "origin, passes",
    [
        ("https://parley.test", True),
        ("https://parley.test:443", True),
        ("https://PARLEY.test", True),
        ("http://parley.test", False),
        ("https://parley.test:8443", False),
        ("https://parley.test:80", False),
        ("wss://parley.test", False),
    ],
)
async def test_behind_tls_a_page_is_ours_by_its_scheme_and_port_too(
    behind_tls: System, origin: str, passes: bool
) -> None:
    headers = {**HTTPS, **behind_tls.cookie(), "Origin": origin}
    answer = await behind_tls.http.post("/api/refresh", headers=headers)
    assert answer.status_code == (200 if passes else 403)
    form = await behind_tls.http.post("/theme", data={"theme": "dark"}, headers=headers)
    assert form.status_code == (303 if passes else 403)
    async with behind_tls.tunnel("/ws", headers) as wire:
        assert (await wire.head())[0] == (200 if passes else 403)


# Questions


@pytest.mark.parametrize("target", ["/api/rooms", "/api/account", "/sign-in", "/", "/openapi.json"])
async def test_what_may_be_done_is_told_without_a_token(whole: System, target: str) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.reply(204, Allow="GET, OPTIONS")

    whole.chat.handler = whole.auth.handler = answer
    for asks in ({}, {"Origin": "http://evil.test", "Access-Control-Request-Method": "PUT"}):
        told = await whole.http.options(target, headers=asks)
        assert told.status_code == 204
        assert told.headers["allow"]
        assert "Origin" in told.headers["vary"]
        assert not [name for name in told.headers if name.startswith("access-control")]
    assert (await whole.http.options("/nothing")).status_code == 404


# What is logged


@pytest.mark.parametrize(
    "target",
    [
        *(f"/WS/{TOKEN}", f"/api/ws/{TOKEN}", f"/ws/{TOKEN}/", f"//ws/{TOKEN}", f"/x?token={TOKEN}"),
        *(
            f"/%57S/{TOKEN}",
            f"/nothing/{TOKEN.replace('.', '%252E')}",
            f"/rooms/{TOKEN}",
            f"/api/nothing?token={TOKEN}",
        ),
    ],
)
async def test_a_token_in_the_wrong_place_is_in_no_log_no_answer_and_no_referrer(
    whole: System, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for accepted in ("text/html", "*/*"):
        answer = await whole.http.get(target, headers={"Accept": accepted})
        assert "eyJpc3MiOiJwYXJs" not in answer.text + str(answer.headers)
        assert answer.headers["referrer-policy"] == "no-referrer"
    await whole.raw(handshake(target))
    assert "eyJpc3MiOiJwYXJs" not in capsys.readouterr().out


async def test_a_refusal_names_who_was_refused_and_many_are_one_line(
    behind_tls: System, capsys: pytest.CaptureFixture[str]
) -> None:
    async def no(exchange: Exchange) -> None:
        await exchange.reply(409, b"{}")

    behind_tls.chat.handler = no
    headers = {**behind_tls.bearer("linus"), "X-Forwarded-For": "192.0.2.77"}
    for _ in range(30):
        assert (await behind_tls.http.get("/api/rooms", headers=headers)).status_code == 409
    lines = [line for line in capsys.readouterr().out.splitlines() if " status=409" in line]
    assert 1 <= len(lines) < 10  # one a second
    assert all("person=linus" in line and "address=192.0.2.77" in line for line in lines)


async def test_a_token_that_is_none_names_nobody(behind_tls: System, capsys: pytest.CaptureFixture[str]) -> None:
    headers = {"Authorization": "Bearer forged", "X-Forwarded-For": "192.0.2.78"}
    assert code(await behind_tls.http.get("/api/rooms", headers=headers)) == (401, "unauthenticated")
    line = capsys.readouterr().out
    assert "address=192.0.2.78" in line
    assert "person" not in line


# Odd, and answered


@pytest.mark.parametrize(
    "start, lines",
    [
        ("GET /api/search-user/a\0b", ""),
        ("GET /api/search-user/ada", "X-A: b\r\n folded\r\n"),
        ("GET /api/search-user/ada", "X-A: b\0\r\n"),
        ("GET /api/search-user/ada", "X A: b\r\n"),
    ],
)
async def test_what_no_head_may_hold_is_refused(whole: System, start: str, lines: str) -> None:
    answer = await whole.raw(f"{start} HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "malformed"
    assert whole.requests == {}


async def test_thousands_of_fields_are_a_head_that_is_too_large_or_pass(whole: System) -> None:
    few = "".join(f"X-{number}: a\r\n" for number in range(1_000))
    head = request_head("GET", "/api/search-user/ada", {"Host": "a", "Connection": "close"}).removesuffix("\r\n")
    assert (await whole.raw(head + few + "\r\n")).startswith(b"HTTP/1.1 200 ")
    async with whole.wire() as wire:
        await wire.send(head + "X-A: " + "a" * 60_000)
        await wire.send("a" * 60_000)
        assert code(await wire.answer()) == (431, "head_too_large")


async def test_a_body_on_get_goes_with_it_and_a_nul_in_a_name_is_only_a_name(whole: System) -> None:
    fields = {"Host": "a", "Content-Length": "2", "Connection": "close"}
    answer = await whole.raw(request_head("GET", "/api/search-user/a%00b%2Fc", fields) + "hi")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert (whole.auth.last.target, whole.auth.last.body) == ("/api/search-user/a%00b%2Fc", b"hi")
