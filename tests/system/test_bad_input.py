"""Whatever comes, each gets a clear answer, and nobody else notices."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.system.parleys import WITHOUT_RATES, Parley, code, parley
from tests.system.people import ANSWER_S_MAX, PASSWORD, WHISPER, Person, handshake_status
from tests.waiting import eventually

JSON_TYPE = {"Content-Type": "application/json"}
UNNOTICED_S_MAX = 5.0  # also on a machine that is busy with other things


@pytest.fixture(scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parley]:
    """With the limits that one person meets; those of an address would count all these tests as one."""
    limits = {name: "0" for name in WITHOUT_RATES if name.endswith("ADDRESS")}
    async with parley(tmp_path_factory.mktemp("strict"), environment=limits) as running:
        yield running


@asynccontextmanager
async def wire(parley: Parley) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the gateway, byte by byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(parley.system.url).port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def raw(parley: Parley, request: bytes) -> bytes:
    """All that the gateway answers to these bytes, until it closes."""
    async with wire(parley) as (reader, writer), asyncio.timeout(ANSWER_S_MAX):
        writer.write(request)
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def goes_on(parley: Parley, ada: Person, bob: Person) -> None:
    """Two people who have nothing to do with it sign in and talk, without delay."""
    async with asyncio.timeout(UNNOTICED_S_MAX), ada.device() as adas, bob.device() as bobs:
        await adas.write(bob.name, WHISPER)
        await bobs.next("message")
        await parley.sign_in(ada.name)


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forged(token: str, public_key: dict[str, str]) -> dict[str, str]:
    """What an attacker makes of a good token and the public key."""
    head, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    signed_head, _, signature = token.split(".")
    body = encoded(claims)
    raw_key = base64.urlsafe_b64decode(public_key["x"] + "=")

    def with_hs256(secret: bytes) -> str:
        unsigned = f"{encoded({**head, 'alg': 'HS256'})}.{body}"
        digest = hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()
        return f"{unsigned}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    another_key = Ed25519PrivateKey.generate()
    return {
        "nothing": "x",
        "three parts of nothing": "a.b.c",
        "alg none": f"{encoded({**head, 'alg': 'none'})}.{body}.",
        "alg None, signature kept": f"{encoded({**head, 'alg': 'None'})}.{body}.{signature}",
        "HS256 with the public key": with_hs256(raw_key),
        "HS256 with the public key as JSON": with_hs256(json.dumps(public_key).encode()),
        "HS256 with nothing": with_hs256(b""),
        "another key, the same kid": jwt.encode(claims, another_key, "EdDSA", headers={"kid": head["kid"]}),
        "another key, its own kid": jwt.encode(claims, another_key, "EdDSA", headers={"kid": "mine"}),
        "another key in the head": jwt.encode(
            claims, another_key, "EdDSA", headers={"jwk": public_key, "jku": "http://127.0.0.1/"}
        ),
        "no kid": f"{encoded({'alg': 'EdDSA', 'typ': 'JWT'})}.{body}.{signature}",
        "kid is a path": f"{encoded({**head, 'kid': '../../dev/null'})}.{body}.{signature}",
        "somebody else's name": f"{signed_head}.{encoded({**claims, 'sub': 'root'})}.{signature}",
        "a longer life": f"{signed_head}.{encoded({**claims, 'exp': 2**40})}.{signature}",
        "no signature": f"{signed_head}.{body}.",
        "deep": f"{encoded(head)}.{'W' * 20_000}.{signature}",
    }


async def test_forged_tokens_open_nothing(shared: Parley) -> None:
    ada = await shared.person("ada")
    (public_key,) = (await shared.http.get("/.well-known/jwks.json")).json()["keys"]
    for what, token in forged(ada.token, public_key).items():
        for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"access_token={token}"}):
            answer = await shared.http.get("/api/user-profile", headers=headers)
            assert code(answer) == (401, "unauthenticated"), what
            assert answer.headers["www-authenticate"] == "Bearer"
        for url in (f"{shared.system.ws_url}/ws/{token}", f"{shared.system.ws_url}/ws?token={token}"):
            assert await handshake_status(url) == 401, what
    for token in ("", "%00", "%ff", "%2e%2e%2e", "a" * 30_000):
        assert await handshake_status(f"{shared.system.ws_url}/ws/{token}") == 401
    for authorization in (b"Bearer", b"Bearer \xff\xfe", b"Basic YTpi", ada.token.encode()):
        answer = await shared.http.get("/api/user-profile", headers={b"Authorization": authorization})
        assert answer.status_code == 401
    assert (await ada.get("/api/user-profile"))["username"] == ada.name


async def test_identity_headers_of_a_client_mean_nothing(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    names = ("X-User", "X-Username", "X-User-Id", "X-Auth-User", "X-Parley-Username", "X-Forwarded-User", "Remote-User")
    addresses = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    claims = dict.fromkeys(names, bob.name) | addresses
    assert (await shared.http.get("/api/user-profile", headers=claims)).status_code == 401
    assert await handshake_status(f"{shared.system.ws_url}/ws", additional_headers=claims) == 401
    assert (await ada.ask("GET", "/api/user-profile", headers=claims)).json()["username"] == ada.name
    credentials = {"username": ada.name, "password": PASSWORD}
    assert (await shared.http.post("/api/user/login", json=credentials, headers=claims)).status_code == 200
    assert {session["address"] for session in await ada.get("/api/sessions")} == {"127.0.0.1"}
    for path in ("/internal/profiles", "/internal/revocations"):
        for disguise in (
            "{0}",
            "/{0}",
            "/api/search-user/..{0}",
            "/api/search-user/ada/../..{0}",
            "/api/users/%2e%2e{0}",
        ):
            request = f"GET {disguise.format(path)} HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n"
            assert (await raw(shared, request.encode())).startswith(b"HTTP/1.1 404 "), disguise


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


async def test_broken_frames_close_with_their_code_and_leak_nothing(strict: Parley) -> None:
    ada, bob, eve = await strict.people("ada", "bob", "eve")
    broken = {
        b"\x81\x05hello": 1002,  # not masked
        b"\x83\x80\0\0\0\0": 1002,  # a reserved opcode
        b"\xc1\x80\0\0\0\0": 1002,  # a reserved bit
        b"\x80\x80\0\0\0\0": 1002,  # goes on with nothing
        b"\x81\x82\0\0\0\0\xc3\x28": 1007,  # not UTF-8
        b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0": 1009,  # 2^63 bytes, it says
        b"\x82\xff\0\0\0\0\0\x01\0\x01\0\0\0\0": 1009,  # 64 KiB and one
    }
    for frame, expected in broken.items():
        async with eve.device() as device:
            device.socket.transport.write(frame)
            assert await device.closed() == expected
    for _ in range(2):  # twenty at once are allowed: those that were cut off in the middle do not count any more
        async with AsyncExitStack() as stack:
            devices = [await stack.enter_async_context(eve.device()) for _ in range(20)]
            for device in devices:
                device.socket.transport.write(b"\x81\xfe\x10\x00\0\0\0\0half a mess")
                device.socket.transport.abort()
        await eventually(lambda: _has_room(eve))
    await goes_on(strict, ada, bob)


async def test_twenty_sockets_of_one_person_are_allowed(strict: Parley) -> None:
    ada, bob, eve = await strict.people("ada", "bob", "eve")
    url = f"{strict.system.ws_url}/ws/{eve.token}"
    async with AsyncExitStack() as stack:
        attempts = [stack.enter_async_context(eve.device()) for _ in range(25)]
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 20
        assert await handshake_status(url) == 429
        await goes_on(strict, ada, bob)
        (device, *_) = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
        await device.socket.close()
        await eventually(lambda: _has_room(eve))


@pytest.mark.alone
async def test_a_flood_is_answered_with_errors_and_delays_nobody(strict: Parley) -> None:
    ada, bob, eve = await strict.people("ada", "bob", "eve")
    async with eve.device() as device, bob.device() as bobs:
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        flooding = asyncio.create_task(_flood(device.socket, bob.name, 2_000))
        reading = asyncio.create_task(_read_answers(device, 2_000))
        await goes_on(strict, ada, bob)
        await flooding
        await reading
        allowed = 60 + 20 * (loop.time() - started_s) + 1
        sent = [event for event in device.events if event["type"] == "sent"]
        errors = [event for event in device.events if event["type"] == "error"]
        assert 60 <= len(sent) <= allowed
        assert {event["code"] for event in errors} == {"too_many_messages"}
        await bobs.until_seq(len(sent))
        assert len(await bob.history(eve.name)) == len(sent)


@pytest.mark.alone
async def test_a_flood_that_reads_no_answer_is_cut_off(strict: Parley) -> None:
    ada, bob, eve = await strict.people("ada", "bob", "eve")
    async with eve.device() as device:
        device.socket.transport.pause_reading()
        command = json.dumps({"to": "nobody-" + "x" * 50, "message": "x" * 3_000}).encode()
        frame = b"\x81\xfe" + len(command).to_bytes(2, "big") + b"\0\0\0\0" + command
        transport = device.socket.transport
        async with asyncio.timeout(30):
            while transport.get_write_buffer_size() < 2**20 and not transport.is_closing():
                transport.write(frame * 20)
                await asyncio.sleep(0)
        await goes_on(strict, ada, bob)
        transport.abort()
    await eventually(lambda: _has_room(eve))


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


@pytest.mark.parametrize("disguise", ["plain", "form page", "JSON named a form", "two names", "capitals", "multipart"])
async def test_guessing_a_password_stops_after_five_tries_in_any_disguise(strict: Parley, disguise: str) -> None:
    victim = f"victim{disguise.replace(' ', '-')}"
    await strict.http.post("/register", json={"username": victim, "password": PASSWORD})
    wrong = {"username": victim, "password": "Password124"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    requests: dict[str, tuple[str, dict[str, Any]]] = {
        "plain": ("/api/login", {"data": wrong}),
        "form page": ("/sign-in", {"data": wrong}),
        "JSON named a form": ("/api/user/login", {"json": wrong, "headers": form}),
        "two names": ("/api/login", {"content": f"username=decoy&username={victim}&password=x", "headers": form}),
        "capitals": (
            "/api/login",
            {
                "content": f"username={victim.upper()}&password=x",
                "headers": {"Content-Type": form["Content-Type"].upper()},
            },
        ),
        "multipart": ("/api/login", {"files": {name: (None, value) for name, value in wrong.items()}}),
    }
    path, request = requests[disguise]
    statuses = [(await strict.http.post(path, **request)).status_code for _ in range(7)]
    assert set(statuses[5:]) <= {429, 415, 422}, statuses
    assert set(statuses[:5]) <= {401, 415, 422}, statuses


async def test_pages_of_other_sites_can_do_nothing_with_the_cookie(shared: Parley) -> None:
    ada = await shared.person("ada")
    cookie = {"Cookie": f"access_token={ada.token}"}
    for foreign in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        headers = {**cookie, **foreign}
        refused = await shared.http.post("/api/update-nickname", data={"nickname": "Owned"}, headers=headers)
        assert code(refused) == (403, "cross_origin")
        assert await handshake_status(f"{shared.system.ws_url}/ws", additional_headers=headers) == 403
    assert (await ada.get("/api/user-profile"))["nickname"] != "Owned"


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


async def _flood(socket: Any, to: str, messages: int) -> None:
    for number in range(messages):
        await socket.send(json.dumps({"to": to, "message": f"{WHISPER} {number}"}))


async def _read_answers(device: Any, messages: int) -> None:
    async with asyncio.timeout(30):
        while sum(event["type"] in {"sent", "error"} for event in device.events) < messages:
            await device.receive()


async def _has_room(person: Person) -> bool:
    return await handshake_status(f"{person.ws_url}/ws/{person.token}") == 101
