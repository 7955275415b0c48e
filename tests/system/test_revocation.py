"""A session that ends lets nobody in any more, at once, everywhere; and its open sockets are closed."""

import asyncio
import os
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.system.parleys import WITHOUT_RATES, Parley, code, hung_valkey, parley
from tests.system.people import PASSWORD, WHISPER, Device, Person, handshake_status
from tests.waiting import eventually

REVOCATIONS = 12
NOTICED_S_MAX = 0.25
NOTICED_WITHOUT_REDIS_S_MAX = 1.0
BANS = 4
CLOSING_S_MAX = 0.1
NEW_PASSWORD = f"{WHISPER}-password"


async def closing(device: Device) -> float:
    """When it was closed because its session had ended."""
    assert await device.closed() == 4401
    return time.perf_counter()


class Noticed(NamedTuple):
    """How long it took until the last device was closed."""

    after_request_s: float
    after_answer_s: float


async def end_session(owner: Person, devices: list[Device]) -> Noticed:
    """End the session of `devices` from another one."""
    closings = [asyncio.create_task(closing(device)) for device in devices]
    asked_s = time.perf_counter()
    answer = await owner.ask("DELETE", f"/api/sessions/{devices[0].events[0]['session']}")
    answered_s = time.perf_counter()
    assert answer.status_code == 204
    closed_s = max(await asyncio.gather(*closings))
    return Noticed(closed_s - asked_s, max(0.0, closed_s - answered_s))


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


@pytest.mark.alone
async def test_an_ended_session_is_closed_on_all_instances_within_250_ms(
    twin: Parley, report: Callable[[str], None]
) -> None:
    owner, thief = await twin.people("owner", "thief")
    times: list[Noticed] = []
    for _ in range(REVOCATIONS):
        thief = await twin.sign_in(owner.name)
        async with thief.device() as one, thief.device() as two:  # on both instances, in turn
            times.append(await end_session(owner, [one, two]))
            assert await is_shut_out(thief)
    await assert_all_shut_out(thief)
    for name in ("chat", "chat-2"):
        assert owner.name in twin.system.log(name)
    assert max(noticed.after_answer_s for noticed in times) < NOTICED_S_MAX
    assert not await is_shut_out(owner)
    seconds = sorted(noticed.after_request_s for noticed in times)
    report(
        f"{REVOCATIONS} revocations, from the request to the last socket's close:"
        f" {seconds[REVOCATIONS // 2] * 1e3:.1f} ms (median), {seconds[-1] * 1e3:.1f} ms (max)"
    )


@pytest.mark.alone
async def test_without_redis_it_is_closed_within_a_second(twin: Parley, report: Callable[[str], None]) -> None:
    owner, thief = await twin.people("owner", "thief")
    times: list[Noticed] = []
    async with without_valkey(twin), AsyncExitStack() as stack:
        for _ in range(5):
            thief = await twin.sign_in(owner.name)
            devices = [await stack.enter_async_context(thief.device()) for _ in range(2)]
            times.append(await end_session(owner, devices))
            await eventually(partial(is_shut_out, thief), within_s=NOTICED_WITHOUT_REDIS_S_MAX)
        await assert_all_shut_out(thief)
    await assert_all_shut_out(thief)  # and Redis, back and empty, knows no better
    slowest_s = max(noticed.after_request_s for noticed in times)
    assert slowest_s < NOTICED_WITHOUT_REDIS_S_MAX
    report(f"revocations without Redis: closed after {slowest_s * 1e3:.0f} ms (max)")


async def test_a_hung_redis_delays_it_for_seconds_only(twin: Parley, report: Callable[[str], None]) -> None:
    owner = await twin.person("owner")
    thief = await twin.sign_in(owner.name)
    async with thief.device() as one, thief.device() as two, hung_valkey(twin):
        noticed = await end_session(owner, [one, two])
        await eventually(partial(is_shut_out, thief), within_s=NOTICED_WITHOUT_REDIS_S_MAX)
    await twin.system.ready()
    await assert_all_shut_out(thief)
    report(f"a revocation while Redis hangs: closed after {noticed.after_request_s:.1f} s")


@pytest.mark.alone
async def test_a_ban_from_the_machine_closes_everything_within_250_ms_and_ends_the_ringing(
    twin: Parley, report: Callable[[str], None]
) -> None:
    """The command writes to the store alone; the auth service looks five times a second whether somebody has."""
    caller = await twin.person("caller")
    closed_s: list[float] = []
    silenced_s: list[float] = []
    async with caller.device() as calling:
        for _ in range(BANS):
            banned = await twin.person("banned")
            async with banned.device() as one, banned.device() as two:  # on both instances, in turn
                await calling.send(type="call", to=banned.name, stream=f"to-{banned.name}")
                await one.next("call")
                command, done_s = await ban_on_the_machine(twin, banned)
                closed_s.append(max(await asyncio.gather(closing(one), closing(two))) - done_s)
                assert (await calling.next("hang_up"))["username"] == banned.name
                silenced_s.append(time.perf_counter() - done_s)
                assert await command.wait() == 0
            await assert_all_shut_out(banned)
            credentials = {"username": banned.name, "password": PASSWORD}
            assert code(await twin.http.post("/api/user/login", json=credentials)) == (403, "banned")
    assert max(closed_s) < NOTICED_S_MAX + CLOSING_S_MAX
    assert max(silenced_s) < 1
    report(
        f"{BANS} bans by `admin`, from its answer to the last socket's close: {max(closed_s) * 1e3:.0f} ms (max);"
        f" until who rings the banned one is told: {max(silenced_s) * 1e3:.0f} ms (max)"
    )


async def ban_on_the_machine(twin: Parley, banned: Person) -> tuple[Process, float]:
    """The command, and when it said that it was done."""
    environment = {**os.environ, "PARLEY_DATA_DIR": str(twin.system.data_dir), "PYTHONUNBUFFERED": "1"}
    command = (sys.executable, "-m", "auth_service", "admin", "ban", banned.name)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    said, done_s = await process.stdout.readline(), time.perf_counter()
    assert b"is banned; 1 sessions ended" in said
    return process, done_s


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
