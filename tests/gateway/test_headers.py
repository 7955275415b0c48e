"""Which header fields cross the gateway, in both directions."""

from contextlib import suppress

import pytest

from tests.gateway.gateways import System, code, get, keep_connection
from tests.gateway.stand_ins import Exchange, head_of
from tests.gateway.wires import request_head

CLAIMS = {
    "X-Forwarded-For": "9.9.9.9",
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-User": "grace",
    "Forwarded": "for=9.9.9.9",
    "X-Real-IP": "9.9.9.9",
    "X-Request-ID": "chosen-by-the-client",
    "X-Auth-Request-User": "grace",
    "X-Remote-User": "grace",
    "Remote-User": "grace",
    "X-User": "grace",
    "X-User-ID": "1",
    "X-Parley-Session": "1",
    "x-forwarded-FOR": "8.8.8.8",
}
HOP_BY_HOP = {
    "Connection": "close, X-Private, Keep-Alive",
    "Keep-Alive": "timeout=5",
    "Proxy-Authorization": "Basic abc",
    "Proxy-Connection": "keep-alive",
    "TE": "trailers",
    "Trailer": "X-Last",
    "X-Private": "between us",
}


async def test_who_asks_and_from_where_is_said_by_the_gateway_alone(whole: System) -> None:
    token = whole.issuer.token()
    credentials = {"Authorization": f"Bearer {token}", "Cookie": "access_token=other; theme=dark"}
    answer = await whole.http.get("/api/users", headers={**CLAIMS, **credentials})
    seen = whole.auth.last
    assert seen.header("authorization") == f"Bearer {token}"
    assert seen.header("x-forwarded-for") == "127.0.0.1"
    assert seen.header("x-forwarded-proto") == "http"
    assert seen.header("x-request-id") == answer.headers["x-request-id"] != "chosen-by-the-client"
    ours = {"authorization", "x-forwarded-for", "x-forwarded-proto", "x-request-id"}
    assert not {name.lower() for name in [*CLAIMS, "Cookie"]} & set(seen.names()) - ours
    assert len(seen.names()) == len(set(seen.names()))


async def test_a_token_of_the_cookie_reaches_the_service_as_a_header_and_the_cookie_does_not(whole: System) -> None:
    await whole.http.get("/api/users", headers=whole.cookie())
    assert whole.auth.last.header("authorization") == whole.bearer()["Authorization"]
    assert whole.auth.last.header("cookie") is None


@pytest.mark.parametrize("target", ["/api/search-user/ada", "/.well-known/other", "/api/register"])
async def test_where_anyone_may_pass_no_identity_passes_at_all(whole: System, target: str) -> None:
    await whole.http.post(target, headers={**CLAIMS, **whole.bearer(), "Cookie": "access_token=x"})
    for request in whole.auth.requests:
        assert request.header("authorization") is None
        assert request.header("cookie") is None


async def test_other_headers_arrive_as_they_were_sent(whole: System) -> None:
    sent = [("Accept", "a"), ("Accept", "b"), ("User-Agent", "Ada/1"), ("X-Custom", "\xe9t\xe9 \t x"), ("Host", "h:1")]
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent)
    async with whole.wire() as wire:
        await wire.send(f"GET /api/search-user/ada HTTP/1.1\r\n{lines}\r\n")
        await wire.answer()
    assert [field for field in whole.auth.last.headers if not field[0].startswith("x-")] == [
        ("accept", "a"),
        ("accept", "b"),
        ("user-agent", "Ada/1"),
        ("host", "h:1"),
    ]
    assert whole.auth.last.header("x-custom") == "\xe9t\xe9 \t x"


async def test_fields_of_the_clients_hop_stay_there(whole: System) -> None:
    await whole.http.get("/api/search-user/ada", headers=HOP_BY_HOP)
    assert not {name.lower() for name in HOP_BY_HOP} & set(whole.auth.last.names())


async def test_every_connection_field_is_obeyed_not_only_the_first(whole: System) -> None:
    await whole.raw(
        "GET /api/search-user/ada HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nConnection: x-one, close\r\n"
        "Connection: X-Two\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n\r\n"
    )
    assert {"x-one", "x-two", "x-three"} & set(whole.auth.last.names()) == {"x-three"}


