"""The limits that one person meets: sockets, floods and guesses, of which nobody else notices."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.system.parleys import WITHOUT_RATES, Parley, goes_on, parley
from tests.system.people import PASSWORD, WHISPER, Person, handshake_status
from tests.waiting import eventually

FLOOD = 2_000  # more than are read at once: the others are read at a pace


@pytest.fixture(scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parley]:
    """With the limits that one person meets; those of an address would count all these tests as one."""
    limits = {name: "0" for name in WITHOUT_RATES if name.endswith("ADDRESS")}
    async with parley(tmp_path_factory.mktemp("strict"), environment=limits) as running:
        yield running


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
        flooding = asyncio.create_task(_flood(device.socket, bob.name, FLOOD))
        reading = asyncio.create_task(_read_answers(device, FLOOD))
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


async def _flood(socket: Any, to: str, messages: int) -> None:
    for number in range(messages):
        await socket.send(json.dumps({"to": to, "message": f"{WHISPER} {number}"}))


async def _read_answers(device: Any, messages: int) -> None:
    async with asyncio.timeout(30):
        while sum(event["type"] in {"sent", "error"} for event in device.events) < messages:
            await device.receive()


async def _has_room(person: Person) -> bool:
    return await handshake_status(f"{person.ws_url}/ws/{person.token}") == 101
