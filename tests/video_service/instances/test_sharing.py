"""Instances over one Redis are one: streams are found, watched and limited across them."""

import asyncio

from tests.video_service.instances.listed import until_listed
from tests.video_service.scenes import BLUE, GREEN, RED, STILL, decoded, distance, is_colour, plain
from tests.video_service.world import Instance, World
from tests.waiting import eventually


async def test_a_stream_is_watched_from_another_instance(world: World) -> None:
    here, there = await world.instance(), await world.instance()
    camera = await here.camera("Ada", "?stream=cam&effect=grayscale")
    picture = await camera.show(STILL)
    screen = await there.watching("cam")
    assert distance(await screen.see(), picture) == 0  # the last one, at once
    as_json = await there.watching("cam", "Linus", "?format=json")
    await as_json.hear("frame")
    for sequence in range(10, 15):
        answer = await camera.ask(plain(RED), sequence=sequence, captured_at=sequence / 2)
        await screen.see()
        assert await as_json.hear("frame") == answer
    await until_listed(here, "cam", watchers=2, width=320, height=240)
    await until_listed(there, "cam", watchers=2, width=320, height=240)


async def test_snapshot_and_mjpeg_are_there_on_every_instance(world: World) -> None:
    here, there = await world.instance(), await world.instance()
    camera = await here.camera("Ada", "?stream=cam")
    await camera.show(plain(GREEN))
    answer = await there.get("/api/video/streams/cam/snapshot")
    assert is_colour(decoded(answer.content), GREEN)
    async with there.client() as client, client.stream("GET", "/api/video/streams/cam/mjpeg") as response:
        first = b""
        async with asyncio.timeout(10):
            async for data in response.aiter_raw():
                first += data
                if first.count(b"--picture") > 1:
                    break
    assert is_colour(decoded(first[first.index(b"\xff\xd8") :]), GREEN)


async def test_pictures_are_published_only_while_somebody_elsewhere_watches(world: World) -> None:
    here, there = await world.instance(), await world.instance()
    published: list[bytes] = []
    bus = await world.bus()
    await bus.subscribe("pictures:cam", published.append)
    camera = await here.camera("Ada", "?stream=cam")
    await here.watching("cam")
    await camera.show(STILL)
    screen = await there.watching("cam")
    await screen.see()
    await camera.show(STILL)
    await screen.see()
    await bus.ping()
    assert len(published) == 2  # the last one for the newcomer, and the next
    await screen.close()
    await until_listed(here, "cam", watchers=1)
    published.clear()
    await camera.show(STILL)
    await here.state["bus"].ping()
    await bus.ping()
    assert published == []


async def test_a_name_is_one_publishers_on_all_instances(world: World) -> None:
    here, there = await world.instance(), await world.instance()
    await here.camera("Ada", "?stream=cam")
    for name in ("Ada", "Grace"):
        assert await there.refusal("/api/ws/video?stream=cam", name) == (409, "stream_taken")


async def test_limits_hold_on_all_instances_together(world: World) -> None:
    here, there = (
        await world.instance(streams_max=2, watchers_per_stream=2),
        await world.instance(streams_max=2, watchers_per_stream=2),
    )
    await here.camera("Ada", "?stream=cam0")
    await there.camera("Ada", "?stream=cam1")
    for video in (here, there):
        assert await video.refusal("/api/ws/video?stream=cam2") == (429, "too_many_streams")
    await here.watching("cam0")
    await there.watching("cam0")
    await until_listed_watchers(there, "cam0", 2)
    for video in (here, there):
        assert await video.refusal("/api/ws/video/cam0") == (429, "too_many_watchers")


async def until_listed_watchers(video: Instance, name: str, watchers: int) -> None:
    async def is_so() -> bool:
        return {one["name"]: one["watchers"] for one in await video.streams()}.get(name) == watchers

    await eventually(is_so)


async def test_a_publisher_comes_back_on_another_instance_and_their_watchers_go_on(world: World) -> None:
    here, there = await world.instance(), await world.instance()
    camera = await here.camera("Ada", "?stream=cam")
    near, far = await here.watching("cam"), await there.watching("cam")
    await camera.close()
    for screen in (near, far):
        await screen.hear("stream_ended")
    assert await there.refusal("/api/ws/video?stream=cam", "Grace") == (409, "stream_taken")
    camera = await there.camera("Ada", "?stream=cam")
    for screen in (near, far):
        assert (await screen.hear("stream"))["live"] is True
    picture = await camera.show(plain(BLUE))
    for screen in (near, far):
        assert distance(await screen.see(), picture) == 0
    await camera.close()
    for screen in (near, far):
        await screen.hear("stream_ended")


async def test_a_stream_that_is_over_ends_on_all_instances(world: World) -> None:
    here, there = [await world.instance(return_s=0.2, look_interval_s=0.05) for _ in range(2)]
    camera = await here.camera("Ada", "?stream=cam")
    screen = await there.watching("cam")
    await camera.close()
    await screen.hear("stream_ended")
    assert await screen.closed() == 1000
    await until_free(there)


async def until_free(video: Instance) -> None:
    async def is_free() -> bool:
        return (await video.get("/api/video/streams/cam/snapshot")).status_code == 404

    await eventually(is_free)
