"""Those who send: the newest frame before all, each their share, and no longer than they may."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed

from tests.asgi import WAIT_S_MAX
from tests.clock import NOW_S
from tests.video_service.mjpeg import next_of, parts
from tests.video_service.scenes import STILL, ground, jpeg, moving, png
from tests.video_service.world import Camera, Instance, World, data_url
from tests.waiting import eventually

# The newest wins


async def test_a_flood_is_answered_in_order_and_what_was_skipped_is_counted(world: World) -> None:
    video = await world.instance(frames_per_second=0)
    camera, frames = await video.camera(query="?effect=blur"), 200
    image = data_url(jpeg(ground(1280, 720)))
    sending = asyncio.create_task(_send_all(camera, image, frames))
    answers = [await camera.hear("frame")]
    while answers[-1]["sequence"] < frames:
        answers.append(await camera.hear("frame"))
    await sending
    sequences = [answer["sequence"] for answer in answers]
    assert sequences == sorted(set(sequences))
    assert len(answers) + answers[-1]["dropped"] == frames
    assert len(answers) < frames


async def _send_all(camera: Camera, image: str, frames: int) -> None:
    for sequence in range(1, frames + 1):
        await camera.send(type="frame", image=image, sequence=sequence)


async def test_who_reads_nothing_is_skipped_not_stored_and_sees_the_newest_when_they_read(world: World) -> None:
    video = await world.instance(frames_per_second=0)
    camera = await video.camera(query="?stream=cam&quality=100&max_width=2000")
    camera.stop_reading()
    stream_session = next(iter(video.state["stream_log"]._open))  # noqa: SLF001 - the counts are inside until they are written
    image, frames = png(moving(1, 1280, 720)), 60
    for sequence in range(1, frames + 1):
        await camera.send(type="frame", image=data_url(image), sequence=sequence)
        await eventually(lambda due=sequence: stream_session.frames_processed + stream_session.frames_dropped >= due)
    camera.read_on()
    answers = [await camera.hear("frame")]
    while answers[-1]["sequence"] < frames:
        answers.append(await camera.hear("frame"))
    assert len(answers) <= 8 + 1 + stream_session.frames_dropped
    assert len(answers) + answers[-1]["dropped"] == frames


async def test_ten_senders_get_their_tenth_each_whatever_their_rate(world: World) -> None:
    video = await world.instance(frames_per_second=0, video_threads=1)
    cameras = [await video.camera(query="?effect=blur") for _ in range(10)]
    counts = dict.fromkeys(range(10), 0)
    image = jpeg(ground(640, 480))

    async def push(number: int, on_the_way: int) -> None:
        """Keep so many frames on the way."""
        for _ in range(on_the_way):
            await cameras[number].connection.send(image)
        while max(counts.values()) < 20:
            await cameras[number].see()
            counts[number] += 1
            for _ in range(on_the_way):
                await cameras[number].connection.send(image)

    async with asyncio.timeout(3 * WAIT_S_MAX):
        await asyncio.gather(*(push(number, 1 + 4 * (number % 2)) for number in range(10)))
    assert min(counts.values()) >= 10  # the eager ones would have five times as much


# Who, and how long


async def test_without_a_valid_token_nobody_enters(video: Instance) -> None:
    assert await video.refusal(token="nonsense") == (401, "unauthenticated")


async def test_a_revoked_session_ends_on_its_open_connections(world: World, video: Instance) -> None:
    bus = await world.bus()
    camera = await video.camera("Ada", "?stream=cam", session="lost")
    screen = await video.watching("cam", "Ada", session="lost")
    kept = await video.camera("Ada", session="kept")
    world.auth.revoke("lost")
    await bus.execute(("PUBLISH", bus.channel("revocations"), "lost"))
    assert [await camera.closed(), await screen.closed()] == [4401, 4401]
    await kept.show(STILL)
    assert await video.refusal(session="lost") == (401, "unauthenticated")


async def test_nobody_enters_or_goes_on_once_a_token_tells_that_auth_has_lost_its_store(
    world: World, video: Instance
) -> None:
    camera = await video.camera("Ada", "?stream=cam")
    screen = await video.watching("cam")
    await camera.show(STILL)
    async with video.client() as client, client.stream("GET", "/api/video/streams/cam/mjpeg") as response:
        pictures = parts(response)
        await next_of(pictures)
        world.auth.lose_store()
        world.auth.register("Ada", "Grace", "Linus", "Mallory")
        assert await video.refusal(name="Ada") == (503, "unavailable")
        assert [await camera.closed(), await screen.closed()] == [1013, 1013]
        assert [picture async for picture in pictures] == []
    for path in ("", "/cam/snapshot", "/cam/mjpeg"):
        assert await video.refuses(f"/api/video/streams{path}", "Linus") == (503, "unavailable")


async def test_a_connection_ends_with_its_token(world: World, video: Instance) -> None:
    world.clock.now = NOW_S + 899.9
    camera = await video.camera()
    assert await camera.closed() == 4401


async def test_one_connection_too_many_is_refused_until_another_ends(world: World) -> None:
    video = await world.instance(connections_per_person=2)
    camera, _ = await video.camera(), await video.camera()
    assert await video.refusal() == (429, "too_many_connections")
    await video.camera("Grace")
    await camera.close()
    await eventually(lambda: len(video.state["open_connections"]) == 2)
    await video.camera()


async def test_as_many_as_allowed_enter_when_all_come_at_once(world: World) -> None:
    video = await world.instance(connections_per_person=3)
    came = await asyncio.gather(*(video.camera() for _ in range(9)), return_exceptions=True)
    assert sum(isinstance(one, Camera) for one in came) == 3


async def test_a_restart_is_announced(world: World) -> None:
    video = await world.instance()
    camera = await video.camera(query="?stream=cam")
    await video.stop()
    assert await camera.closed() == 1012


async def test_who_leaves_in_the_middle_of_a_flood_stops_nobody(world: World) -> None:
    video = await world.instance(frames_per_second=0, video_threads=1)
    other = await video.camera("Grace")
    for _ in range(5):
        camera = await video.camera(query="?effect=blur")
        for _ in range(20):
            await camera.connection.send(STILL)
        camera.connection.transport.abort()
        with pytest.raises(ConnectionClosed):
            while True:
                await camera.connection.recv()
    await eventually(lambda: len(video.state["open_connections"]) == 1)
    await other.show(STILL)


# What is wrong again and again


async def test_a_flood_of_what_is_wrong_is_told_and_logged_once_with_a_count(world: World) -> None:
    video = await world.instance(frames_per_second=0)
    camera = await video.camera()
    with capture_logs() as lines:
        for _ in range(500):
            await camera.connection.send("{")
        await camera.send(type="ping")
        told = []
        while (heard := json.loads(await camera.hear_anything())) != {"type": "pong"}:
            told.append(heard)
        while sum(1 + one.get("skipped", 0) for one in told) < 500:
            told.append(await camera.hear("error"))
    assert {one["code"] for one in told} == {"invalid_command"}
    assert len([line for line in lines if line["event"] == "refused"]) == len(told) < 20


async def test_what_is_no_command_counts_as_a_frame(world: World) -> None:
    video = await world.instance(frames_per_second=10)
    camera = await video.camera()
    for _ in range(20):
        await camera.connection.send("{")
    await camera.connection.send(STILL)
    codes = []
    while "too_many_frames" not in codes:
        codes.append(await camera.refused())
