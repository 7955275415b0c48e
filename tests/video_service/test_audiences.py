"""A stream that is shown to a conversation is seen by those in it, for as long as they are."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chat_service.world import Instance as ChatInstance
from tests.chat_service.world import World as ChatWorld
from tests.video_service.scenes import STILL
from tests.video_service.test_calls import assert_hidden_from, listed
from tests.video_service.world import Instance, World
from tests.waiting import eventually
from video_service.domain.audiences import Audience, bound_audience

ROOM = "?stream=cam&audience=%23Attic"


@pytest.fixture
async def chat(tmp_path: Path, redis_url: str) -> AsyncIterator[ChatInstance]:
    async with ChatWorld(tmp_path, redis_url) as world:
        made = await world.instance(messages_per_second=0)
        await made.does("Ada", "POST", "/api/rooms", json={"name": "Attic", "private": True})
        await made.does("Ada", "PUT", "/api/rooms/Attic/members/Grace")
        yield made


@pytest.fixture
async def pair(world: World, chat: ChatInstance) -> tuple[Instance, Instance]:
    one, other = [await world.instance(ask_interval_s=0.05, look_interval_s=0.05, chat_url=chat.url) for _ in range(2)]
    return one, other


@pytest.mark.parametrize("query", ["?stream=cam&audience=@grace", ROOM, "?stream=cam&audience=%23attic"])
async def test_only_those_in_the_conversation_see_it(pair: tuple[Instance, Instance], query: str) -> None:
    camera = await pair[0].camera("Ada", query)
    await camera.show(STILL)
    for video in pair:
        await assert_hidden_from(video, "Linus")
        for name in ("Ada", "Grace"):
            assert await listed(video, name) == ["cam"]
            assert (await video.get("/api/video/streams/cam/snapshot", name)).status_code == 200
            await (await video.watching("cam", name)).see()
        assert await video.refusal("/api/ws/video?stream=cam", "Linus") == (409, "stream_taken")


@pytest.mark.parametrize(
    "audience, name",
    [("@Nobody", "Ada"), ("@Ada", "Ada"), ("%23none", "Ada"), ("%23Attic", "Linus")],
)
async def test_nobody_shows_anything_where_they_may_not_write(
    pair: tuple[Instance, Instance], audience: str, name: str
) -> None:
    path = f"/api/ws/video?stream=cam&audience={audience}"
    assert await pair[0].refusal(path, name) == (404, "unknown_audience")
    assert await listed(pair[0], name) == []


@pytest.mark.parametrize("audience", ["", "grace", "@", "@a%20b", "@" + "x" * 65, "@grace%0A", "*", "!grace"])
async def test_what_is_no_audience_never_is_everybody(pair: tuple[Instance, Instance], audience: str) -> None:
    assert await pair[0].refusal(f"/api/ws/video?stream=cam&audience={audience}") == (422, "invalid")


async def test_who_is_removed_from_the_room_sees_nothing_more_on_the_open_connection(
    pair: tuple[Instance, Instance], chat: ChatInstance
) -> None:
    here, there = pair
    camera = await here.camera("Ada", ROOM)
    await camera.show(STILL)
    screens = [await video.watching("cam", "Grace") for video in pair]
    async with there.client("Grace") as client, client.stream("GET", "/api/video/streams/cam/mjpeg") as response:
        await chat.does("Ada", "DELETE", "/api/rooms/Attic/members/Grace")
        for screen in screens:
            assert await screen.closed() == 1000
        assert [part async for part in response.aiter_raw()]  # it ends
    for video in pair:
        await assert_hidden_from(video, "Grace")
    assert await listed(there, "Ada") == ["cam"]


async def test_who_is_removed_from_the_room_shows_nothing_more(
    pair: tuple[Instance, Instance], chat: ChatInstance
) -> None:
    here, there = pair
    camera = await here.camera("Grace", ROOM)
    await camera.show(STILL)
    screens = [await video.watching("cam", "Ada") for video in pair]
    await chat.does("Ada", "DELETE", "/api/rooms/Attic/members/Grace")
    assert await camera.refused() == "unknown_audience"
    assert await screens[0].closed() == 1000
    for name in ("Ada", "Grace"):
        await assert_hidden_from(there, name)


async def test_a_publisher_may_come_back_to_a_narrower_audience(pair: tuple[Instance, Instance]) -> None:
    here, there = pair
    camera = await here.camera("Ada", "?stream=cam")
    await camera.show(STILL)
    strangers = [await video.watching("cam", "Linus") for video in pair]
    await camera.close()
    for video in pair:
        await eventually(lambda video=video: not video.state["published_streams"].count)
    camera = await here.camera("Ada", "?stream=cam&audience=@Grace")
    for stranger in strangers:
        assert await stranger.closed() == 1000
    await assert_hidden_from(there, "Linus")


async def test_without_chat_a_room_is_closed_rather_than_open(world: World, chat: ChatInstance) -> None:
    video = await world.instance(chat_url=chat.url, ask_interval_s=0.05, unasked_s_max=0.3)
    camera = await video.camera("Ada", ROOM)
    await camera.show(STILL)
    screen = await video.watching("cam", "Grace")
    await chat.stop()
    assert await video.refuses("/api/video/streams/cam/snapshot", "Grace") == (503, "unavailable")
    assert await video.refusal("/api/ws/video/cam", "Grace") == (503, "unavailable")
    assert await video.refusal("/api/ws/video?stream=more&audience=@Grace") == (503, "unavailable")
    assert await listed(video, "Grace") == []
    assert await screen.closed() == 1000
    await video.camera("Ada", "?stream=open")  # what is for everybody needs no chat
    assert await listed(video, "Grace") == ["open"]


@pytest.mark.parametrize(
    "audience, publisher, two, stranger",
    [("*", True, True, True), ("@Grace", True, True, False), ("!Grace", True, True, False), ("-", True, False, False)],
)
def test_an_audience_admits_its_own(audience: str, publisher: bool, two: bool, stranger: bool) -> None:
    admits = Audience.decode(audience).admits
    assert [admits(name, "Ada") for name in ("Ada", "Grace", "Linus")] == [publisher, two, stranger]


def test_who_is_in_a_room_is_known_elsewhere_and_holds_for_its_publisher_too() -> None:
    assert [Audience("#", "lobby").admits(name, "Ada") for name in ("Ada", "Grace")] == [None, None]


@pytest.mark.parametrize(
    "audience, binding, becomes",
    [
        ("*", None, "*"),
        ("*", b"Ada Grace", "!Grace"),
        ("@Linus", b"Ada Grace", "!Grace"),
        ("#lobby", b"Ada Grace", "!Grace"),
        ("*", b"Linus Grace", "-"),
        ("*", b"", "*"),
        ("@Grace", b"", "@Grace"),
        ("!Grace", b"", "-"),
        ("!Grace", None, "!Grace"),
    ],
)
def test_a_call_narrows_the_audience_and_its_end_widens_nothing(
    audience: str, binding: bytes | None, becomes: str
) -> None:
    assert str(bound_audience(Audience.decode(audience), "Ada", binding)) == becomes
