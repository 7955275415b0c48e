"""`python -m launcher` with all that it starts: real services, real ports, real signals."""

import asyncio
import os
import re
import signal
import socket
import stat
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from launcher import data_folder
from servicekit.bus import Bus
from servicekit.settings import METRICS_PORT_OFFSET
from tests.launcher.launchers import START_TIME_S_MAX, environment, launched
from tests.launcher.test_supervisor import until_gone
from tests.waiting import eventually

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux_only
async def test_ctrl_c_on_the_whole_group_ends_all_of_it_with_status_0(tmp_path: Path) -> None:
    async with launched(environment(tmp_path)) as launcher:
        await launcher.says(f"Parley is ready: {launcher.url}")
        children = launcher.children()
        services = {"parley-auth", "parley-chat", "parley-media", "parley-video", "parley-gateway"}
        assert {*children.values()} == {*services, "valkey-server"}
        for name in ("auth_service", "chat_service", "media_service", "video_service", "gateway"):
            assert [command for command in launcher.commands() if command.endswith(f" -m {name}")]
        os.killpg(launcher.process.pid, signal.SIGINT)
        assert await launcher.ends() == 0
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    return (await client.get(f"{url}/readyz")).is_success


@linux_only
async def test_services_share_memory_and_nothing_that_is_open(tmp_path: Path) -> None:
    async with launched(environment(tmp_path)) as launcher:
        await launcher.says("Parley is ready")
        services = [pid for pid, name in launcher.children().items() if name.startswith("parley-")]
        assert all(shared_kib(pid) > 8 * 1024 for pid in services)  # started one by one, they have nothing in common
        pipes = [pipe for pid in services for pipe in open_pipes(pid)]
        assert len(pipes) == len({*pipes})
        assert not any("launcher.lock" in place for pid in services for place in open_places(pid))


def shared_kib(pid: int) -> int:
    """What the process wrote, or its maker before it, and has in common with others."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Shared_Dirty:"))


def open_places(pid: int) -> set[str]:
    return {str(descriptor.readlink()) for descriptor in Path(f"/proc/{pid}/fd").iterdir()}


def open_pipes(pid: int) -> set[str]:
    return {place for place in open_places(pid) if place.startswith("pipe:")}


@linux_only
async def test_a_killed_launcher_leaves_no_process_behind(tmp_path: Path) -> None:
    async with launched(environment(tmp_path)) as launcher:
        await launcher.says("Parley is ready")
        all_gone = asyncio.gather(*map(until_gone, launcher.children()))
        launcher.process.kill()
        async with asyncio.timeout(START_TIME_S_MAX):
            await all_gone


@linux_only
async def test_a_killed_service_comes_back_and_sigterm_ends_all(tmp_path: Path) -> None:
    async with launched(environment(tmp_path)) as launcher:
        await launcher.says("Parley is ready")
        (media,) = [pid for pid, name in launcher.children().items() if name == "parley-media"]
        os.kill(media, signal.SIGKILL)
        await launcher.says(r"media was ended by SIGKILL, and starts again in 0\.5 s")
        await launcher.says("media .*started")
        async with httpx.AsyncClient(trust_env=False) as client:
            await eventually(lambda: is_ready(client, launcher.url), START_TIME_S_MAX)
        launcher.process.terminate()
        assert await launcher.ends() == 0


async def test_a_wrong_setting_of_one_service_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    async with launched({**environment(tmp_path), "SECRET_KEY": "short"}) as launcher:
        await launcher.says("SECRET_KEY")
        await launcher.says("all ended")
        assert re.match("auth: wrong setting: SECRET_KEY", await launcher.says("."))  # by itself, after all else
        assert await launcher.ends() == 2


@linux_only
async def test_a_second_launcher_on_the_same_data_is_refused_in_one_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with launched(environment(data)) as first:
        await first.says("Parley is ready")
        (tmp_path / "other").symlink_to(data)
        async with launched(environment(tmp_path / "other")) as second:
            line = await second.says(".")
            assert line.startswith(f"another Parley runs on the data folder {data} (process {first.process.pid})")
            assert "PARLEY_DATA_DIR" in line
            assert await second.ends() == 2
        first.process.kill()
        await first.process.wait()
        with data_folder.locked(data):  # its services may still be about to end
            pass


@linux_only
async def test_the_bundled_redis_is_its_owner_s_alone_and_said_in_the_data_folder(tmp_path: Path) -> None:
    async with launched(environment(tmp_path)) as launcher:
        lines = [await launcher.says(".") for _ in range(3)]
        await launcher.says("Parley is ready")
        assert not any("overcommit" in line for line in lines)
        kept = tmp_path / "redis.url"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        path = Path(kept.read_text().strip().removeprefix("unix://"))
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        bus = Bus(kept.read_text().strip())
        running = asyncio.create_task(bus.run())
        await eventually(bus.ping)
        assert await bus.execute(("CONFIG", "GET", "port")) == [{b"port": b"0"}]
        running.cancel()
        launcher.process.terminate()
        assert await launcher.ends() == 0
    assert not kept.exists()
    assert not path.parent.exists()


async def test_a_taken_port_of_metrics_is_one_line_and_ends_nothing(tmp_path: Path) -> None:
    settings = environment(tmp_path)
    del settings["PARLEY_METRICS_PORT"]
    port = int(settings["PARLEY_VIDEO_URL"].rpartition(":")[2]) + METRICS_PORT_OFFSET
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        async with launched(settings) as launcher:
            said = await launcher.says("metrics of video")
            assert f"Port {port} on 127.0.0.1, for the metrics of video, is taken" in said
            await launcher.says("Parley is ready")
