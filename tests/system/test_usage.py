"""Both documents in spec/, as their readers would try them."""

import json
import shutil
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.system.parleys import Parley, code
from tests.system.people import PASSWORD, Device, Person, connect_to, handshake_status
from tests.system.terminals import shell, terminal

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="types what the documents show: curl")

REGISTER = r"""
curl -X POST http://127.0.0.1:8000/api/register \
  -H "Content-Type: application/json" \
  -d '{"username":"alice","email":"alice@example.com","password":"Password123"}'
"""
LOGIN = r"""
curl -X POST http://127.0.0.1:8000/api/login \
  -H "Content-Type: application/x-www-form-urlencoded" \
  -d "username=alice&password=Password123"
"""
SEND_FORMAT = """
{
  "to": "receiver_username",
  "message": "Hello there!"
}
"""


@pytest.fixture
async def browser(shared: Parley) -> AsyncIterator[httpx.AsyncClient]:
    """Keeps cookies and follows no redirect by itself."""
    async with httpx.AsyncClient(base_url=shared.system.url, trust_env=False) as client:
        yield client


@needs_curl
async def test_the_usage_examples_of_the_messenger_as_typed(shared: Parley) -> None:
    address = shared.system.url.removeprefix("http://")
    registered = json.loads(await shell(REGISTER, address=address))
    assert registered["message"] == "User registered successfully"
    assert registered["username"] == "alice"
    assert "taken" in json.loads(await shell(REGISTER, address=address))["detail"]

    token = json.loads(await shell(LOGIN, address=address))
    assert token["token_type"] == "bearer"
    profile = f'curl -s http://127.0.0.1:8000/api/user-profile -H "Authorization: Bearer {token["access_token"]}"'
    assert json.loads(await shell(profile, address=address))["email"] == "alice@example.com"

    bob = await shared.person("bob")
    async with bob.device() as bobs, connect_to(f"ws://{address}/ws/{token['access_token']}") as socket:
        alice = Device(socket)
        await alice.next("ready")
        await socket.send(SEND_FORMAT.replace("receiver_username", bob.name))
        sent, message = await alice.next("sent"), await bobs.next("message")
        for event in (sent, message):
            assert event["sender_username"] == "alice"
            assert event["receiver_username"] == bob.name
            assert event["message"] == "Hello there!"
            assert event["timestamp"].endswith("Z")
        assert sent["delivered"] is True
        assert sent["id"] == message["id"]


