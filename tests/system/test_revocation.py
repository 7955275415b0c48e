"""A session that ends lets nobody in any more, at once, everywhere; and its open sockets are closed."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.system.parleys import WITHOUT_RATES, Parley, code, eventually, parley
from tests.system.people import PASSWORD, WHISPER, Device, Person, handshake_status

REVOCATIONS = 25
NOTICED_S_MAX = 0.25
NOTICED_WITHOUT_REDIS_S_MAX = 1.0
NEW_PASSWORD = f"{WHISPER}-password"


async def closing(device: Device) -> float:
    """When it was closed because its session had ended."""
    assert await device.closed() == 4401
    return time.perf_counter()


async def end_session(owner: Person, devices: list[Device]) -> float:
    """End the session of `devices` from another one; seconds from the answer to that until the last was closed."""
    closings = [asyncio.create_task(closing(device)) for device in devices]
    answer = await owner.ask("DELETE", f"/api/sessions/{devices[0].events[0]['session']}")
    answered_s = time.perf_counter()
    assert answer.status_code == 204
    return max(0.0, max(await asyncio.gather(*closings)) - answered_s)


async def is_shut_out(person: Person) -> bool:
    return (await person.ask("GET", "/api/saved-chats")).status_code == 401


async def assert_all_shut_out(person: Person) -> None:
    """By every way in, several times, so that every instance is asked."""
    for path in ("/api/user-profile", "/api/saved-chats", "/api/sessions", "/api/messages/anybody", "/api/files"):
        for _ in range(2):
            assert code(await person.ask("GET", path)) == (401, "unauthenticated")
    cookie = {"Cookie": f"access_token={person.token}"}
    assert (await person.http.get("/api/user-profile", headers=cookie)).status_code == 401
    assert (await person.http.get("/", headers=cookie)).headers["location"] == "/sign-in"
    assert code(await person.ask("POST", "/api/refresh")) == (401, "unauthenticated")
    for url, headers in (
        (f"/ws/{person.token}", {}),
        (f"/ws?token={person.token}", {}),
        ("/ws", person.bearer),
        ("/ws", cookie),
    ):
        assert await handshake_status(person.ws_url + url, additional_headers=headers) == 401


@asynccontextmanager
async def without_valkey(twin: Parley) -> AsyncIterator[None]:
    await twin.system.kill("valkey")
    try:
        yield
    finally:
        await twin.system.start_valkey()
        await twin.system.ready()


async def test_an_ended_session_is_closed_on_all_instances_within_250_ms(
    twin: Parley, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = await twin.person("owner")
    seconds = []
    for _ in range(REVOCATIONS):
        other = await twin.sign_in(owner.name)
        async with other.device() as one, other.device() as two:  # on both instances, in turn
            seconds.append(await end_session(owner, [one, two]))
            assert await is_shut_out(other)
    await assert_all_shut_out(other)
    for name in ("chat", "chat-2"):
        assert owner.name in twin.system.log(name)
    assert max(seconds) < NOTICED_S_MAX
    assert not await is_shut_out(owner)
    with capsys.disabled():
        median = sorted(seconds)[REVOCATIONS // 2]
        print(
            f"\n{REVOCATIONS} revocations: closed after {median * 1e3:.1f} ms (median), {max(seconds) * 1e3:.1f} ms (max)"
        )


async def test_without_redis_it_is_closed_within_a_second(twin: Parley, capsys: pytest.CaptureFixture[str]) -> None:
    owner = await twin.person("owner")
    async with without_valkey(twin), AsyncExitStack() as stack:
        seconds = []
        for _ in range(5):
            other = await twin.sign_in(owner.name)
            devices = [await stack.enter_async_context(other.device()) for _ in range(2)]
            seconds.append(await end_session(owner, devices))
            await eventually(lambda other=other: is_shut_out(other), within_s=NOTICED_WITHOUT_REDIS_S_MAX)  # type: ignore[misc]
        await assert_all_shut_out(other)
    assert max(seconds) < NOTICED_WITHOUT_REDIS_S_MAX
    await assert_all_shut_out(other)  # and Redis, back and empty, knows no better
    with capsys.disabled():
        print(f"\nrevocations without Redis: closed after {max(seconds) * 1e3:.0f} ms (max)")


async def test_a_changed_password_ends_all_other_sessions(twin: Parley) -> None:
    owner = await twin.person("owner")
    thief = await twin.sign_in(owner.name)
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    async with owner.device() as own, thief.device() as stolen:
        wrong = await owner.ask("POST", "/api/change-password", json={**change, "current_password": "Password124"})
        assert code(wrong) == (403, "wrong_password")
        changed = await owner.ask("POST", "/api/change-password", json=change)
        assert changed.status_code == 200
        assert await stolen.closed() == 4401
        await assert_all_shut_out(thief)
        await own.send(type="ping")
        await own.next("pong")
    credentials = {"username": owner.name, "password": PASSWORD}
    assert code(await twin.http.post("/api/user/login", json=credentials)) == (401, "wrong_credentials")
    assert not await is_shut_out(await twin.sign_in(owner.name, NEW_PASSWORD))


async def test_nobody_ends_the_session_of_somebody_else(twin: Parley) -> None:
    ada, eve = await twin.people("ada", "eve")
    async with ada.device() as device:
        session = device.events[0]["session"]
        assert code(await eve.ask("DELETE", f"/api/sessions/{session}")) == (404, "unknown_session")
        await device.send(type="ping")
        await device.next("pong")


async def test_an_expired_token_opens_nothing_and_closes_its_socket(tmp_path: Path) -> None:
    environment = {**WITHOUT_RATES, "PARLEY_TOKEN_LIFETIME_S": "3"}
    async with parley(tmp_path, environment=environment) as short:
        ada = await short.person("ada")
        started_s = time.perf_counter()
        async with ada.device() as device:
            fresh = (await ada.ask("POST", "/api/refresh")).json()
            assert fresh["expires_in"] <= 3
            assert await device.closed() == 4401
            assert time.perf_counter() - started_s < 4
        await eventually(lambda: is_shut_out(ada))
        await assert_all_shut_out(ada)
