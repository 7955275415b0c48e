"""Streams are published under a name, listed, watched over sockets and as MJPEG, and come back within a while."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.clock import NOW_S
from tests.video_service.scenes import BLUE, GREEN, RED, Image, decoded, distance, ground, jpeg, moving
from tests.video_service.world import Camera, Instance, Line, World, data_url, picture_in
from tests.waiting import eventually
from video_service.domain.leases import FoundStream
from video_service.feed import Feed
from video_service.pipeline.decoding import encode
from video_service.pipeline.frame_processor import FrameProcessor
from video_service.pipeline.renderer import Renderer

STILL = jpeg(ground())
PART_HEAD = b"--picture\r\nContent-Type: image/jpeg\r\n\r\n"


def plain(colour: tuple[int, int, int]) -> bytes:
    image = ground(320, 240)
    image[:] = colour
    return jpeg(image)


def is_colour(image: Image, colour: tuple[int, int, int]) -> bool:
    return bool(abs(image.mean(axis=(0, 1)) - colour).max() < 20)


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


# Over HTTP


async def test_live_streams_are_listed_by_name(video: Instance) -> None:
    assert await video.streams() == []
    await video.camera("Grace", "?stream=zoo")
    camera = await video.camera("Ada", "?stream=cam&max_width=320")
    await camera.show(STILL)
    await video.watching("cam")
    assert await video.streams() == [
        {
            "name": "cam",
            "username": "Ada",
            "started_at": "2027-01-15T08:00:00.000Z",
            "watchers": 1,
            "width": 320,
            "height": 240,
        },
        {
            "name": "zoo",
            "username": "Grace",
            "started_at": "2027-01-15T08:00:00.000Z",
            "watchers": 0,
            "width": None,
            "height": None,
        },
    ]


async def test_a_snapshot_is_the_last_picture(video: Instance) -> None:
    camera = await video.camera("Ada", "?stream=cam")
    await camera.show(plain(RED))
    await camera.show(plain(GREEN))
    answer = await video.get("/api/video/streams/cam/snapshot")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    assert is_colour(decoded(answer.content), GREEN)


async def test_a_snapshot_of_nothing_is_refused(world: World) -> None:
    video = await world.instance(picture_wait_s_max=0.05)
    assert await video.refuses("/api/video/streams/cam/snapshot") == (404, "unknown_stream")
    await video.camera("Ada", "?stream=cam")
    assert await video.refuses("/api/video/streams/cam/snapshot") == (404, "no_picture_yet")


async def test_a_snapshot_of_a_stream_that_begins_waits_for_its_first_picture(video: Instance) -> None:
    camera = await video.camera("Ada", "?stream=cam")
    asking = asyncio.create_task(video.get("/api/video/streams/cam/snapshot"))
    await camera.show(plain(RED))
    answer = await asking
    assert is_colour(decoded(answer.content), RED)


@pytest.mark.parametrize("path", ["", "/cam/snapshot", "/cam/mjpeg"])
async def test_who_is_not_signed_in_sees_nothing(video: Instance, path: str) -> None:
    assert await video.refuses("/api/video/streams" + path, "") == (401, "unauthenticated")


async def parts(response: httpx.Response) -> AsyncIterator[Image]:
    """The pictures of a multipart answer, as they come."""
    buffer = b""
    async for data in response.aiter_raw():
        buffer += data
        while (end := buffer.find(b"\r\n" + PART_HEAD)) >= 0:  # with the head of the next, and no sooner
            assert buffer.startswith(PART_HEAD)
            yield decoded(buffer[len(PART_HEAD) : end])
            buffer = buffer[end + 2 :]


async def next_of(pictures: AsyncIterator[Image]) -> Image:
    async with asyncio.timeout(10):
        return await anext(pictures)


async def test_mjpeg_shows_one_picture_after_the_other(video: Instance) -> None:
    camera = await video.camera("Ada", "?stream=cam")
    await camera.show(plain(RED))
    async with video.client() as client, client.stream("GET", "/api/video/streams/cam/mjpeg") as response:
        assert response.headers["content-type"] == "multipart/x-mixed-replace; boundary=picture"
        (stream,) = await video.streams()
        assert stream["watchers"] == 1
        showing = asyncio.create_task(_keep_showing(camera, plain(GREEN)))
        pictures = parts(response)
        first, *_, last = [await next_of(pictures) for _ in range(5)]
        showing.cancel()
        assert is_colour(first, RED)
        assert is_colour(last, GREEN)
    await eventually(lambda: len(video.state["open_connections"]) == 1)


async def test_who_reads_mjpeg_slowly_sees_the_newest_next(world: World) -> None:
    video = await world.instance(frames_per_second=0)
    camera = await video.camera("Ada", "?stream=cam&quality=100&max_width=2000")
    noise = [np.random.default_rng(seed).integers(0, 256, (720, 1280, 3), dtype=np.uint8) for seed in range(2)]
    images, frames = [jpeg(one, 100) for one in noise], 40
    async with video.client() as client, client.stream("GET", "/api/video/streams/cam/mjpeg") as response:
        for number in range(frames):
            await camera.show(images[number % 2])
        await camera.show(plain(BLUE))
        pictures, seen = parts(response), 0
        while not is_colour(await next_of(pictures), BLUE):
            seen += 1
    assert seen < frames / 2  # what stood in the buffers of the line


async def _keep_showing(camera: Camera, image: bytes) -> None:
    while True:
        await camera.show(image)


async def test_the_head_of_mjpeg_has_no_end_to_wait_for(video: Instance) -> None:
    await video.camera("Ada", "?stream=cam")
    async with video.client() as client:
        answer = await client.head("/api/video/streams/cam/mjpeg")
    assert answer.headers["content-type"].startswith("multipart/x-mixed-replace")


async def test_mjpeg_ends_with_the_stream_the_session_and_the_token(world: World) -> None:
    video = await world.instance(return_s=0, look_interval_s=0.05)
    camera = await video.camera("Ada", "?stream=cam")
    await camera.show(STILL)

    async def until_it_ends(session: str, expires_at: int = NOW_S + 900) -> bool:
        options = {"session": session, "expires_at": expires_at}
        async with (
            video.client("Grace", **options) as client,
            client.stream("GET", "/api/video/streams/cam/mjpeg") as response,
            asyncio.timeout(10),
        ):
            async for _ in response.aiter_raw():
                pass
        return True

    world.clock.now = NOW_S + 899.9
    assert await until_it_ends("expiring", NOW_S + 900)
    world.clock.now = NOW_S
    revoked, patient = [asyncio.create_task(until_it_ends(session)) for session in ("revoked", "patient")]
    await eventually(lambda: len(video.state["open_connections"]) == 3)
    video.state["authentication"].revoke("revoked")
    assert await revoked
    await camera.close()
    assert await patient


async def test_mjpeg_is_cut_off_for_who_reads_no_more_when_it_ends(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    video = await world.instance(frames_per_second=0, mjpeg_unread_s_max=0.1)
    camera = await video.camera("Ada", "?stream=cam&quality=100&max_width=2000")
    noise = np.random.default_rng(7).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    who = f"Host: parley.test\r\nAuthorization: Bearer {video.auth.token('Grace')}"
    head = f"GET /api/video/streams/cam/mjpeg HTTP/1.1\r\n{who}\r\n\r\n"
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        line.connect(("127.0.0.1", httpx.URL(video.url).port))
        line.sendall(head.encode())
        await eventually(lambda: len(video.state["open_connections"]) == 2)
        for _ in range(10):  # megabytes: more than the line takes
            await camera.show(jpeg(noise, 100))
        video.state["authentication"].revoke("session of Grace")
        await eventually(lambda: len(video.state["open_connections"]) == 1)
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_session_that_ends_while_mjpeg_is_asked_for_sees_nothing(world: World) -> None:
    class Interrupted(Feed):
        async def find(self, names: Sequence[str]) -> list[FoundStream]:
            found = await super().find(names)
            there.state["authentication"].revoke("session of Grace")
            return found

    here, there = await world.instance(), await world.instance(new_feed=Interrupted)
    camera = await here.camera("Ada", "?stream=cam")
    await camera.show(plain(RED))
    assert await there.refuses("/api/video/streams/cam/mjpeg") == (401, "unauthenticated")
    await camera.show(plain(RED))
    assert (await here.streams())[0]["watchers"] == len(there.state["open_connections"]) == 0


async def test_mjpeg_counts_as_a_connection_also_for_who_asks_often_at_once(world: World) -> None:
    here, there = await world.instance(), await world.instance(connections_per_person=2)
    await here.camera("Ada", "?stream=cam")
    async with there.client() as client:
        asking = [client.build_request("GET", "/api/video/streams/cam/mjpeg") for _ in range(10)]
        answers = await asyncio.gather(*(client.send(request, stream=True) for request in asking))
        assert sorted(answer.status_code for answer in answers) == [200] * 2 + [429] * 8
        for answer in answers:
            await answer.aclose()


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
