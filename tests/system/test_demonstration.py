"""The demonstration: people, rooms, pictures and a history, told over the public interface."""

import asyncio
import re
import signal
import sys

import httpx

from demo.content import PASSWORD
from launcher.processes import REPOSITORY


async def test_the_command_fills_a_fresh_system_says_how_to_sign_in_and_ends_in_order() -> None:
    command = [sys.executable, "-m", "demo"]
    process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(50):
        while "Ctrl-C" not in said:
            said += (await process.stdout.readline()).decode()
        address = re.search(r"(http://127\.0\.0\.1:\d+)/sign-in", said)
        assert address is not None
        assert PASSWORD in said
        await check_what_is_in_it(address[1])
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


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
