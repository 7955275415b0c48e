"""A service whose store was lost: nobody inherits what the others keep under the names it knew."""

import sys
from asyncio.subprocess import DEVNULL, create_subprocess_exec
from pathlib import Path

from launcher.processes import REPOSITORY
from media_service.peers import ORPHANED_FILES_CHANNEL, PROFILES_CHANNEL
from servicekit import server
from servicekit.bus import Bus
from tests.system.parleys import Parley, code, parley
from tests.system.people import PASSWORD, WHISPER
from tests.waiting import eventually


async def lose(running: Parley, service: str, store: str) -> None:
    """Its file is gone, as after a wrong `rm`; a new one takes its place."""
    await running.system.stop(service)
    for path in (running.system.data_dir / Path(store).parent).glob(f"{Path(store).name}*"):
        path.unlink()
    await running.system.start(service)


async def tell_of_news(running: Parley, channel: str) -> None:
    """Who follows that list looks at it now, and not within ten seconds."""
    bus = Bus(running.system.redis_url)
    async with server.running(bus.run()):
        await eventually(lambda: bus.is_connected)
        await bus.ask(("PUBLISH", bus.channel(channel), "news"))


async def accept(running: Parley, service: str, name: str) -> None:
    command = (sys.executable, "-m", service, "accept", name)
    environment = {"PARLEY_DATA_DIR": str(running.system.data_dir), "PATH": "/usr/bin:/bin"}
    process = await create_subprocess_exec(*command, cwd=REPOSITORY, env=environment, stdout=DEVNULL)
    assert await process.wait() == 0


async def test_who_takes_an_old_name_after_auth_s_store_was_lost_reads_nothing(tmp_path: Path) -> None:
    async with parley(tmp_path) as running:
        ada, grace = await running.people("ada", "grace")
        async with ada.device() as device:
            await device.write(grace.name, WHISPER)
            await lose(running, "auth", "auth/users.db")

            async def is_registered() -> bool:
                account = {"username": ada.name, "password": PASSWORD}
                return (await running.http.post("/register", json=account)).status_code == 201

            await eventually(is_registered)
            assert await device.closed() == 1013
        impostor = await running.sign_in(ada.name)
        answer = await impostor.ask("GET", f"/api/messages/{grace.name}")
        assert code(answer) == (503, "unavailable")
        assert answer.headers["retry-after"]
        assert code(await impostor.ask("GET", "/api/files")) == (503, "unavailable")
        status, checks = await running.checks()
        assert (status, checks["chat"], checks["media"]) == (503, "unavailable", "unavailable")
        assert checks["video"] == "unavailable"
        assert "a peer has forgotten" in running.system.log("chat")
        await running.system.kill("chat")
        said_before = len(running.system.log("chat"))
        await running.system.start("chat")  # it has not forgotten that, and lets nobody pass before it has looked

        statuses: list[int] = []

        async def has_looked() -> bool:
            statuses.append((await impostor.ask("GET", "/api/saved-chats")).status_code)
            return "a peer has forgotten" in running.system.log("chat")[said_before:]

        await eventually(has_looked)
        await has_looked()
        assert set(statuses) == {503}
        for service in ("chat_service", "media_service", "video_service"):
            await accept(running, service, "profiles")
        await tell_of_news(running, PROFILES_CHANNEL)
        await running.system.ready()
        assert len(await impostor.history(grace.name)) == 1  # the operator has answered for it


async def test_nobody_passes_by_a_token_of_another_store_before_there_is_news_of_it(tmp_path: Path) -> None:
    """Auth's secret is not lost with its store: the tokens are signed as before."""
    async with parley(tmp_path) as running:
        ada, grace = await running.people("ada", "grace")
        async with ada.device() as device:
            await device.write(grace.name, WHISPER)
        await running.system.stop_valkey()
        await lose(running, "auth", "auth/users.db")

        async def is_registered() -> bool:
            account = {"username": ada.name, "password": PASSWORD}
            return (await running.http.post("/register", json=account)).status_code == 201

        await eventually(is_registered)
        impostor = await running.sign_in(ada.name)
        for path in (f"/api/messages/{grace.name}", "/api/files", "/api/video/streams"):
            assert code(await impostor.ask("GET", path)) == (503, "unavailable"), path
        assert (await running.checks())[1]["video"] == "unavailable"


async def test_chat_whose_store_was_lost_is_told_by_media_and_accepted(tmp_path: Path) -> None:
    async with parley(tmp_path) as running:
        ada, grace = await running.people("ada", "grace")
        picture = (REPOSITORY / "docs/screenshots/room-phone-light.png").read_bytes()
        answer = await ada.ask("POST", "/api/user/upload-files", files={"file": ("room.png", picture, "image/png")})
        (file,) = answer.json()["files"]
        async with ada.device() as device:
            sent = await device.write(grace.name, "Look", attachments=[file["id"]])
            await device.send(type="delete", id=sent["id"])

        async def is_gone() -> bool:
            return (await ada.ask("GET", file["url"])).status_code == 404

        await eventually(is_gone)
        await lose(running, "chat", "chat/chat.db")

        async def is_forgotten() -> bool:
            await tell_of_news(running, ORPHANED_FILES_CHANNEL)
            return "a peer has forgotten" in running.system.log("media")

        await eventually(is_forgotten)
        assert (await ada.ask("GET", "/api/files")).status_code == 200  # whose they are is certain
        assert (await running.checks())[1]["media"] == "unavailable"
        await accept(running, "media_service", "releases")
        await tell_of_news(running, ORPHANED_FILES_CHANNEL)
        await running.system.ready()
