"""Two people on several devices: everyone is told everything, once and in order."""

import asyncio
from itertools import pairwise

from tests.system.parleys import Parley
from tests.system.people import WHISPER
from tests.waiting import eventually


async def test_every_device_of_both_is_told_once_and_in_order(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    async with ada.device() as phone, ada.device() as laptop, bob.device() as bobs, bob.device() as tablet:
        devices = [phone, laptop, bobs, tablet]
        for number in range(40):
            device, to = ((phone, bob), (laptop, bob), (bobs, ada), (tablet, ada))[number % 4]
            await device.send(to=to.name, message=f"{WHISPER} {number}")
        for device in devices:
            await device.until_seq(40)
            told = [event for event in device.events if event["type"] in {"message", "sent"}]
            assert [event["seq"] for event in told] == list(range(1, 41))
            assert {event["id"]: event["message"] for event in told} == {
                message["id"]: message["message"] for message in await ada.history(bob.name)
            }
        for device, other in ((phone, bob.name), (laptop, bob.name), (bobs, ada.name), (tablet, ada.name)):
            conversations = {event["conversation"] for event in device.events if "conversation" in event}
            assert conversations == {f"@{other}"}
            own = [event for event in device.events if event["type"] == "sent"]
            assert all(event["receiver_username"] == other and event["delivered"] for event in own)
            assert len(own) == 20


async def test_who_was_away_gets_exactly_what_was_missed(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    async with ada.device() as adas:
        async with bob.device() as bobs:
            for number in range(3):
                await adas.write(bob.name, f"{WHISPER} {number}")
                await bobs.next("message")
        for number in range(3, 7):
            await adas.write(bob.name, f"{WHISPER} {number}")
        async with bob.device() as bobs:
            assert bobs.events[0]["positions"] == {f"@{ada.name}": 7}
            await bobs.send(type="resume", positions={f"@{ada.name}": 3})
            await adas.write(bob.name, f"{WHISPER} 7")
            resumed = await bobs.next("resumed")
            await bobs.next("message")
            assert bobs.texts() == [f"{WHISPER} {number}" for number in range(3, 8)]
            assert (resumed["positions"], resumed["truncated"]) == ({f"@{ada.name}": 7}, [])


async def test_after_a_long_absence_the_newest_500_come_and_history_has_the_rest(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    async with ada.device() as adas:
        for number in range(520):
            await adas.send(to=bob.name, message=f"{WHISPER} {number}")
        await adas.until_seq(520)
    async with bob.device() as bobs:
        await bobs.send(type="resume", positions={})
        assert (await bobs.next("resumed"))["truncated"] == [f"@{ada.name}"]
        assert [event["seq"] for event in bobs.events if event["type"] == "message"] == list(range(21, 521))
    history = await bob.history(ada.name)
    assert [message["seq"] for message in history] == list(range(1, 521))
    assert all(earlier["id"] < later["id"] for earlier, later in pairwise(history))


async def test_a_device_that_reads_nothing_is_cut_off_and_holds_nobody_up(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")

    def is_cut_off() -> bool:
        log = shared.system.log("chat").splitlines()
        return any("disconnected" in line and bob.name in line for line in log)

    messages = 0
    async with ada.device() as adas, bob.device() as bobs, bob.device() as stuck:
        stuck.socket.transport.pause_reading()
        while not is_cut_off():
            assert messages < 10_000  # of 4 KB: the kernel's buffers on the way, which grow, may take half of them
            messages += 50
            for number in range(messages - 49, messages + 1):
                await adas.send(to=bob.name, message=f"{WHISPER} {number} {'x' * 3_900}")
            await asyncio.gather(adas.until_seq(messages), bobs.until_seq(messages))  # they keep up
        stuck.socket.transport.resume_reading()
        assert await stuck.closed() == 1013
        last = max(event.get("seq", 0) for event in stuck.events)
        assert [event["seq"] for event in stuck.events if event["type"] == "message"] == list(range(1, last + 1))
        assert [event["seq"] for event in bobs.events if event["type"] == "message"] == list(range(1, messages + 1))
    async with bob.device() as unstuck:
        await unstuck.send(type="resume", positions={f"@{ada.name}": messages - 2})
        await unstuck.next("resumed")
        assert [event["seq"] for event in unstuck.events if event["type"] == "message"] == [messages - 1, messages]


async def test_a_nonce_sent_again_is_stored_and_told_once(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    async with bob.device() as bobs:
        async with ada.device() as adas:
            first = await adas.write(bob.name, f"{WHISPER} once", nonce="n1")
            again = await adas.write(bob.name, f"{WHISPER} once", nonce="n1")
        async with ada.device() as adas:
            from_elsewhere = await adas.write(bob.name, f"{WHISPER} other words", nonce="n1")
            await adas.write(bob.name, f"{WHISPER} end", nonce="n2")
        assert first["id"] == again["id"] == from_elsewhere["id"]
        assert first["seq"] == again["seq"] == from_elsewhere["seq"] == 1
        await bobs.until_seq(2)
        assert bobs.texts() == [f"{WHISPER} once", f"{WHISPER} end"]
        assert all(event.get("nonce") is None for event in bobs.events)  # the sender's own affair


async def test_a_changed_profile_follows_into_the_saved_chats_of_others(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    async with ada.device() as adas:
        await adas.write(bob.name, "Hello there!")
    picture = "https://example.com/bob.png"
    await bob.ask("POST", "/api/update-nickname", data={"nickname": "Robert 🎸"})
    await bob.ask("POST", "/api/update-avatar", data={"avatar_url": picture})

    async def has_followed() -> bool:
        (chat,) = await ada.get("/api/saved-chats")
        return (chat["chat_nickname"], chat["chat_pfp"]) == ("Robert 🎸", picture)

    await eventually(has_followed, within_s=1)
