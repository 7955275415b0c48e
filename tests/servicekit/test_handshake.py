"""The handshake of a WebSocket: who may enter is let in, everyone else gets a whole HTTP answer that says why."""

import asyncio
from typing import Any

import msgspec
import pytest
from websockets.exceptions import InvalidStatus

from servicekit.handshake import BadHandshake, Handshake, acceptance
from tests.servicekit.sockets import RawClient, Server, upgrade_request

GOOD_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


async def answer_of(client: RawClient) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an HTTP answer after which the server ends the stream."""
    head, _, body = (await client.read_rest()).partition(b"\r\n\r\n")
    status_line, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(status_line.split()[1]), headers, body


async def refusal_of(server: Server, request: bytes) -> tuple[int, dict[str, str], Any]:
    async with server.line() as client:
        client.write(request)
        status, headers, body = await answer_of(client)
    assert headers["content-type"] == "application/problem+json"
    assert headers["content-length"] == str(len(body))
    assert headers["connection"] == "close"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-request-id"] == "of-the-test"
    problem = msgspec.json.decode(body)
    assert problem["status"] == status
    return status, headers, problem


def from_test(path: str = "/", *, method: str = "GET", **headers: str | None) -> bytes:
    return upgrade_request(path, method=method, x_request_id="of-the-test", **headers)


async def test_the_sample_of_the_rfc_gets_the_answer_of_the_rfc(server: Server) -> None:
    async with server.line() as client:
        client.write(from_test(sec_websocket_key=GOOD_KEY))
        head = await client.read_head()
    assert head.startswith("HTTP/1.1 101 Switching Protocols\r\n")
    assert "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head  # RFC 6455 §1.3
    assert "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" in head
    assert "\r\nX-Request-ID: of-the-test\r\n" in head


async def test_a_handshake_without_request_id_is_given_one(server: Server) -> None:
    async with server.client() as client:
        assert client.response is not None
        given = client.response.headers["X-Request-ID"]
    connection = await server.connection()
    assert connection.request_id == given != ""


@pytest.mark.parametrize("key", [None, "", "not base64!", "c2hvcnQ=", "dGhpcyBpcyBmYXIgdG9vIGxvbmc=", "ÿ" * 24])
async def test_a_key_that_is_not_16_bytes_in_base64_is_refused(server: Server, key: str | None) -> None:
    request = from_test(sec_websocket_key=key)
    status, headers, problem = await refusal_of(server, request)
    assert (status, problem["code"]) == (426, "upgrade_required")
    assert headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("version", [None, "8", "12", "14", "abc"])
async def test_another_version_is_refused_with_the_one_that_is_spoken(server: Server, version: str | None) -> None:
    status, headers, problem = await refusal_of(server, from_test(sec_websocket_version=version))
    assert (status, problem["code"]) == (426, "upgrade_required")
    assert headers["sec-websocket-version"] == "13"


async def test_another_method_is_refused(server: Server) -> None:
    status, _, problem = await refusal_of(server, from_test(method="POST"))
    assert (status, problem["code"]) == (426, "upgrade_required")


async def test_a_guest_without_token_is_told_how_to_bring_one(server: Server) -> None:
    status, headers, problem = await refusal_of(server, from_test("/without-token"))
    assert (status, problem["code"], problem["detail"]) == (401, "unauthenticated", "A token is required.")
    assert headers["www-authenticate"] == "Bearer"


async def test_a_refusal_of_the_subclass_is_answered_by_its_own_table(server: Server) -> None:
    status, _, problem = await refusal_of(server, from_test("/not-on-the-list"))
    assert (status, problem["code"], problem["detail"]) == (403, "not_on_the_list", "Not you.")


async def test_a_fault_is_answered_without_its_details(server: Server) -> None:
    status, _, problem = await refusal_of(server, from_test("/broken"))
    assert (status, problem["code"]) == (500, "internal_error")
    assert "secret" not in str(problem)


async def test_a_refused_client_of_websockets_reads_the_status(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with server.client("/without-token"):
            pass
    assert refused.value.response.status_code == 401
    assert refused.value.response.body is not None
    assert b"unauthenticated" in refused.value.response.body


@pytest.mark.parametrize("target", ["//[", "//[::1", "//a]/"])
async def test_a_target_that_is_no_url_is_refused_and_not_left_waiting(server: Server, target: str) -> None:
    status, _, problem = await refusal_of(server, from_test(target))
    assert (status, problem["code"]) == (400, "malformed")


async def test_what_is_no_http_at_all_gets_400(server: Server) -> None:
    async with server.line() as client:
        client.write(b"HELLO\r\n\r\n")
        status, _, _ = await answer_of(client)
    assert status == 400


async def test_a_guest_who_leaves_before_the_refusal_leaves_nothing_behind(server: Server) -> None:
    async with server.line() as client:
        client.write(from_test("/without-token"))
        client.reset()
    connection = await server.connection()
    async with asyncio.timeout(5):
        await connection.is_gone.wait()
    assert connection.times_closed == 0
    assert not server.uvicorn.server_state.connections


# The request head


def test_a_head_is_read_into_its_parts() -> None:
    handshake = Handshake(
        b"GET /ws/gr%C3%A2ce?room=lobby&room=other&token=t%20t HTTP/1.1\r\n"
        b"Host: parley.test\r\nX-Many: one\r\nx-many:  two \r\n\r\n"
    )
    assert (handshake.method, handshake.path) == ("GET", "/ws/grâce")
    assert handshake.query_value("room") == "lobby"
    assert handshake.query_value("token") == "t t"
    assert handshake.query_value("none") is None
    assert handshake.headers == {"host": "parley.test", "x-many": "one"}
    assert handshake.fields[-1] == ("x-many", "two")


def test_each_head_without_request_id_is_given_another() -> None:
    head = b"GET / HTTP/1.1\r\n\r\n"
    assert Handshake(head).request_id != Handshake(head).request_id


def test_nothing_is_accepted_without_a_key() -> None:
    with pytest.raises(BadHandshake):
        acceptance(Handshake(upgrade_request(sec_websocket_key=None)))
