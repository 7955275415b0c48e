"""The demonstration: people, rooms, pictures and a history, told over the public interface."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable

import httpx

from demo.content import PASSWORD
from launcher.ports import find_free
from launcher.processes import REPOSITORY


def demonstration(port: int) -> Awaitable[Process]:
    command, environment = [sys.executable, "-m", "demo"], {**os.environ, "PARLEY_PORT": str(port)}
    return asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, env=environment, stdout=PIPE, stderr=PIPE)


async def test_the_command_fills_a_fresh_system_says_how_to_sign_in_and_ends_in_order() -> None:
    (port,) = find_free(1)
    process = await demonstration(port)
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(50):
        while "Ctrl-C" not in said:
            line = await process.stdout.readline()
            assert line, said
            said += line.decode()
        address = f"http://127.0.0.1:{port}"
        assert f"{address}/sign-in" in said
        assert PASSWORD in said
        await check_what_is_in_it(address)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await demonstration(port)
        _, errors = await process.communicate()
    assert errors.decode() == f"Port {port}: Address already in use. Another one: make demo PARLEY_PORT={port + 100}\n"
    assert process.returncode == 2


async def check_what_is_in_it(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        token = (await http.post("/api/login", data={"username": "ada", "password": PASSWORD})).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        chats = (await http.get("/api/saved-chats", headers=headers)).json()
        assert {chat["chat_username"] for chat in chats} == {"grace", "linus", "margaret", "alan"}
        messages = (await http.get("/api/messages/grace", headers=headers)).json()
        assert any(message["attachments"] for message in messages)
        assert any(message["reactions"] for message in messages)
        assert any(message["reply_to"] for message in messages)
        rooms = (await http.get("/api/rooms", headers=headers)).json()
        assert {room["name"] for room in rooms if room["private"]} == {"surprise-party"}
        assert [room["name"] for room in rooms if not room["is_member"]] == ["kernel"]
