"""Instances without Redis, and those that die: what they had is away at once, and none leaves a ghost."""

import asyncio
import signal
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from tests.valkey import Valkey
from tests.video_service.instances.listed import until_listed
from tests.video_service.scenes import BLUE, GREEN, RED, STILL, decoded, distance, is_colour, plain
from tests.video_service.world import Camera, Line, World, data_url
from tests.waiting import eventually
from video_service.feed import Feed


async def until_seen(screen: Line, camera: Camera, colour: tuple[int, int, int]) -> None:
    """Show it until it arrives."""
    async with asyncio.timeout(10):
        while True:
            await camera.show(plain(colour))
            heard = await screen.hear_anything()
            if isinstance(heard, bytes) and is_colour(decoded(heard), colour):
                return


# Without Redis


async def test_without_redis_streams_are_those_of_the_instance(world: World) -> None:
    alone = await world.instance(redis_url=f"unix://{world.folder}/nothing.sock", return_s=1)
    camera = await alone.camera("Ada", "?stream=cam")
    assert await alone.refusal("/api/ws/video?stream=cam", "Grace") == (409, "stream_taken")
    screen = await alone.watching("cam")
    picture = await camera.show(STILL)
    assert distance(await screen.see(), picture) == 0
    assert [stream["name"] for stream in await alone.streams()] == ["cam"]
    assert await alone.refusal("/api/ws/video/other") == (404, "unknown_stream")
    await camera.close()
    await screen.hear("stream_ended")
    assert await alone.refusal("/api/ws/video?stream=cam", "Grace") == (409, "stream_taken")
    await alone.camera("Ada", "?stream=cam")
    assert (await screen.hear("stream"))["live"] is True


async def test_streams_outlive_a_redis_that_dies_and_comes_back_empty(fragile_world: World, valkey: Valkey) -> None:
    here, there = await fragile_world.instance(), await fragile_world.instance()
    camera = await here.camera("Ada", "?stream=cam")
    near, far = await here.watching("cam"), await there.watching("cam")
    valkey.kill()
    for one in (here, there):
        await eventually(lambda bus=one.state["bus"]: not bus.is_connected)
    picture = await camera.show(plain(RED))
    assert distance(await near.see(), picture) == 0
    valkey.start()
    for one in (here, there):
        await eventually(lambda bus=one.state["bus"]: bus.is_connected)
    await until_listed(there, "cam", watchers=2)
    showing = asyncio.create_task(_keep_showing(camera, plain(GREEN)))
    async with asyncio.timeout(10):
        while not (isinstance(heard := await far.hear_anything(), bytes) and is_colour(decoded(heard), GREEN)):
            pass
    showing.cancel()


async def _keep_showing(camera: Camera, image: bytes) -> None:
    while True:
        await camera.show(image)
        await asyncio.sleep(0.02)  # a camera's pace: more than 60 a second are refused


async def test_of_two_who_took_a_name_while_redis_was_away_one_keeps_it(fragile_world: World, valkey: Valkey) -> None:
    here, there = await fragile_world.instance(), await fragile_world.instance()
    valkey.kill()
    for one in (here, there):
        await eventually(lambda bus=one.state["bus"]: not bus.is_connected)
    cameras = [await here.camera("Ada", "?stream=cam"), await there.camera("Grace", "?stream=cam")]
    valkey.start()
    hearing = [asyncio.create_task(camera.refused()) for camera in cameras]
    (told,), (other,) = await asyncio.wait(hearing, return_when=asyncio.FIRST_COMPLETED)
    assert await told == "stream_taken"
    other.cancel()
    keeper = "Ada" if hearing.index(other) == 0 else "Grace"
    for instance in (here, there):
        await until_listed(instance, "cam", username=keeper)
    for camera in cameras:  # the other one is served, but not published any more
        await camera.show(STILL)
    for instance in (here, there):
        assert [stream["username"] for stream in await instance.streams()] == [keeper]


async def test_a_redis_that_refuses_is_as_good_as_none(world: World) -> None:
    video = await world.instance()
    bus = await world.bus()
    await bus.execute(("SET", bus.channel("streams"), "not a set"))
    await video.camera("Ada", "?stream=cam")
    assert [stream["name"] for stream in await video.streams()] == ["cam"]
    await bus.execute(("DEL", bus.channel("streams")))


# An instance that dies


