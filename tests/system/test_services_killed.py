"""A service that is away costs its own paths a 503 and nobody else anything; it comes back without the others' help."""

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.system.parleys import Parley, code
from tests.system.people import PASSWORD, WHISPER, Device, Person, handshake_status
from tests.waiting import eventually

# A path of each service that a signed-in person may ask for.
PATHS = {
    "auth": "/api/user-profile",
    "chat": "/api/saved-chats",
    "media": "/api/files",
    "video": "/api/video/streams",
}


@asynccontextmanager
async def killed(parley: Parley, name: str) -> AsyncIterator[None]:
    """The service is away in the body, and back after it, and all is well, with nothing done to the others."""
    await parley.system.kill(name)
    try:
        yield
    finally:
        await parley.system.start(name)
        await parley.system.ready()


def away(answer: httpx.Response) -> bool:
    if answer.status_code != 503:
        return False
    assert code(answer) == (503, "service_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    return True


async def may_enter(person: Person) -> bool:
    status = await handshake_status(f"{person.ws_url}/ws/{person.token}")
    assert status in {101, 503}
    return status == 101


async def say(device: Device, to: str, text: str) -> None:
    await device.write(to, f"{WHISPER} {text}")


@pytest.mark.parametrize("name", PATHS)
async def test_its_paths_are_503_and_all_others_go_on(fragile: Parley, name: str) -> None:
    ada = await fragile.person("ada")
    async with killed(fragile, name):
        for service, path in PATHS.items():
            assert away(await ada.ask("GET", path)) == (service == name), service
        status, checks = await fragile.checks()
        assert status == 503
        assert [part for part, how in checks.items() if how != "ok" and part != "revocations"] == [name]
        assert (await fragile.http.get("/healthz")).status_code == 200
    for path in PATHS.values():
        assert not away(await ada.ask("GET", path))


async def test_while_auth_is_away_who_is_signed_in_goes_on_talking(fragile: Parley) -> None:
    ada, bob, eve = await fragile.people("ada", "bob", "eve")
    secret = fragile.system.data_dir / "auth" / "secret_key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    key_set = (await fragile.http.get("/.well-known/jwks.json")).json()
    async with ada.device() as adas, bob.device() as bobs:
        await say(adas, bob.name, "before")
        async with killed(fragile, "auth"):
            await say(adas, bob.name, "meanwhile")
            async with eve.device() as eves:  # a new socket, and somebody whom she has never written to
                await say(eves, bob.name, "from Eve")
            await adas.send(to="nobody-known", message=WHISPER)
            assert (await adas.next("error"))["code"] == "directory_unavailable"
            credentials = {"username": "ada", "password": PASSWORD}
            assert away(await fragile.http.post("/api/user/login", json=credentials))
            assert away(await fragile.http.post("/register", json=credentials))
            assert (await fragile.http.get("/sign-in")).status_code == 200
            form = await fragile.http.post("/sign-in", data=credentials)
            assert form.status_code == 503
        assert (await fragile.http.get("/.well-known/jwks.json")).json() == key_set
        assert (await ada.get("/api/user-profile"))["username"] == ada.name
        await say(adas, bob.name, "after")
        await bobs.until_seq(3)
        assert bobs.texts() == [f"{WHISPER} {text}" for text in ("before", "meanwhile", "from Eve", "after")]
        assert (await ada.ask("DELETE", f"/api/sessions/{adas.events[0]['session']}")).status_code == 204
        assert await adas.closed() == 4401


async def test_chat_that_starts_before_auth_lets_people_in_when_auth_comes(fragile: Parley) -> None:
    ada = await fragile.person("ada")
    await fragile.system.kill("chat")
    async with killed(fragile, "auth"):
        await fragile.system.start("chat")

        async def waits_for_keys() -> bool:
            answer = await ada.ask("GET", "/api/saved-chats")
            return answer.status_code == 503 and code(answer)[1] == "unavailable"

        await eventually(waits_for_keys)
        assert not await may_enter(ada)
    await eventually(lambda: may_enter(ada), within_s=1)


async def test_a_restarted_gateway_lets_everyone_come_back(fragile: Parley) -> None:
    ada, bob = await fragile.people("ada", "bob")
    revoked = await fragile.sign_in(ada.name)
    assert (await revoked.ask("POST", "/api/logout")).status_code == 200
    async with ada.device() as adas, bob.device() as bobs:
        await say(adas, bob.name, "before")
        async with killed(fragile, "gateway"):
            assert await adas.closed() == 1006
        await bobs.closed()
    assert (await revoked.ask("GET", "/api/saved-chats")).status_code == 401
    async with ada.device() as adas, bob.device() as bobs:
        await say(adas, bob.name, "after")
        assert (await bobs.next("message"))["seq"] == 2