@pytest.mark.parametrize("named", ["content-length", "Content-Length, close", "host", "transfer-encoding"])
async def test_naming_the_framing_in_connection_does_not_smuggle_a_second_request(whole: System, named: str) -> None:
    hidden = "GET /internal/revocations HTTP/1.1\r\nHost: h\r\n\r\n"
    async with whole.wire() as wire:
        await wire.send(
            f"POST /api/refresh HTTP/1.1\r\nHost: h\r\nConnection: {named}\r\n"
            f"Authorization: {whole.bearer()['Authorization']}\r\nContent-Length: {len(hidden)}\r\n\r\n{hidden}"
        )
        assert (await wire.answer()).status == 200
    await whole.http.get("/api/users", headers=whole.bearer())
    assert [request.target for request in whole.auth.requests] == ["/api/refresh", "/api/users"]
    assert whole.auth.requests[0].body == hidden.encode()
    assert whole.auth.requests[0].header("host") == "h"


async def test_an_answers_own_fields_pass_and_those_of_its_hop_do_not(whole: System) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(
            head_of(
                "201 Created",
                "Content-Length: 2",
                "Connection: keep-alive, X-Private",
                "Keep-Alive: timeout=5",
                "X-Private: between us",
                "Proxy-Authenticate: Basic",
                "Trailer: X-Last",
                "Upgrade: h2c",
                "Server: gossip/1.0",
                "X-Request-ID: another",
                "Set-Cookie: a=1",
                "Set-Cookie: b=2",
                'Link: </next>; rel="next"',
                'ETag: W/"\xe9t\xe9"',
            ),
            b"ok",
        )

    whole.auth.handler = answer
    got = await whole.http.get("/api/search-user/ada")
    assert (got.status_code, got.content) == (201, b"ok")
    assert got.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert got.headers["link"] == '</next>; rel="next"'
    private = {"keep-alive", "x-private", "proxy-authenticate", "trailer", "upgrade", "server", "connection"}
    assert not private & set(got.headers)
    assert len(got.headers.get_list("x-request-id")) == len(got.headers.get_list("date")) == 1
    assert got.headers["x-request-id"] != "another"


@pytest.mark.parametrize("target", ["/api/search-user/ada", "/nothing", "/sign-in", "/healthz", "/api/users", "/ws"])
async def test_every_answer_has_an_id_of_its_own_and_the_security_headers(whole: System, target: str) -> None:
    answers = [await whole.http.get(target) for _ in range(2)]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
    assert len({answer.headers["x-request-id"] for answer in answers}) == 2


@pytest.mark.parametrize(
    "lines",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 50\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length : 5\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\x0bchunked\r\n",
        "X: y\nContent-Length: 5\r\n",
        "X: y\rContent-Length: 5\r\n",
        "X: y\r\r\nContent-Length: 5\r\n",
        "X: a\r\n folded\r\n",
        " X: folded\r\n",
        "X: a\x00b\r\n",
        "X\x00: a\r\n",
        "X y: a\r\n",
        ": a\r\n",
        "no colon\r\n",
    ],
)
async def test_a_head_that_could_be_read_in_two_ways_is_refused(whole: System, lines: str) -> None:
    hidden = "GET /internal/revocations HTTP/1.1\r\nHost: h\r\n\r\n"
    answer = await whole.raw(
        f"POST /api/refresh HTTP/1.1\r\nHost: h\r\nAuthorization: {whole.bearer()['Authorization']}\r\n{lines}"
        f"\r\n0\r\n\r\n{hidden}"
    )
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"HTTP/1.1 400 " not in answer[12:]
    assert not any("/internal" in request.target for request in whole.auth.requests)