async def test_what_a_dead_instance_published_is_away_at_once_and_free_later(
    fragile_world: World, valkey: Valkey
) -> None:
    """Its silence is what tells; here it is cut off from Redis, which is the same to the others."""
    dying, there = [
        await fragile_world.instance(return_s=5, renewed_ms_max=500, look_interval_s=0.05) for _ in range(2)
    ]
    await dying.camera("Ada", "?stream=cam")
    screen = await there.watching("cam")
    dying.state["bus"]._connection._transport.pause_reading()  # noqa: SLF001 - hung, not closed
    dying.state["bus"]._connection = None  # noqa: SLF001 - and sends nothing any more
    assert await screen.hear("stream_ended")
    assert await there.refusal("/api/ws/video?stream=cam", "Grace") == (409, "stream_taken")
    back = await there.camera("Ada", "?stream=cam")
    assert (await screen.hear("stream"))["live"] is True
    await until_seen(screen, back, BLUE)


async def test_a_watching_instance_that_dies_is_forgotten(world: World) -> None:
    here, there = [await world.instance(interest_s_max=0.5, look_interval_s=0.05) for _ in range(2)]
    await here.camera("Ada", "?stream=cam")
    await there.watching("cam")
    await until_listed(here, "cam", watchers=1)
    there.state["bus"]._connection = None  # noqa: SLF001 - it says nothing any more
    await until_listed(here, "cam", watchers=0)


async def test_a_hung_redis_delays_no_picture(fragile_world: World, valkey: Valkey) -> None:
    here, there = await fragile_world.instance(), await fragile_world.instance()
    camera = await here.camera("Ada", "?stream=cam")
    near = await here.watching("cam")
    await there.watching("cam")
    valkey.send(signal.SIGSTOP)
    try:
        for _ in range(20):
            await camera.show(STILL)
            await near.see()
    finally:
        valkey.send(signal.SIGCONT)


async def test_a_watcher_hears_of_a_restart_and_may_come_to_another_instance(world: World) -> None:
    here, there = await world.instance(), await world.instance()
    camera = await here.camera("Ada", "?stream=cam")
    screen = await there.watching("cam")
    await there.stop()
    with pytest.raises(ConnectionClosed):
        await screen.hear_anything()
    assert screen.connection.close_code == 1012
    again = await here.watching("cam")
    await camera.send(type="frame", image=data_url(STILL))
    await again.see()


# At the door


async def test_a_lease_that_redis_hears_of_too_late_runs_out_by_itself(fragile_world: World, valkey: Valkey) -> None:
    video = await fragile_world.instance(renewed_ms_max=500)
    published = video.state["published_streams"]._published  # noqa: SLF001 - nobody else is told of half a lease
    valkey.send(signal.SIGSTOP)
    try:
        joining = asyncio.create_task(video.camera("Ada", "?stream=cam"))
        await eventually(lambda: "cam" in published)
        joining.cancel()
        await eventually(lambda: not published)
    finally:
        valkey.send(signal.SIGCONT)

    async def can_publish() -> bool:
        with suppress(InvalidStatus):
            await video.camera("Ada", "?stream=cam")
            return True
        return False

    await eventually(can_publish)


class StuckFeed(Feed):
    """Redis takes its time to let anybody watch."""

    async def watch(self, *_: object, **__: object) -> bool:
        return await asyncio.Event().wait()


async def test_an_end_of_the_service_leaves_nobody_at_the_door(world: World) -> None:
    here, there = await world.instance(), await world.instance(new_feed=StuckFeed)
    await here.camera("Ada", "?stream=cam")
    screens = there.state["watched_streams"]
    joining = asyncio.create_task(there.screen("cam"))
    await eventually(lambda: bool(screens._watched))  # noqa: SLF001 - nobody else is told of half a screen
    await there.stop()
    assert not screens._watched  # noqa: SLF001 - the same
    with pytest.raises((OSError, EOFError, InvalidMessage)):
        await joining


async def test_a_stream_that_redis_lost_can_still_be_watched_by_who_is_there(
    fragile_world: World, valkey: Valkey
) -> None:
    here, there = await fragile_world.instance(), await fragile_world.instance()
    await here.camera("Ada", "?stream=cam")
    await there.watching("cam")
    valkey.kill()
    await eventually(lambda: not there.state["bus"].is_connected)
    await there.watching("cam", "Linus")
