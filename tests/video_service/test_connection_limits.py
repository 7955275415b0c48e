"""A person's connections are counted over all instances of video; while Redis is away, on each."""

import asyncio
import signal
from pathlib import Path

from websockets.exceptions import InvalidStatus

from tests.valkey import Valkey
from tests.video_service.scenes import ground, jpeg
from tests.video_service.world import Camera, Instance, World
from tests.waiting import eventually

STILL = jpeg(ground())
MJPEG = "/api/video/streams/cam/mjpeg"
TOO_MANY_CONNECTIONS = (429, "too_many_connections")
LEASE_S = 0.4
HANG_S_MAX = 1.5  # less than it takes the bus to find out that Redis hangs


async def until_entered(video: Instance) -> None:
    """Ada has one connection more there."""

    async def has_entered() -> bool:
        try:
            await video.camera("Ada")
        except InvalidStatus:
            return False
        return True

    await eventually(has_entered)


async def test_as_many_connections_as_allowed_enter_wherever_they_come(world: World) -> None:
    instances = [await world.instance(connections_per_person=3) for _ in range(3)]
    came = await asyncio.gather(*(instances[n % 3].camera("Ada") for n in range(9)), return_exceptions=True)
    assert sum(isinstance(one, Camera) for one in came) == 3
    for video in instances:
        assert await video.refusal() == TOO_MANY_CONNECTIONS
        await video.camera("Grace")


async def test_cameras_screens_and_mjpeg_count_together_and_make_room_when_they_end(world: World) -> None:
    here, there = [await world.instance(connections_per_person=3) for _ in range(2)]
    await (await here.camera("Ada", "?stream=cam")).show(STILL)
    screen = await here.watching("cam", "Ada")
    async with there.client("Ada") as client, client.stream("GET", MJPEG) as answer:
        assert answer.status_code == 200
        assert await there.refusal("/api/ws/video?stream=another") == TOO_MANY_CONNECTIONS
        assert await here.refuses(MJPEG, "Ada") == TOO_MANY_CONNECTIONS
        assert [one["name"] for one in await here.streams()] == ["cam"]
    await until_entered(here)
    assert await there.refusal() == TOO_MANY_CONNECTIONS
    await screen.close()
    await until_entered(there)


async def test_what_is_refused_for_another_reason_does_not_count(world: World) -> None:
    here, there = [await world.instance(connections_per_person=1) for _ in range(2)]
    for _ in range(3):
        assert await here.refuses(MJPEG, "Ada") == (404, "unknown_stream")
        assert await here.refusal("/api/ws/video/cam") == (404, "unknown_stream")
    await there.camera("Ada")


async def test_an_instance_with_a_lower_limit_counts_what_is_open_elsewhere(world: World) -> None:
    before, after = await world.instance(connections_per_person=3), await world.instance(connections_per_person=1)
    await before.camera("Ada")
    assert await after.refusal() == TOO_MANY_CONNECTIONS
    await before.camera("Ada")


async def test_the_connections_of_a_lost_instance_count_until_its_lease_runs_out(world: World, tmp_path: Path) -> None:
    """To the others one that cannot reach Redis is the same as one that was killed."""
    link = tmp_path / "link.sock"
    link.symlink_to(world.redis_url.removeprefix("unix://"))
    here = await world.instance(connections_per_person=1, connection_lease_s=LEASE_S)
    lost = await world.instance(connections_per_person=1, connection_lease_s=LEASE_S, redis_url=f"unix://{link}")
    await eventually(lambda: lost.state["bus"].is_connected)
    await lost.camera("Ada")
    assert await here.refusal() == TOO_MANY_CONNECTIONS
    bus = await world.bus()
    (client_id,) = await lost.state["bus"].execute(("CLIENT", "ID"))
    link.unlink()
    await bus.execute(("CLIENT", "KILL", "ID", client_id))
    await until_entered(here)


async def test_a_redis_that_forgot_the_connections_is_told_again(world: World) -> None:
    here, there = [await world.instance(connections_per_person=1, connection_lease_s=LEASE_S) for _ in range(2)]
    await here.camera("Ada")
    bus = await world.bus()
    await bus.execute(("FLUSHALL",))

    async def is_known() -> bool:
        (found,) = await bus.execute(("KEYS", bus.channel("connections:video:*")))
        return len(list(found)) == 1

    await eventually(is_known)
    assert await there.refusal() == TOO_MANY_CONNECTIONS


async def test_without_redis_each_instance_counts_for_itself_and_together_after_its_return(
    fragile_world: World, valkey: Valkey
) -> None:
    here, there = [await fragile_world.instance(connections_per_person=1) for _ in range(2)]
    camera = await here.camera("Ada")
    assert await there.refusal() == TOO_MANY_CONNECTIONS
    valkey.kill()
    await eventually(lambda: not (here.state["bus"].is_connected or there.state["bus"].is_connected))
    await there.camera("Ada")
    for video in (here, there):
        assert await video.refusal() == TOO_MANY_CONNECTIONS
    valkey.start()
    await eventually(lambda: here.state["bus"].is_connected and there.state["bus"].is_connected)
    for video in (here, there):
        assert await video.state["bus"].ping()
    await camera.close()
    await eventually(lambda: not len(here.state["open_connections"]))
    assert await here.refusal() == TOO_MANY_CONNECTIONS


async def test_a_redis_that_hangs_keeps_nobody_out_and_hardly_up(fragile_world: World, valkey: Valkey) -> None:
    video = await fragile_world.instance(connections_per_person=2)
    valkey.send(signal.SIGSTOP)
    async with asyncio.timeout(HANG_S_MAX):
        await video.camera("Ada")
        await video.camera("Ada")
        assert await video.refusal() == TOO_MANY_CONNECTIONS
    valkey.send(signal.SIGCONT)
