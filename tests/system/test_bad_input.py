"""Whatever comes, each gets a clear answer, and nobody else notices."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.system.parleys import Parley, code, goes_on
from tests.system.people import PASSWORD, WHISPER
from tests.system.raw_http import raw, wire

JSON_TYPE = {"Content-Type": "application/json"}


async def test_requests_that_are_not_http_or_too_long_are_refused(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    host = b"Host: parley\r\n"
    refused = {
        "not HTTP": b"\x00\x01\x02\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "two lengths": b"POST /api/login HTTP/1.1\r\n" + host + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "length and chunks": (
            b"POST /api/save-chat HTTP/1.1\r\n" + host + f"Authorization: Bearer {ada.token}\r\n".encode()
            + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /internal/profiles HTTP/1.1\r\n\r\n"
        ),
        "a negative length": b"POST /api/login HTTP/1.1\r\n" + host + b"Content-Length: -5\r\n\r\nabcdef",
        "a broken chunk": b"POST /api/login HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n",
        "a header of 1 MiB": b"GET / HTTP/1.1\r\n" + host + b"X-Long: " + b"a" * 2**20 + b"\r\n\r\n",
        "100,000 headers": b"GET / HTTP/1.1\r\n" + host + b"X-Many: a\r\n" * 100_000 + b"\r\n",
        "a target of 1 MiB": b"GET /" + b"a" * 2**20 + b" HTTP/1.1\r\n" + host + b"\r\n",
    }  # fmt: skip
    for what, request in refused.items():
        answer = await raw(shared, request)
        too_long = len(request) > 2**20
        if answer or not too_long:  # who goes on sending may miss what was answered
            assert answer.startswith(b"HTTP/1.1 431 " if too_long else b"HTTP/1.1 400 "), what
            assert b"content-type: application/problem+json" in answer.lower(), what
    assert (await shared.http.get("/healthz", headers={"X-Long": "a" * 32_000})).status_code == 200
    await goes_on(shared, ada, bob)


@pytest.mark.parametrize(
    "body, expected",
    [
        (b"", (400, "malformed")),
        (b"{", (400, "malformed")),
        (b"\xff\xfe\x00", (400, "malformed")),
        (b'{"username":"zoe","password":"\xff2345678"}', (400, "malformed")),
        (b'{"username":"\\ud800","password":"12345678"}', (400, "malformed")),
        (b"[" * 60_000, (422, "invalid")),
        (b"null", (422, "invalid")),
        (b'{"username":"zoe"}', (422, "invalid")),
        (b'{"username":7,"password":"12345678"}', (422, "invalid")),
        (b'{"username":"zo","password":"12345678"}', (422, "invalid")),
        (b'{"username":"' + b"z" * 33 + b'","password":"12345678"}', (422, "invalid")),
        (b'{"username":"z\\u043ee","password":"12345678"}', (422, "invalid")),
        (b'{"username":"zoe","password":"1234567"}', (422, "invalid")),
        (b'{"username":"zoe","password":"' + b"1" * 257 + b'"}', (422, "invalid")),
        (b'{"username":"zoe","password":"' + b"1" * 70_000 + b'"}', (413, "body_too_large")),
    ],
    ids=range(15),
)
async def test_bodies_that_cannot_be_are_refused_with_a_reason(
    shared: Parley, body: bytes, expected: tuple[int, str]
) -> None:
    for path in ("/register", "/api/register"):
        answer = await shared.http.post(path, content=body, headers=JSON_TYPE)
        assert code(answer) == expected
        assert answer.json()["detail"]
        if expected[0] == 422:
            assert answer.json()["errors"]
    assert (await shared.http.get("/api/search-user/zoe")).status_code == 404


async def test_bodies_sent_in_chunks_meet_the_same_limit(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b" " * 16_384

    async def in_pieces() -> AsyncIterator[bytes]:
        for piece in (b'{"user', b'name":', f'"{bob.name}"'.encode(), b"}"):
            yield piece
            await asyncio.sleep(0)

    for path in ("/register", "/api/user/login", "/api/save-chat", "/api/change-password"):
        assert code(await ada.ask("POST", path, content=endless(), headers=JSON_TYPE)) == (413, "body_too_large")
    saved = await ada.ask("POST", "/api/save-chat", content=in_pieces(), headers=JSON_TYPE)
    assert saved.status_code == 200, saved.text


async def test_of_twenty_registrations_at_once_exactly_one_wins(shared: Parley) -> None:
    names = ["Twentyfold", "twentyfold", "TWENTYFOLD", "twentyFold"] * 5
    answers = await asyncio.gather(
        *(shared.http.post("/register", json={"username": name, "password": PASSWORD}) for name in names)
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201, *[409] * 19]
    assert {code(answer)[1] for answer in answers if answer.status_code == 409} == {"username_taken"}


async def test_frames_that_are_no_commands_are_errors_and_the_connection_stays(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    refused = {
        "": "invalid_command",
        "{": "invalid_command",
        "[]": "invalid_command",
        "null": "invalid_command",
        "[" * 60_000: "invalid_command",
        '{"to": 1, "message": 2}': "invalid_command",
        '{"to": "\\ud800", "message": "x"}': "invalid_command",
        f'{{"to": "{bob.name}", "message": "\\ud800"}}': "invalid_command",
        f'{{"to": "{bob.name}", "message": "\\u0000"}}': "invalid_message",
        f'{{"to": "{bob.name}", "message": " "}}': "message_empty",
        f'{{"to": "{bob.name}", "message": "{"x" * 4001}"}}': "message_too_long",
        f'{{"to": "{bob.name}", "message": "x", "nonce": ""}}': "invalid_command",
        f'{{"to": "{bob.name}", "message": "x", "nonse": "1"}}': "invalid_command",
        f'{{"to": "{bob.name}", "message": "x", "reply_to": 999999}}': "unknown_message",
        f'{{"to": "{bob.name}", "message": "x", "reply_to": {2**70}}}': "invalid_command",
        f'{{"to": "{bob.name}", "message": "x", "attachments": ["no-such-file"]}}': "unknown_attachment",
        f'{{"to": "{ada.name}", "message": "x"}}': "recipient_is_self",
        '{"to": "nobody-at-all", "message": "x"}': "unknown_recipient",
        '{"type": "no such type"}': "invalid_command",
        '{"type": "resume"}': "invalid_command",
        '{"type": "resume", "positions": {"@x": -1}}': "invalid_command",
    }
    async with ada.device() as adas, bob.device() as bobs:
        for frame, expected in refused.items():
            await adas.socket.send(frame)
            error = await adas.next("error")
            assert (error["code"], bool(error["detail"])) == (expected, True), frame[:80]
        assert (await adas.write(bob.name.upper(), "é" * 4000))["receiver_username"] == bob.name
        await bobs.next("message")
        assert len(bobs.texts()) == 1
        assert not adas.texts()


async def test_sockets_and_requests_that_say_nothing_are_in_nobodys_way(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    beginnings = (
        b"",
        b"GET / HTTP/1.1\r\nHost: par",
        b"POST /api/login HTTP/1.1\r\nHost: parley\r\nContent-Length: 500\r\n\r\nuser",
        b"POST /register HTTP/1.1\r\nHost: parley\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        f"POST /api/save-chat HTTP/1.1\r\nHost: parley\r\nAuthorization: Bearer {ada.token}\r\n"
        "Content-Length: 500\r\n\r\n{".encode(),
    )
    async with AsyncExitStack() as stack:
        for beginning in beginnings * 20:
            _, writer = await stack.enter_async_context(wire(shared))
            writer.write(beginning)
        for _ in range(10):
            await stack.enter_async_context(ada.connect())
        await goes_on(shared, ada, bob)
        assert (await shared.checks())[0] == 200
    await goes_on(shared, ada, bob)


async def test_what_people_write_is_text_on_every_page(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    attack = f"<script>alert('{WHISPER}')</script>"
    await bob.ask("POST", "/api/update-nickname", data={"nickname": "<img src=x onerror=alert(1)>"})
    async with bob.device() as bobs:
        await bobs.write(ada.name, attack)
    page = await shared.http.get("/", headers={"Cookie": f"access_token={ada.token}"})
    assert WHISPER in page.text
    assert "<script>" not in page.text
    assert "<img src=x" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in ("/sign-in", "/sign-up"):
        form = {"username": '"><script>', "email": attack, "password": "Password124"}
        shown = await shared.http.post(path, data=form)
        assert shown.status_code in {401, 422}
        assert "<script" not in shown.text
