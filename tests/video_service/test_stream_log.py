"""Who was live when, and how much passed, is on disk: at the end, every few seconds, and after a kill."""

import asyncio
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from launcher.ports import find_free
from servicekit.database import Connection, DatabaseError, hold
from tests.clock import NOW_S
from tests.video_service.scenes import ground, jpeg
from tests.video_service.world import Instance, World
from tests.waiting import eventually
from video_service.actions.stream_log import LEFT_OPEN_INTERVALS, WRITE_INTERVAL_S, StreamLog
from video_service.app import MIGRATIONS
from video_service.domain.stream_session import StreamSession
from video_service.store import Store

STILL = jpeg(ground())
LEFT_OPEN_S = LEFT_OPEN_INTERVALS * WRITE_INTERVAL_S


@pytest.fixture
async def world(tmp_path: Path, redis_url: str, database_url: str) -> AsyncIterator[World]:
    async with World(tmp_path, redis_url, database_url) as made:
        yield made


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


def left_by_another(name: str) -> StreamSession:
    return StreamSession(username=name, name=None, started_at=NOW_S)


def store_of(video: Instance) -> Store:
    return Store(video.state["database"])


async def test_a_start_closes_what_was_left_open_and_not_what_another_instance_is_doing(world: World) -> None:
    here = await world.instance()
    await here.camera("Ada", "?stream=cam")
    await eventually(lambda: len(world.rows()) == 1)
    await store_of(here).save([left_by_another("Linus")], int(NOW_S - LEFT_OPEN_S) - 1)
    await store_of(here).save([left_by_another("Grace")], int(NOW_S - LEFT_OPEN_S))
    await world.instance()
    await eventually(lambda: world.rows()[1]["ended_at"] is not None)
    assert [row["ended_at"] for row in world.rows()] == [None, NOW_S - LEFT_OPEN_S - 1, None]


async def test_what_is_left_open_later_is_closed_without_a_start(world: World) -> None:
    here = await world.instance(write_interval_s=0.01)
    await world.instance(write_interval_s=0.01)
    await store_of(here).save([left_by_another("Linus")], NOW_S)
    world.clock.forward(2)
    await eventually(lambda: [row["ended_at"] for row in world.rows()] == [NOW_S])


async def test_one_instance_at_a_time_closes_what_was_left_open(world: World) -> None:
    """On SQLite it is who writes; nobody else can look meanwhile."""
    here, there = await world.instance(), await world.instance()
    await store_of(here).save([left_by_another("Linus")], NOW_S)
    holding, over = threading.Event(), threading.Event()

    def close_slowly(connection: Connection) -> None:
        hold(connection, "close_left_open")
        holding.set()
        over.wait(10)

    closing_here = asyncio.create_task(here.state["database"].write(close_slowly))
    await asyncio.to_thread(holding.wait, 10)
    closing_there = asyncio.create_task(store_of(there).close_left_open(NOW_S + 1))
    if world.database_url:
        assert await closing_there == 0
    over.set()
    await closing_here
    assert await closing_there == (0 if world.database_url else 1)


async def test_a_row_that_was_closed_by_mistake_is_opened_by_its_next_save(world: World) -> None:
    """Its instance was suspended, say."""
    here = await world.instance()
    suspended = StreamLog(store=store_of(here), clock=world.clock)
    suspended.begin("Ada", "cam")
    await suspended.write()
    assert await store_of(here).close_left_open(NOW_S + 1) == 1
    assert [row["ended_at"] for row in world.rows()] == [NOW_S]
    await suspended.write()
    assert [row["ended_at"] for row in world.rows()] == [None]


async def test_a_store_of_before_opens_with_its_rows(tmp_path: Path, redis_url: str) -> None:
    (tmp_path / "video").mkdir(mode=0o700)
    with closing(sqlite3.connect(tmp_path / "video" / "streams.db")) as connection, connection:
        connection.executescript((MIGRATIONS / "0001_streams.sql").read_text())
        connection.execute("INSERT INTO streams (username, started_at, written_at) VALUES ('Ada', 1, 2)")
        connection.execute("PRAGMA user_version = 1")
    async with World(tmp_path, redis_url) as world:
        await world.instance()
        await eventually(lambda: [row["ended_at"] for row in world.rows()] == [2])


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


async def test_a_kill_loses_ten_seconds_at_most_and_its_rows_are_closed_by_another(
    world: World, tmp_path: Path
) -> None:
    (port,) = find_free(1)
    environment = {
        **os.environ,
        "PARLEY_VIDEO_URL": f"http://127.0.0.1:{port}",
        "PARLEY_AUTH_URL": world.auth.url,
        "PARLEY_DATA_DIR": str(tmp_path),
        "PARLEY_DATABASE_URL": world.database_url,
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
    world.clock.now = row["written_at"] + LEFT_OPEN_S + 1
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
