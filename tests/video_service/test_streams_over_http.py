"""Streams over HTTP: listed, as snapshots, and as MJPEG for as long as stream, session and token last."""

import asyncio
import socket
from collections.abc import Sequence

import httpx
import numpy as np
import pytest

from tests.clock import NOW_S
from tests.video_service.mjpeg import next_of, parts
from tests.video_service.scenes import BLUE, GREEN, RED, STILL, decoded, is_colour, jpeg, plain
from tests.video_service.world import Camera, Instance, World
from tests.waiting import eventually
from video_service.domain.leases import FoundStream
from video_service.feed import Feed


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
        video.state["authentication"].revoke("session-of-Grace")
        await eventually(lambda: len(video.state["open_connections"]) == 1)
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_session_that_ends_while_mjpeg_is_asked_for_sees_nothing(world: World) -> None:
    class Interrupted(Feed):
        async def find(self, names: Sequence[str]) -> list[FoundStream]:
            found = await super().find(names)
            there.state["authentication"].revoke("session-of-Grace")
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
