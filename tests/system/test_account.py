"""Erasing an account, as everybody meets it: in every service, at once, also when a service dies meanwhile."""

import asyncio
import io
from contextlib import suppress
from functools import partial
from typing import Any

from PIL import Image
from websockets.exceptions import ConnectionClosed

from tests.system.parleys import Parley, code
from tests.system.people import PASSWORD, WHISPER, Device, Person, handshake_status
from tests.waiting import eventually


async def erase(person: Person, password: str = PASSWORD, **more: Any) -> int | tuple[int, str]:
    answer = await person.ask("DELETE", "/api/account", json={"password": password}, **more)
    return answer.status_code if answer.is_success else code(answer)


async def texts(reader: Person, other: str) -> set[str]:
    return {message["message"] for message in await reader.history(other)}


async def nothing_is_left(reader: Person, other: str) -> bool:
    return await texts(reader, other) == {""}


async def test_with_the_account_its_pictures_are_gone(twin: Parley) -> None:
    ada, bob = await twin.people("ada", "bob")
    encoded = io.BytesIO()
    Image.new("RGB", (40, 30), (220, 30, 60)).save(encoded, "PNG")
    kept = []
    for shown in (True, False):
        encoded.write(b"%d" % shown)  # behind the end: the pictures are the same, and their bytes are kept once
        answer = await ada.ask("POST", "/api/user/upload-files", files={"file": ("a.png", encoded.getvalue())})
        kept.append(answer.json()["files"][0])
    assert (await ada.get("/api/files"))["used_bytes"] == kept[0]["size"] == kept[1]["size"]
    posted = {"message": "look", "attachments": [kept[0]["id"]]}
    assert (await ada.ask("POST", f"/api/messages/{bob.name}", json=posted)).status_code == 201
    assert (await bob.ask("GET", kept[0]["url"])).status_code == 200
    assert await erase(ada) == 204

    async def are_gone() -> bool:
        (message,) = await bob.history(ada.name)
        return (await bob.ask("GET", kept[0]["url"])).status_code == 404 and message["attachments"] == []

    await eventually(are_gone)


async def test_who_erases_the_account_is_gone_everywhere(twin: Parley) -> None:
    ada, bob = await twin.people("ada", "bob")
    room = f"room-of-{ada.name}"
    assert (await ada.ask("POST", "/api/rooms", json={"name": room})).status_code == 201
    assert (await bob.ask("PUT", f"/api/rooms/{room}/members/{bob.name}")).status_code == 200
    await ada.ask("POST", "/api/update-nickname", data={"nickname": "Countess"})
    phone_session = await twin.sign_in(ada.name)
    async with ada.device() as laptop, phone_session.device() as phone, bob.device() as one, bob.device() as other:
        for number in range(3):
            await laptop.write(bob.name, f"{WHISPER} {number}")
        await phone.send(room=room, message=f"{WHISPER} 3")
        await phone.next("sent")
        assert await erase(ada, "Password124") == (403, "wrong_password")
        assert await erase(ada) == 204
        for device in (laptop, phone):
            assert await device.closed() == 4401
        for device in (one, other):
            for _ in range(4):
                assert (await device.next("deleted"))["username"] == ada.name
    assert await erase(ada) == (401, "unauthenticated")
    for session in (ada, phone_session):
        assert code(await session.ask("GET", "/api/saved-chats")) == (401, "unauthenticated")
        assert await handshake_status(f"{ada.ws_url}/ws/{session.token}") == 401
    await assert_unreachable(twin, ada.name, bob)
    (chat,) = await bob.get("/api/saved-chats")
    assert (chat["chat_username"], chat["chat_nickname"], chat["chat_pfp"]) == (ada.name, ada.name, "")

    async def is_offline() -> bool:
        (saved,) = await bob.get("/api/saved-chats")
        return not saved["online"]

    await eventually(is_offline)  # which is told after the grace of a reconnect
    left = await bob.get(f"/api/rooms/{room}")
    assert (left["owner"], left["members"]) == (bob.name, [bob.name])


async def assert_unreachable(parley: Parley, name: str, other: Person) -> None:
    """For `other` there is nobody of that name, and nobody gets it again."""
    assert code(await parley.http.get(f"/api/search-user/{name}")) == (404, "unknown_user")
    assert await other.get(f"/api/users?query={name}") == []
    credentials = {"username": name, "password": PASSWORD}
    assert code(await parley.http.post("/api/user/login", json=credentials)) == (401, "wrong_credentials")
    for again in (name, name.upper()):
        taken = await parley.http.post("/api/register", json={**credentials, "username": again})
        assert code(taken) == (409, "username_taken")
    assert await other.get(f"/api/search-messages?query={WHISPER}") == []
    async with other.device() as device:
        await device.send(to=name, message=WHISPER)
        assert (await device.next("error"))["code"] == "unknown_recipient"


async def test_from_another_site_the_cookie_erases_nothing(twin: Parley) -> None:
    ada = await twin.person("ada")
    cookie = {"Cookie": f"access_token={ada.token}", "Origin": "https://evil.example"}
    body = {"password": PASSWORD}
    assert code(await twin.http.request("DELETE", "/api/account", json=body, headers=cookie)) == (403, "cross_origin")
    assert code(await twin.http.request("DELETE", "/api/account", json=body)) == (401, "unauthenticated")
    assert code(await ada.ask("DELETE", "/api/account")) == (400, "malformed")
    own = {**cookie, "Origin": str(twin.http.base_url).rstrip("/")}
    answer = await twin.http.request("DELETE", "/api/account", json=body, headers=own)
    assert answer.status_code == 204
    assert answer.headers["set-cookie"].startswith('access_token=""')


async def test_without_redis_it_is_erased_all_the_same(twin: Parley) -> None:
    ada, bob = await twin.people("ada", "bob")
    async with ada.device() as device:
        await device.write(bob.name, WHISPER)
        await twin.system.kill("valkey")
        try:
            assert await erase(ada) == 204
            assert await device.closed() == 4401
        finally:
            await twin.system.start_valkey()
            await twin.system.ready()
    await eventually(partial(nothing_is_left, bob, ada.name))


async def test_a_chat_service_killed_in_the_middle_goes_on_when_it_is_back(fragile: Parley) -> None:
    ada, bob = await fragile.people("ada", "bob")
    async with ada.device() as device, asyncio.TaskGroup() as group:
        for number in range(1_000):
            await device.send(to=bob.name, message=f"{WHISPER} {number}")
        await device.until_seq(1_000)
        group.create_task(chatter(device, bob.name))
        assert await erase(ada) == 204
        await eventually(lambda: is_begun(bob, ada.name))
        await fragile.system.kill("chat")
        await fragile.system.start("chat")
    await fragile.system.ready()
    assert len(await bob.history(ada.name)) >= 1_000
    await eventually(partial(nothing_is_left, bob, ada.name))
    await assert_unreachable(fragile, ada.name, bob)


async def chatter(device: Device, to: str) -> None:
    """Go on talking until the line breaks."""
    with suppress(ConnectionClosed):
        while True:
            await device.send(to=to, message=f"{WHISPER} more")
            await asyncio.sleep(0)


async def is_begun(reader: Person, other: str) -> bool:
    page = await reader.get(f"/api/messages/{other}?after=0&limit=1")
    return bool(page[0].get("deleted"))