@pytest.mark.parametrize(
    "body",
    [
        "5;ext=\r\n\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloGET / HTTP/1.1\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    ],
)
async def test_chunks_that_could_be_read_in_two_ways_do_not_become_two_requests(whole: System, body: str) -> None:
    hidden = "GET /internal/revocations HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    await whole.raw(
        f"POST /api/refresh HTTP/1.1\r\nHost: h\r\nAuthorization: {whole.bearer()['Authorization']}\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n{body}{hidden}"
    )
    assert not any("/internal" in request.target for request in whole.auth.requests)
    assert (await whole.http.get("/api/users", headers=whole.bearer())).status_code == 200


@pytest.mark.parametrize("size_bytes, status", [(40 * 1024, 200), (400 * 1024, 431)])
async def test_a_head_has_a_limit(whole: System, size_bytes: int, status: int) -> None:
    async with whole.wire() as wire:
        await wire.send("GET /api/search-user/ada HTTP/1.1\r\nHost: h\r\nX-Long: ")
        with suppress(ConnectionError):
            for _ in range(size_bytes // 4096):
                await wire.send(b"a" * 4096)
            await wire.send("\r\n\r\n")
        answer = await wire.answer()
        assert answer.status == status
        if status == 431:
            assert code(answer) == (431, "head_too_large")


@pytest.mark.parametrize("target", ["/api/save-chat", "/api/login", "/nothing"])
async def test_what_follows_a_body_has_a_limit(whole: System, target: str) -> None:
    """Trailers, which the parser gathers: without a limit anyone could fill the gateway's memory with them."""
    async with whole.wire() as wire:
        await wire.send(
            f"POST {target} HTTP/1.1\r\nHost: h\r\nAuthorization: {whole.bearer()['Authorization']}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Long: "
        )
        sent_bytes = 0
        with suppress(ConnectionError):
            while sent_bytes < 64 * 1024 * 1024:
                await wire.send(b"a" * 65536)
                sent_bytes += 65536
        assert sent_bytes < 64 * 1024 * 1024


async def test_a_request_that_is_too_long_does_not_spoil_the_answer_before_it(whole: System) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(head_of("200 OK", "Content-Length: 5"), b"he")
        await exchange.reader.read()

    whole.auth.handler = answer
    async with whole.wire() as wire:
        await wire.send("GET /api/search-user/ada HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await wire.head())[0] == 200
        assert await wire.reader.readexactly(2) == b"he"
        with suppress(ConnectionError):
            await wire.send("GET /api/search-user/ada HTTP/1.1\r\nHost: h\r\nX-Long: ", *[b"a" * 65536] * 8)
        assert await wire.is_closed()


@pytest.mark.parametrize("is_pipelined", [False, True])
async def test_requests_of_one_connection_have_each_their_own_headers(whole: System, is_pipelined: bool) -> None:
    """Perhaps somebody's proxy keeps it, for many: what one sent is neither added to the next nor passed for them."""
    await keep_connection(whole)
    grace = whole.bearer("grace")
    heads = [
        get(whole, "/api/rooms", **{"X-One": "1"}),
        get(whole, "/api/rooms", **{"X-One": "2"}),
        get(whole, "/api/rooms", **grace),
        get(whole, "/api/rooms", **{"X-One": "1"}),
        get(whole, "/api/rooms", Host="other", **{"X-One": "1"}),
        request_head("GET", "/api/rooms", {"Host": "other"}),
        get(whole, "/api/rooms", **{"X-One": "1"}),
    ]
    async with whole.wire() as wire:
        statuses = []
        for head in [] if is_pipelined else heads:
            await wire.send(head)
            statuses.append((await wire.answer()).status)
        if is_pipelined:
            await wire.send("".join(heads))
            statuses = [(await wire.answer()).status for _ in heads]
    assert statuses == [200] * 5 + [401, 200]
    ada = whole.bearer()["Authorization"]
    assert [(got.header("x-one"), got.header("authorization"), got.header("host")) for got in whole.chat.requests] == [
        ("1", ada, "h"),
        ("2", ada, "h"),
        (None, grace["Authorization"], "h"),
        ("1", ada, "h"),
        ("1", ada, "other"),
        ("1", ada, "h"),
    ]
    assert len({got.header("x-request-id") for got in whole.chat.requests}) == 6