async def test_an_offline_recipient_is_an_error_and_finds_the_message_later(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    async with ada.device() as adas:
        assert (await adas.write(bob.name, "Hello there!"))["delivered"] is False
        assert (await adas.next("error"))["code"] == "recipient_offline"
    (message,) = await bob.history(ada.name)
    assert message["message"] == "Hello there!"
    (chat,) = await bob.get("/api/saved-chats")
    assert (chat["chat_username"], chat["last_message"], chat["unread"]) == (ada.name, "Hello there!", 1)


@needs_curl
async def test_the_media_and_video_api_with_its_exact_bodies(shared: Parley) -> None:
    address = shared.system.url.removeprefix("http://")
    body = f"""-H "Content-Type: application/json" -d '{{ "username": "carol", "password": "{PASSWORD}" }}'"""
    registered = await shell(f"curl -s -X POST http://127.0.0.1:8000/register {body}", address=address)
    assert json.loads(registered) == {"message": "User registered successfully"}
    answer = json.loads(await shell(f"curl -s -X POST http://127.0.0.1:8000/api/user/login {body}", address=address))
    assert (answer["message"], answer["token_type"]) == ("Correct password", "bearer")
    assert await handshake_status(f"{shared.system.ws_url}/ws/{answer['access_token']}") == 101
    wrong = body.replace(PASSWORD, "Password124")
    refused = json.loads(await shell(f"curl -s http://127.0.0.1:8000/api/user/login {wrong}", address=address))
    assert (refused["status"], refused["code"]) == (401, "wrong_credentials")


async def test_two_terminals_chat_over_python_m_websockets(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    ws = shared.system.ws_url
    async with terminal(f"{ws}/ws/{ada.token}") as adas, terminal(f"{ws}/ws/{bob.token}") as bobs:
        await adas.reads('"type":"ready"')
        await bobs.reads('"type":"ready"')
        await adas.types(f'{{"to": "{bob.name}", "message": "Hello there!"}}')
        await adas.reads('"type":"sent".*"delivered":true}')
        await bobs.reads('"type":"message".*"message":"Hello there!"')
        await bobs.types(f'{{"to": "{ada.name}", "message": "Grüße, für-Ada 🙂"}}')
        assert "Grüße, für-Ada 🙂" in await adas.reads(r'"type":"message".*?}')
        await bobs.types("not JSON")
        await bobs.reads('"type":"error","code":"invalid_command"')
        assert await adas.leaves() == 0
        assert await bobs.leaves() == 0


async def test_the_forms_sign_up_in_and_out_with_a_cookie(shared: Parley, browser: httpx.AsyncClient) -> None:
    home = await browser.get("/")
    assert (home.status_code, home.headers["location"]) == (303, "/sign-in")
    for page in ("/sign-up", "/sign-in"):
        shown = await browser.get(page)
        assert shown.status_code == 200
        assert "<form" in shown.text
    form = {"username": "dora", "email": "dora@example.com", "password": PASSWORD}
    signed_up = await browser.post("/sign-up", data=form)
    assert (signed_up.status_code, signed_up.headers["location"]) == (303, "/rooms/lobby")
    assert "access_token" in browser.cookies
    assert "Say hello!" in (await browser.get("/rooms/lobby")).text
    browser.cookies.clear()
    wrong = await browser.post("/sign-in", data={"username": "dora", "password": "Password124"})
    assert wrong.status_code == 401
    assert "wrong" in wrong.text
    assert "access_token" not in browser.cookies
    signed_in = await browser.post("/sign-in", data={"username": "dora", "password": PASSWORD})
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/")
    attributes = signed_in.headers["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=lax" in attributes
    assert "dora" in (await browser.get("/")).text
    token = browser.cookies["access_token"]
    dora = Person(shared.system.ws_url, shared.http, "dora", token)
    async with dora.device() as open_device:
        left = await browser.get("/logout")
        assert left.headers["location"] == "/sign-in"
        assert "access_token" not in browser.cookies
        assert await open_device.closed() == 4401
    assert code(await dora.ask("GET", "/api/user-profile")) == (401, "unauthenticated")


async def test_profile_and_chats_with_the_cookie_alone(shared: Parley, browser: httpx.AsyncClient) -> None:
    ada, bob = await shared.people("ada", "bob")
    browser.cookies.set("access_token", ada.token)
    async with connect_to(
        f"{shared.system.ws_url}/ws", additional_headers={"Cookie": f"access_token={ada.token}"}
    ) as s:
        adas = Device(s)
        await adas.next("ready")
        for number in range(51):
            await adas.write(bob.name, f"Hello there! {number}")

    profile = (await browser.get("/api/user-profile")).json()
    assert profile.keys() >= {"id", "username", "email", "nickname", "pfp"}
    picture = "https://example.com/ada.png"
    assert (await browser.post("/api/update-nickname", data={"nickname": "Ada L."})).status_code == 200
    assert (await browser.post("/api/update-avatar", data={"avatar_url": picture})).status_code == 200
    found = await shared.http.get(f"/api/search-user/{ada.name}")
    assert found.json() == {"username": ada.name, "nickname": "Ada L.", "pfp": picture, "role": "member", "status": ""}
    assert code(await shared.http.get("/api/search-user/nobody-at-all")) == (404, "unknown_user")

    saved = {"username": bob.name, "nickname": "Bobby", "pfp": picture}
    assert (await browser.post("/api/save-chat", json=saved)).status_code == 200
    (chat,) = (await browser.get("/api/saved-chats")).json()
    assert chat.keys() >= {"id", "user_username", "chat_username", "chat_nickname", "chat_pfp", "created_at"}
    assert (chat["chat_nickname"], chat["chat_pfp"]) == ("Bobby", picture)
    assert (chat["last_message"], chat["last_seq"]) == ("Hello there! 50", 51)
    page = (await browser.get(f"/api/messages/{bob.name}")).json()
    assert [message["message"] for message in page] == [f"Hello there! {number}" for number in range(1, 51)]
    (oldest,) = (await browser.get(f"/api/messages/{bob.name}?before={page[0]['id']}")).json()
    assert oldest["message"] == "Hello there! 0"

    assert (await browser.post("/api/logout")).status_code == 200
    browser.cookies.set("access_token", ada.token)
    assert (await browser.get("/api/user-profile")).status_code == 401


async def test_saved_chats_stand_by_recent_activity(shared: Parley) -> None:
    ada, bob, eve = await shared.people("ada", "bob", "eve")
    async with ada.device() as adas:
        for other in (bob, eve, bob):
            await adas.write(other.name, "Hello there!")
            assert (await ada.get("/api/saved-chats"))[0]["chat_username"] == other.name


async def test_a_foreign_cookie_of_the_same_host_locks_nobody_out(shared: Parley) -> None:
    ada = await shared.person("ada")
    for foreign in ('prefs={"dark":true,"list":[1]}', "my pref=1", "path=/x", "flag", "a=b=c", 'q="', "ünï=cödé"):
        cookies = f"{foreign}; access_token={ada.token}; last=1"
        answer = await shared.http.get("/api/user-profile", headers={b"Cookie": cookies.encode()})
        assert answer.status_code == 200, foreign
