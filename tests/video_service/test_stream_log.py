"""Who was live when, and how much passed, is on disk: at the end, every few seconds, and after a kill."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from servicekit.database import DatabaseError
from tests.clock import NOW_S
from tests.video_service.scenes import ground, jpeg
from tests.video_service.world import World
from tests.waiting import eventually

STILL = jpeg(ground())


async def test_a_stream_session_leaves_a_row_with_its_counts(world: World) -> None:
    video = await world.instance()
    camera = await video.camera("Ada", "?stream=cam")
    sent = answered = 0
    for _ in range(3):
        await camera.connection.send(STILL)
        sent += len(STILL)
        answer = await camera.hear_anything()
        answered += len(answer)
    await camera.connection.send(b"no picture")
    await camera.refused()
    world.clock.now = NOW_S + 60
    await camera.close()
    await eventually(lambda: [row["ended_at"] for row in world.rows()] == [NOW_S + 60])
    (row,) = world.rows()
    assert row.pop("bytes_out") == pytest.approx(answered, abs=3 * 4)  # with the heads of their frames
    assert row == {
        "id": 1,
        "username": "Ada",
        "name": "cam",
        "started_at": NOW_S,
        "ended_at": NOW_S + 60,
        "written_at": NOW_S + 60,
        "frames_received": 4,
        "frames_processed": 3,
        "frames_dropped": 0,
        "bytes_in": sent + len(b"no picture"),
    }


async def test_who_does_not_publish_is_in_it_without_a_name(world: World) -> None:
    video = await world.instance()
    camera = await video.camera("Ada")
    await camera.show(STILL)
    await camera.close()
    await eventually(lambda: any(row["ended_at"] for row in world.rows()))
    assert world.rows()[0]["name"] is None


async def test_what_watchers_got_counts_as_going_out(world: World) -> None:
    video = await world.instance()
    camera = await video.camera("Ada", "?stream=cam")
    screens = [await video.watching("cam") for _ in range(3)]
    await camera.connection.send(STILL)
    size = len(await camera.hear_anything())
    for screen in screens:
        await screen.hear_anything()
    await camera.close()
    await eventually(lambda: bool(world.rows()) and world.rows()[0]["ended_at"] is not None)
    assert world.rows()[0]["bytes_out"] == pytest.approx(4 * size, abs=4 * 10)


async def test_counts_are_written_while_it_runs(world: World) -> None:
    video = await world.instance(write_interval_s=0.1)
    camera = await video.camera("Ada", "?stream=cam")
    await camera.show(STILL)
    await eventually(lambda: [row["frames_processed"] for row in world.rows()] == [1])
    assert world.rows()[0]["ended_at"] is None


async def test_an_orderly_end_writes_everything(world: World) -> None:
    video = await world.instance()
    camera = await video.camera("Ada", "?stream=cam")
    await camera.show(STILL)
    await video.stop()
    (row,) = world.rows()
    assert (row["ended_at"], row["frames_processed"]) == (NOW_S, 1)


async def test_a_row_that_another_instance_goes_on_with_is_opened_again(world: World) -> None:
    here = await world.instance(write_interval_s=0.1)
    await here.camera("Ada", "?stream=cam")
    await eventually(lambda: len(world.rows()) == 1)
    await world.instance()  # which closes what it finds open
    await eventually(lambda: bool(world.rows()) and world.rows()[0]["ended_at"] is None)
    assert len(world.rows()) == 1


async def test_a_disk_that_refuses_costs_no_frame_and_is_written_when_it_can_be(world: World) -> None:
    video = await world.instance(write_interval_s=0.1)
    store = video.state["stream_log"]._store  # noqa: SLF001 - the disk is below
    save = store.save

    async def refuse(*_: object) -> None:
        raise DatabaseError("disk is full")

    store.save = refuse
    camera = await video.camera("Ada", "?stream=cam")
    await camera.show(STILL)
    await camera.close()
    await eventually(lambda: len(video.state["open_connections"]) == 0)
    assert world.rows() == []
    store.save = save
    await eventually(lambda: [row["frames_processed"] for row in world.rows()] == [1])


async def test_a_kill_loses_ten_seconds_at_most_and_its_rows_are_closed_at_the_next_start(
    world: World, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {
        **os.environ,
        "PARLEY_VIDEO_URL": f"http://127.0.0.1:{port}",
        "PARLEY_AUTH_URL": world.auth.url,
        "PARLEY_DATA_DIR": str(tmp_path),
        "PARLEY_REDIS_URL": world.redis_url,
        "PARLEY_METRICS_PORT": "0",
    }
    token = world.auth.token("Ada", expires_at=2**33)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "video_service", env=environment)
    try:
        await eventually(lambda: is_alive(port))
        url = f"ws://127.0.0.1:{port}/api/ws/video?stream=cam"
        async with connect(url, additional_headers={"Authorization": f"Bearer {token}"}, proxy=None) as socket_:
            await socket_.send(STILL)
            async with asyncio.timeout(10):
                await socket_.recv()
            await eventually(lambda: bool(world.rows()))
            process.send_signal(signal.SIGKILL)
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    (row,) = world.rows()
    assert row["ended_at"] is None
    await world.instance()
    await eventually(lambda: world.rows()[0]["ended_at"] == row["written_at"])


async def is_alive(port: int) -> bool:
    async with httpx.AsyncClient(trust_env=False) as http:
        try:
            return (await http.get(f"http://127.0.0.1:{port}/healthz")).is_success
        except httpx.TransportError:
            return False


async def test_an_erased_account_takes_its_rows_with_it(world: World) -> None:
    video = await world.instance()
    for name in ("Ada", "Grace"):
        await (await video.camera(name)).close()
    await eventually(lambda: len(world.rows()) == 2)
    world.auth.erase("Ada")
    bus = await world.bus()
    await bus.execute(("PUBLISH", "parley:profiles", "news"))
    await eventually(lambda: [row["username"] for row in world.rows()] == ["Grace"])
