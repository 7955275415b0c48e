"""Streams are published under a name, watched over sockets, and come back within a while."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.video_service.mjpeg import parts
from tests.video_service.scenes import BLUE, GREEN, RED, STILL, Image, distance, ground, is_colour, jpeg, moving, plain
from tests.video_service.world import Camera, Instance, Line, World, data_url, picture_in
from tests.waiting import eventually
from video_service.pipeline.decoding import encode
from video_service.pipeline.frame_processor import FrameProcessor
from video_service.pipeline.renderer import Renderer

# Watching


async def test_a_watcher_is_told_what_the_stream_is_and_sees_each_picture(video: Instance) -> None:
    camera = await video.camera("Ada", "?stream=cam")
    screen = await video.screen("cam")
    assert await screen.hear("stream") == {
        "type": "stream",
        "name": "cam",
        "username": "Ada",
        "started_at": "2027-01-15T08:00:00.000Z",
        "watchers": 1,
        "width": None,
        "height": None,
        "live": True,
    }
    for colour in (RED, GREEN, BLUE):
        mine = await camera.show(plain(colour))
        assert distance(await screen.see(), mine) == 0
        assert is_colour(mine, colour)


async def test_who_comes_late_sees_the_last_picture_at_once(video: Instance) -> None:
    camera = await video.camera("Ada", "?stream=cam&effect=grayscale")
    picture = await camera.show(STILL)
    screen = await video.watching("cam")
    assert distance(await screen.see(), picture) == 0


async def test_a_watcher_may_have_json(video: Instance) -> None:
    camera = await video.camera("Ada", "?stream=cam")
    screen = await video.watching("cam", query="?format=json")
    mine = await camera.ask(STILL, sequence=7, captured_at="noon")
    shown = await screen.hear("frame")
    assert shown == mine
    assert distance(picture_in(shown), ground()) < 3


async def test_a_watcher_may_ping_and_nothing_else(video: Instance) -> None:
    await video.camera("Ada", "?stream=cam")
    screen = await video.watching("cam")
    await screen.send(type="ping")
    await screen.hear("pong")
    for message in (STILL, "hello", '{"type":"configure","effect":"blur"}'):
        await screen.connection.send(message)
        assert await screen.refused() == "invalid_command"


async def test_each_picture_is_encoded_once_however_many_watch(world: World) -> None:
    encoded: list[int] = []

    def encode_and_count(frame: Image, quality: int) -> bytes:
        encoded.append(quality)
        return encode(frame, quality)

    new_renderer = partial(Renderer, encode=encode_and_count)
    video = await world.instance(new_frame_processor=partial(FrameProcessor, new_renderer=new_renderer))
    camera = await video.camera("Ada", "?stream=cam")
    screens = [await video.watching("cam", name) for name in ("Grace", "Linus") for _ in range(5)]
    await camera.show(STILL)
    for screen in screens:
        await screen.see()
    assert len(encoded) == 1


async def test_a_slow_watcher_holds_nobody_up_and_sees_the_newest_next(world: World) -> None:
    video = await world.instance(frames_per_second=0)
    camera = await video.camera("Ada", "?stream=cam&quality=100&max_width=2000")
    quick, slow = (
        await video.watching("cam", "Grace", "?format=json"),
        await video.watching("cam", "Linus", "?format=json"),
    )
    slow.stop_reading()
    image = data_url(jpeg(moving(1, 1280, 720), 100))
    for sequence in range(1, 41):
        await camera.send(type="frame", image=image, sequence=sequence)
        assert (await quick.hear("frame"))["sequence"] == sequence
        await camera.hear("frame")
    slow.read_on()
    seen = [await slow.hear("frame")]
    while seen[-1]["sequence"] < 40:
        seen.append(await slow.hear("frame"))
    assert len(seen) <= 9  # those on their way, and the newest
    assert len(seen) + seen[-1]["dropped"] == 40


@pytest.mark.parametrize("stream", ["nothing", "a/b", "%0a", "x" * 65])
async def test_what_is_not_live_cannot_be_watched(video: Instance, stream: str) -> None:
    assert await video.refusal(f"/api/ws/video/{stream}") == (404, "unknown_stream")


async def test_an_unknown_format_is_refused_at_the_handshake(video: Instance) -> None:
    await video.camera("Ada", "?stream=cam")
    assert await video.refusal("/api/ws/video/cam?format=gif") == (422, "invalid")


# Names


@pytest.mark.parametrize("name", ["A-z_0.9", "x" * 64])
async def test_a_name_may_be_64_of_the_letters(video: Instance, name: str) -> None:
    await video.camera("Ada", f"?stream={name}")
    assert [stream["name"] for stream in await video.streams()] == [name]


@pytest.mark.parametrize("name", ["x" * 65, "a%20b", "a/b", "%C3%BC"])
async def test_other_names_are_refused(video: Instance, name: str) -> None:
    assert await video.refusal(f"/api/ws/video?stream={name}") == (422, "invalid")


@pytest.mark.parametrize("name", ["Ada", "Grace"])
async def test_a_name_has_one_publisher(video: Instance, name: str) -> None:
    await video.camera("Ada", "?stream=cam")
    assert await video.refusal("/api/ws/video?stream=cam", name) == (409, "stream_taken")


async def test_of_many_who_come_at_once_one_gets_the_name(world: World) -> None:
    video = await world.instance(connections_per_person=0)
    came = await asyncio.gather(*(video.camera("Ada", "?stream=cam") for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(one, Camera) for one in came) == 1


async def test_a_handshake_that_fails_after_its_claim_gives_the_name_back(world: World) -> None:
    video = await world.instance(connections_per_person=1)
    await asyncio.gather(*(video.camera("Ada", f"?stream=cam{n}") for n in range(5)), return_exceptions=True)
    (stream,) = await video.streams()
    assert stream["name"].startswith("cam")


# Limits


async def test_as_many_streams_as_allowed_and_no_more(world: World) -> None:
    video = await world.instance(streams_max=2)
    cameras = [await video.camera("Ada", f"?stream=cam{number}") for number in range(2)]
    assert await video.refusal("/api/ws/video?stream=cam2") == (429, "too_many_streams")
    await cameras[0].close()
    await eventually(lambda: _has_names(video, ["cam1"]))
    await video.camera("Ada", "?stream=cam2")


async def _has_names(video: Instance, names: list[str]) -> bool:
    return [stream["name"] for stream in await video.streams()] == names


async def test_as_many_watchers_as_allowed_and_no_more(world: World) -> None:
    video = await world.instance(watchers_per_stream=2)
    await video.camera("Ada", "?stream=cam")
    screens = [await video.watching("cam") for _ in range(2)]
    assert await video.refusal("/api/ws/video/cam") == (429, "too_many_watchers")
    assert await video.refuses("/api/video/streams/cam/mjpeg") == (429, "too_many_watchers")
    (stream,) = await video.streams()
    assert stream["watchers"] == 2
    await screens[0].close()
    await eventually(lambda: len(video.state["open_connections"]) == 2)
    await video.watching("cam")


# Coming and going


async def test_a_publisher_who_comes_back_finds_their_watchers(video: Instance) -> None:
    camera = await video.camera("Ada", "?stream=cam")
    screen = await video.watching("cam")
    await camera.close()
    assert await screen.hear("stream_ended") == {"type": "stream_ended", "name": "cam", "returns_within_s": 10}
    assert await video.streams() == []
    assert await video.refusal("/api/ws/video?stream=cam", "Linus") == (409, "stream_taken")
    late = await video.screen("cam", "Linus")
    assert (await late.hear("stream"))["live"] is False
    camera = await video.camera("Ada", "?stream=cam")
    for one in (screen, late):
        assert (await one.hear("stream"))["live"] is True
    picture = await camera.show(plain(BLUE))
    assert distance(await screen.see(), picture) == 0


async def test_a_stream_whose_publisher_stays_away_is_over_and_its_name_free(world: World) -> None:
    video = await world.instance(return_s=0.6, look_interval_s=0.05)
    camera = await video.camera("Ada", "?stream=cam")
    screen = await video.watching("cam")
    await camera.close()
    assert (await screen.hear("stream_ended"))["returns_within_s"] == 1
    assert await screen.closed() == 1000
    await eventually(lambda: _is_unknown(video))
    await video.camera("Linus", "?stream=cam")


async def _is_unknown(video: Instance) -> bool:
    return (await video.get("/api/video/streams/cam/snapshot")).status_code == 404


@pytest.mark.parametrize("is_elsewhere", [False, True])
async def test_who_watched_is_not_shown_who_has_the_name_next(world: World, *, is_elsewhere: bool) -> None:
    waits: dict[str, Any] = {"return_s": 0.1, "look_interval_s": 3600}  # nobody ends them before
    here = await world.instance(**waits)
    there = await world.instance(**waits) if is_elsewhere else here
    camera = await here.camera("Ada", "?stream=cam")
    await camera.show(plain(RED))
    screen = await there.watching("cam")
    await screen.see()
    async with there.client() as client, client.stream("GET", "/api/video/streams/cam/mjpeg") as response:
        await camera.close()
        await screen.hear("stream_ended")
        camera = await _camera_when_free(here, "Linus")
        await camera.show(plain(GREEN))
        late = await there.screen("cam")
        assert (await late.hear("stream"))["username"] == "Linus"
        assert is_colour(await late.see(), GREEN)
        with pytest.raises(ConnectionClosed):
            await screen.hear_anything()
        assert screen.connection.close_code == 1000
        async with asyncio.timeout(10):
            assert all([is_colour(picture, RED) async for picture in parts(response)])
    await camera.show(plain(BLUE))
    assert is_colour(await late.see(), BLUE)


async def test_watchers_end_when_somebody_else_has_the_name_elsewhere(world: World) -> None:
    here, there = [await world.instance(return_s=0.1, look_interval_s=3600) for _ in range(2)]
    camera = await here.camera("Ada", "?stream=cam")
    screen = await there.watching("cam")
    await camera.close()
    await screen.hear("stream_ended")
    await _camera_when_free(here, "Linus")
    await there.state["watched_streams"].look()  # now, and not twice a second
    with pytest.raises(ConnectionClosed):
        await screen.hear_anything()


async def _camera_when_free(video: Instance, name: str) -> Camera:
    async with asyncio.timeout(10):
        while True:
            with suppress(InvalidStatus):
                return await video.camera(name, "?stream=cam")


async def test_watchers_come_and_go_without_a_trace(video: Instance) -> None:
    camera = await video.camera("Ada", "?stream=cam")
    screens: list[Line] = [await video.watching("cam") for _ in range(5)]
    for screen in screens:
        await screen.close()
    await eventually(lambda: len(video.state["open_connections"]) == 1)
    await camera.show(STILL)
    assert (await video.streams())[0]["watchers"] == 0
