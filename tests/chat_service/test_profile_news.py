"""Profile news: who shows themselves otherwise, told live to those who may see them."""

import json
from collections.abc import Iterable
from typing import cast

from chat_service.actions.profile_news import ProfileNews
from chat_service.domain.envelopes import Envelope
from chat_service.domain.people import Person
from chat_service.feed import Feed
from chat_service.store.people import Concerned, PeopleStore
from tests.chat_service.world import Device, Event, Instance, World
from tests.waiting import eventually


async def news(world: World) -> None:
    """As the auth service tells that it has some."""
    bus = await world.bus()
    await bus.execute(("PUBLISH", bus.channel("profiles"), "news"))


async def profile(device: Device) -> Event:
    """The next one that is told."""
    while True:
        if (event := await device.hear_anything())["type"] == "profile":
            return event


async def test_a_changed_profile_is_told_to_rooms_to_who_saved_the_person_and_to_their_own_devices(
    world: World, chat: Instance
) -> None:
    await chat.make_room("Grace", "engines", "Linus")
    world.auth.register("Margaret", "Katherine")
    assert await chat.does("Margaret", "POST", "/api/save-chat", json={"username": "Grace"}) == 200
    concerned = [await chat.live_device(name) for name in ("Grace", "Linus", "Margaret")]
    stranger = await chat.live_device("Katherine")
    world.auth.say("Grace", "Chasing moths")
    await news(world)
    for device in concerned:
        assert await profile(device) == {
            "type": "profile",
            "username": "Grace",
            "nickname": "Grace",
            "pfp": "",
            "role": "member",
            "status": "Chasing moths",
        }
    await stranger.heard_nothing()
    assert "profile" not in {event["type"] for event in stranger.skipped}


class Nobody:
    """A store in which nobody has saved anybody."""

    async def concerned(self, username: str) -> Concerned:
        return Concerned([], [])


class Told:
    """A feed that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, envelopes: Iterable[Envelope]) -> None:
        self.events += [json.loads(envelope.event) for envelope in envelopes]


def ada(status: str) -> Person:
    return Person("Ada", "Ada", None, version=1, status=status)


async def test_what_changes_often_is_told_now_and_then_in_its_newest_form() -> None:
    told = Told()
    news = ProfileNews(store=cast(PeopleStore, Nobody()), feed=cast(Feed, told), interval_s=0.01)
    news.changed([ada("1")])
    await eventually(lambda: len(told.events) == 1)
    for status in ("2", "3", "4"):
        news.changed([ada(status)])
    await eventually(lambda: len(told.events) == 2)
    await news.close()
    assert [event["status"] for event in told.events] == ["1", "4"]


async def test_a_name_saved_by_hand_stays_when_only_the_status_changes(world: World, chat: Instance) -> None:
    named = {"username": "Grace", "nickname": "Mum"}
    assert await chat.does("Ada", "POST", "/api/save-chat", json=named) == 200
    ada = await chat.live_device("Ada")
    world.auth.say("Grace", "Chasing moths")
    await news(world)
    assert (await profile(ada))["status"] == "Chasing moths"
    (saved,) = await chat.get("Ada", "/api/saved-chats")
    assert saved["chat_nickname"] == "Mum"
    world.auth.change("Grace", nickname="Admiral", pfp=None)
    await news(world)

    async def has_followed() -> bool:
        (saved,) = await chat.get("Ada", "/api/saved-chats")
        return bool(saved["chat_nickname"] == "Admiral")

    await eventually(has_followed)
