"""Two instances over one file and one Redis are one chat."""

import asyncio

from tests.chat_service.world import Device, Instance, World


async def test_messages_cross_between_instances(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    ada, grace = await here.live_device("Ada"), await there.live_device("Grace")
    for number in range(20):
        await ada.say("Grace", f"a{number}")
        assert (await ada.hear("sent"))["delivered"] is True
        assert await grace.hear_texts(1) == [f"a{number}"]
        await grace.say("Ada", f"g{number}")
        assert (await grace.hear("sent"))["delivered"] is True
        assert await ada.hear_texts(1) == [f"g{number}"]


async def test_two_who_write_through_different_instances_agree_on_the_order(world: World) -> None:
    instances = [await world.instance(messages_per_second=0) for _ in range(2)]
    pairs = [[await chat.live_device(name) for chat in instances] for name in ("Ada", "Grace")]

    async def talk(name: str, other: str, phone: int, desk: int) -> list[tuple[int, str]]:
        """Say something on one device and hear everything on another, which is on the other instance."""
        mine = pairs[("Ada", "Grace").index(name)]
        for number in range(100):
            await mine[phone].say(other, f"{name} {number}")
        heard: list[tuple[int, str]] = []
        while len(heard) < 200:
            event = await mine[desk].hear_anything()
            heard.append((event["seq"], event["message"]))
        return heard

    ada, grace = await asyncio.gather(talk("Ada", "Grace", 0, 1), talk("Grace", "Ada", 1, 0))
    assert ada == grace
    assert [seq for seq, _ in ada] == list(range(1, 201))
    for name in ("Ada", "Grace"):
        assert [text for _, text in ada if text.startswith(name)] == [f"{name} {number}" for number in range(100)]


async def test_a_nonce_counts_on_every_instance(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    phone, desk = await here.live_device("Ada"), await there.live_device("Ada")
    grace = await there.live_device("Grace")
    for number in range(30):
        await asyncio.gather(*(device.say("Grace", "hello", nonce=f"n{number}") for device in (phone, desk)))
    assert await grace.hear_texts(30) == ["hello"] * 30
    await grace.heard_nothing()
    assert len(await here.history("Ada", "Grace")) == 30


async def test_a_change_that_nobody_was_told_of_is_told_when_it_is_made_again(world: World) -> None:
    here = await world.instance()
    cut_off = await world.instance(redis_url=f"unix://{world.folder}/nothing.sock")
    grace = await here.live_device("Grace")
    path = await sent_path(here, grace)
    # It is committed and not published: the same to all others as if the instance died in between.
    assert await cut_off.does("Ada", "PATCH", path, json={"message": "two"}) == 200
    await grace.heard_nothing()
    assert await here.history("Grace", "Ada") == ["two"]
    assert await here.does("Ada", "PATCH", path, json={"message": "two"}) == 200
    assert (await grace.hear("edited"))["message"] == "two"


async def sent_path(chat: Instance, grace: Device) -> str:
    answer = await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": "one"})
    await grace.hear("message")
    return f"/api/messages/Grace/{answer.json()['id']}"
