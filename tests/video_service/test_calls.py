"""What is shown in a call is seen by the two in it alone: on every path, at every moment, on every instance."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.chat_service.world import Device
from tests.chat_service.world import Instance as ChatInstance
from tests.chat_service.world import World as ChatWorld
from tests.valkey import Valkey
from tests.video_service.scenes import RED, ground, jpeg, plain
from tests.video_service.world import Camera, Instance, Line, World
from tests.waiting import eventually

STILL = jpeg(ground())
PATHS = ["/api/video/streams/cam/snapshot", "/api/video/streams/cam/mjpeg"]


@pytest.fixture
async def chat(tmp_path: Path, redis_url: str) -> AsyncIterator[ChatInstance]:
    async with ChatWorld(tmp_path, redis_url) as world:
        yield await world.instance(messages_per_second=0)


async def devices(chat: ChatInstance) -> tuple[Device, Device]:
    return await chat.live_device("Ada"), await chat.live_device("Grace")


async def ring(ada: Device, grace: Device, stream: str = "cam") -> None:
    await ada.send(type="call", to="Grace", stream=stream)
    assert (await grace.hear("call"))["stream"] == stream
    await ada.hear("call")


async def answer(ada: Device, grace: Device, stream: str = "cam2") -> None:
    await grace.send(type="answer", to="Ada", stream=stream)
    for device in (ada, grace):
        assert (await device.hear("answer"))["stream"] == stream


async def hang_up(ada: Device, grace: Device) -> None:
    await ada.send(type="hang_up", to="Grace")
    for device in (ada, grace):
        await device.hear("hang_up")


async def assert_hidden_from(video: Instance, name: str = "Linus", stream: str = "cam") -> None:
    """As if there were no such stream."""
    for path in PATHS:
        assert await video.refuses(path.replace("cam", stream), name) == (404, "unknown_stream")
        async with video.client(name) as client:
            assert (await client.head(path.replace("cam", stream))).status_code == 404
    assert await video.refusal(f"/api/ws/video/{stream}", name) == (404, "unknown_stream")
    assert stream not in await listed(video, name)


async def listed(video: Instance, name: str) -> list[str]:
    return [one["name"] for one in (await video.get("/api/video/streams", name)).json()]


async def test_a_stream_of_a_call_is_seen_by_the_two_alone(world: World, chat: ChatInstance) -> None:
    here, there = await world.instance(), await world.instance()
    ada, grace = await devices(chat)
    await ring(ada, grace)
    camera = await here.camera("Ada", "?stream=cam")
    await camera.show(STILL)
    for video in (here, there):
        await assert_hidden_from(video)
    await answer(ada, grace)
    await (await there.camera("Grace", "?stream=cam2")).show(STILL)
    for video in (here, there):
        for stream in ("cam", "cam2"):
            await assert_hidden_from(video, stream=stream)
        assert await listed(video, "Ada") == await listed(video, "Grace") == []  # in nobody's list
        for name, stream in (("Grace", "cam"), ("Ada", "cam2"), ("Ada", "cam")):
            assert (await video.get(f"/api/video/streams/{stream}/snapshot", name)).status_code == 200
            await (await video.watching(stream, name)).see()


async def test_before_anybody_is_live_the_name_is_kept_for_who_bound_it(world: World, chat: ChatInstance) -> None:
    here, there = await world.instance(), await world.instance()
    await ring(*await devices(chat))
    for video in (here, there):
        for name in ("Grace", "Linus"):
            assert await video.refusal("/api/ws/video?stream=cam", name) == (409, "stream_taken")
        await assert_hidden_from(video)
    await here.camera("Ada", "?stream=cam")


async def test_who_watches_already_is_closed_when_the_stream_is_bound(world: World, chat: ChatInstance) -> None:
    here, there = [await world.instance(look_interval_s=3600) for _ in range(2)]  # they are told, and do not look
    camera = await here.camera("Ada", "?stream=cam")
    await camera.show(STILL)
    strangers = [await video.watching("cam", "Linus") for video in (here, there)]
    friends = [await video.watching("cam", "Grace") for video in (here, there)]
    async with there.client("Linus") as client, client.stream("GET", PATHS[1]) as response:
        await ring(*await devices(chat))
        for stranger in strangers:
            assert await stranger.closed() == 1000
        assert [part async for part in response.aiter_raw()]  # it ends
    for friend in friends:
        await friend.see()
    await camera.show(plain(RED))
    for friend in friends:
        await friend.see()
    for video in (here, there):
        await assert_hidden_from(video)


async def test_what_was_not_heard_of_a_call_is_looked_up(world: World) -> None:
    here, there = [await world.instance(look_interval_s=0.05) for _ in range(2)]
    await (await here.camera("Ada", "?stream=cam")).show(STILL)
    strangers = [await video.watching("cam", "Linus") for video in (here, there)]
    bus = await world.bus()
    await bus.execute(("SET", "parley:bound:cam", "Ada Grace"))
    for stranger in strangers:
        assert await stranger.closed() == 1000
    friend = await there.watching("cam", "Grace")
    await bus.execute(("SET", "parley:bound:cam", ""))
    assert await friend.closed() == 1000


async def test_when_the_call_is_over_its_streams_are_and_their_names_are_free(world: World, chat: ChatInstance) -> None:
    here, there = await world.instance(), await world.instance()
    ada, grace = await devices(chat)
    await ring(ada, grace)
    await answer(ada, grace)
    camera = await here.camera("Ada", "?stream=cam")
    await camera.show(STILL)
    screens = [await video.watching("cam") for video in (here, there)]
    await hang_up(ada, grace)
    for screen in screens:
        assert await screen.closed() == 1000
    assert await camera.refused() == "call_ended"
    for video in (here, there):
        for name in ("Grace", "Linus"):
            await assert_hidden_from(video, name)
    await camera.show(STILL)  # they are answered, and nobody else sees it
    for video in (here, there):
        await assert_hidden_from(video)
    await there.camera("Linus", "?stream=cam")
    assert await listed(here, "Grace") == ["cam"]


async def test_who_declines_frees_the_name(world: World, chat: ChatInstance) -> None:
    video = await world.instance()
    ada, grace = await devices(chat)
    await ring(ada, grace)
    await grace.send(type="hang_up", to="Ada")
    await grace.hear("hang_up")
    await video.camera("Linus", "?stream=cam")
    assert await listed(video, "Grace") == ["cam"]


async def test_a_publisher_who_comes_back_elsewhere_is_still_in_the_call(world: World, chat: ChatInstance) -> None:
    here, there = await world.instance(), await world.instance()
    ada, grace = await devices(chat)
    await ring(ada, grace)
    await answer(ada, grace)
    camera = await here.camera("Ada", "?stream=cam")
    await camera.show(STILL)
    screen = await here.watching("cam")
    await screen.see()
    await camera.close()
    await screen.hear("stream_ended")
    for video in (here, there):
        await assert_hidden_from(video)
    camera = await there.camera("Ada", "?stream=cam")
    await camera.show(STILL)
    await screen.hear("stream")
    for video in (here, there):
        await assert_hidden_from(video)


@pytest.mark.parametrize("is_live", [True, False])
async def test_a_name_of_somebody_else_is_refused(world: World, chat: ChatInstance, *, is_live: bool) -> None:
    video = await world.instance()
    camera = await video.camera("Linus", "?stream=cam")
    ada, grace = await devices(chat)
    if not is_live:  # then it is kept for Linus for a while
        await camera.close()
        await eventually(lambda: not video.state["published_streams"].count)
    await ada.send(type="call", to="Grace", stream="cam")
    assert await ada.refused() == "stream_taken"
    await grace.heard_nothing()
    await ring(ada, grace, "cam1")
    await grace.send(type="answer", to="Ada", stream="cam")
    assert await grace.refused() == "stream_taken"
    await grace.send(type="answer", to="Ada", stream="cam1")
    assert await grace.refused() == "stream_taken"
    await answer(ada, grace)


async def test_a_stream_is_in_one_call(world: World, chat: ChatInstance) -> None:
    await world.instance()
    ada, grace = await devices(chat)
    await chat.live_device("Linus")
    await ring(ada, grace)
    await ada.send(type="call", to="Linus", stream="cam")
    assert await ada.refused() == "stream_taken"
    await hang_up(ada, grace)
    await ada.hear("sent")
    await ada.send(type="call", to="Linus", stream="cam")
    await ada.hear("call")


async def test_who_shows_another_stream_in_the_same_call_frees_the_first(world: World, chat: ChatInstance) -> None:
    video = await world.instance()
    ada, grace = await devices(chat)
    await ring(ada, grace)
    await ring(ada, grace, "better")
    await assert_hidden_from(video, stream="better")
    assert await video.refusal("/api/ws/video?stream=better", "Linus") == (409, "stream_taken")
    await video.camera("Linus", "?stream=cam")


async def test_redis_killed_in_the_middle_shows_nothing_to_anybody_else(
    fragile_world: World, valkey: Valkey, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        chats = await stack.enter_async_context(ChatWorld(tmp_path, valkey.url))
        chat = await chats.instance()
        here, there = await fragile_world.instance(), await fragile_world.instance()
        ada, grace = await devices(chat)
        await ring(ada, grace)
        await answer(ada, grace)
        camera = await here.camera("Ada", "?stream=cam")
        await camera.show(STILL)
        screens = [await video.watching("cam") for video in (here, there)]
        for screen in screens:
            await screen.see()
        valkey.kill()
        await eventually(lambda: not here.state["bus"].is_connected and not there.state["bus"].is_connected)
        for video in (here, there):
            await assert_hidden_from(video)
        valkey.start()
        for each in (here, there, chat):
            await eventually(lambda each=each: each.state["bus"].is_connected)
        for video in (here, there):
            await assert_hidden_from(video)
        await sees(camera, screens[0])
        await sees(camera, screens[1])  # the call goes on
        assert await there.refusal("/api/ws/video?stream=cam2", "Linus") == (409, "stream_taken")
        await hang_up(ada, grace)
        for screen in screens:
            assert await screen.closed() == 1000


async def sees(camera: Camera, screen: Line) -> None:
    """Sooner or later one of the pictures that are sent from now on."""

    async def picture() -> None:
        while not isinstance(await screen.hear_anything(), bytes):
            pass

    seeing = asyncio.create_task(picture())

    async def is_seen() -> bool:
        await camera.show(plain(RED))
        await asyncio.sleep(0.02)  # a camera's pace: more than 60 a second are refused
        return seeing.done()

    await eventually(is_seen)
    await seeing


async def test_a_publisher_who_comes_back_without_redis_is_still_in_the_call(
    fragile_world: World, valkey: Valkey
) -> None:
    video = await fragile_world.instance()
    bus = await fragile_world.bus()
    await bus.execute(("SET", "parley:bound:cam", "Ada Grace"))
    camera = await video.camera("Ada", "?stream=cam")
    await camera.show(STILL)
    valkey.kill()
    await eventually(lambda: not video.state["bus"].is_connected)
    await camera.close()
    await eventually(lambda: not video.state["published_streams"].count)
    camera = await video.camera("Ada", "?stream=cam")
    await camera.show(STILL)
    await assert_hidden_from(video)
    await (await video.watching("cam", "Grace")).see()


async def test_a_call_that_nobody_keeps_is_over(world: World) -> None:
    """Its chat instances are dead, and what they wrote has run out."""
    video = await world.instance(unbound_s_max=0.2, look_interval_s=0.05)
    bus = await world.bus()
    await bus.execute(("SET", "parley:bound:cam", "Ada Grace"))
    camera = await video.camera("Ada", "?stream=cam")
    await camera.show(STILL)
    screen = await video.watching("cam")
    await bus.execute(("DEL", "parley:bound:cam"))
    assert await screen.closed() == 1000
    assert await camera.refused() == "call_ended"
    await assert_hidden_from(video)
