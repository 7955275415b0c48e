"""What wraps every request: its id, the limit of its body, and a line in the log for each refusal."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.middleware import BodyLimit, RequestContext, header
from servicekit.problems import exception_handlers
from tests.asgi import client_of

BYTES_MAX = 100


async def echo(request: Request[Any]) -> Response:
    return PlainTextResponse(await request.body())


async def ignore(_: Request[Any]) -> Response:
    return PlainTextResponse("not read")


async def fail(_: Request[Any]) -> Response:
    raise RuntimeError("a fault")


def application() -> ASGIApp:
    return RequestContext(
        Starlette(
            routes=[
                Route("/", echo, methods=["GET", "POST"]),
                Route("/ignore", ignore, methods=["POST"]),
                Route("/fail", fail),
            ],
            exception_handlers=exception_handlers({}),
            middleware=[Middleware(BodyLimit, bytes_max=BYTES_MAX)],
        )
    )


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(application()) as client:
        yield client


def answered(status_class: str) -> float:
    return REGISTRY.get_sample_value("parley_http_requests_total", {"status": status_class}) or 0.0


@pytest.mark.parametrize("request_id", ["abc", "A-z_0.9", "x" * 64])
async def test_the_id_of_the_gateway_is_kept(http: httpx.AsyncClient, request_id: str) -> None:
    response = await http.get("/", headers={"X-Request-ID": request_id})
    assert response.headers.get_list("x-request-id") == [request_id]


@pytest.mark.parametrize("request_id", [None, "", "x" * 65, "a b", "é", "{}"])
async def test_a_missing_or_strange_id_is_replaced(http: httpx.AsyncClient, request_id: str | None) -> None:
    headers = {} if request_id is None else {b"X-Request-ID": request_id.encode()}
    first, second = [(await http.get("/", headers=headers)).headers["x-request-id"] for _ in range(2)]
    assert first != second
    assert request_id not in {first, second}


@pytest.mark.parametrize("path, status", [("/", 200), ("/nowhere", 404), ("/fail", 500)])
async def test_every_answer_carries_its_id_and_nosniff_and_is_counted(
    http: httpx.AsyncClient, path: str, status: int
) -> None:
    before = answered(f"{status // 100}xx")
    response = await http.get(path)
    assert response.status_code == status
    assert response.headers["x-request-id"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert answered(f"{status // 100}xx") == before + 1


async def test_a_body_of_the_greatest_size_passes_and_one_byte_more_is_refused(http: httpx.AsyncClient) -> None:
    assert (await http.post("/", content=bytes(BYTES_MAX))).content == bytes(BYTES_MAX)
    response = await http.post("/", content=bytes(BYTES_MAX + 1))
    assert response.status_code == 413
    assert response.json()["code"] == "body_too_large"
    assert response.headers["x-request-id"]


async def test_a_body_that_does_not_tell_its_length_has_the_same_limit(http: httpx.AsyncClient) -> None:
    async def pieces(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield bytes(BYTES_MAX // 4)

    assert (await http.post("/", content=pieces(4))).status_code == 200
    assert (await http.post("/", content=pieces(5))).status_code == 413


async def test_a_body_that_nobody_reads_has_no_limit(http: httpx.AsyncClient) -> None:
    assert (await http.post("/ignore", content=bytes(10 * BYTES_MAX))).text == "not read"


async def test_a_refusal_is_logged_without_its_token_and_a_success_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    async with client_of(application(), "192.0.2.1") as http:
        await http.get("/?token=secret1")
        assert capsys.readouterr().out == ""
        for number in range(50):
            await http.get(f"/ws/secret{number}?token=secret3")
    line = capsys.readouterr().out
    assert line.count("refused") == 1
    assert "address=192.0.2.1" in line
    assert "/ws/…" in line
    assert "404" in line
    assert "secret" not in line


async def test_being_asked_for_readiness_in_vain_is_not_logged(
    http: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (await http.get("/readyz")).status_code == 404
    assert capsys.readouterr().out == ""


async def test_what_is_no_request_passes_untouched() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await send(await receive())

    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup", "body": bytes(10 * BYTES_MAX)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "lifespan"}
    await RequestContext(BodyLimit(app, bytes_max=BYTES_MAX))(scope, receive, send)
    assert seen == [scope]
    assert sent == [await receive()]


def test_the_first_header_of_a_name_is_found() -> None:
    scope = {"headers": [(b"a", b"1"), (b"b", b"2"), (b"b", b"3")]}
    assert header(scope, b"b") == b"2"
    assert header(scope, b"c") is None
