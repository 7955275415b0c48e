"""Epochs: a name may come to mean another conversation, and a store another past; nobody's view mixes the two."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chat_service.app import MIGRATIONS
from chat_service.domain.conversations import Label
from chat_service.domain.envelopes import EVERYBODY, RoomEnvelope, room_channel
from chat_service.domain.places import Place
from chat_service.feed import encode
from chat_service.store.conversations import Conversations
from chat_service.store.generation import MESSAGE_IDS_LEFT_OUT, raise_generation
from servicekit import sqlite_file
from servicekit.engines import open_database
from tests.chat_service.test_rooms import away, back, hear_seqs
from tests.chat_service.world import Device, Event, Instance, World
from tests.clock import NOW_S
from tests.stores import opened_store
from tests.valkey import Valkey


async def say(chat: Instance, name: str, *texts: str) -> None:
    for text in texts:
        assert await chat.does(name, "POST", "/api/rooms/garden/messages", json={"message": text}) == 201
    await chat.state["bus"].ping()  # its answer comes after what was published before: the readers have heard of it


async def make_again(chat: Instance, *members: str) -> None:
    assert await chat.does("Ada", "DELETE", "/api/rooms/garden") == 204
    await chat.make_room("Ada", "garden", *members)


async def resume(device: Device, **positions: Any) -> tuple[list[Event], Event]:
    """What is replayed, and `resumed`."""
    await device.send(type="resume", **positions)
    replayed = []
    while (event := await device.hear_anything())["type"] != "resumed":
        if event["type"] != "presence":
            replayed.append(event)
    return replayed, event


# Which conversation it is


async def test_an_epoch_stands_wherever_a_conversation_is_listed_and_in_who_joined(chat: Instance) -> None:
    grace = await chat.live_device("Grace")
    await chat.make_room("Ada", "garden", "Grace")
    joined = await grace.hear("joined")
    await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": "hello"})
    await grace.hear("message")
    ready = (await chat.device("Grace")).ready  # the chat was begun since her reader knows where all stands
    assert ready["epochs"].keys() == ready["positions"].keys() == {"#garden", "@Ada"}
    assert joined["epoch"] == ready["epochs"]["#garden"]
    rooms = {room["name"]: room["epoch"] for room in await chat.get("Grace", "/api/rooms")}
    assert rooms["garden"] == (await chat.get("Grace", "/api/rooms/garden"))["epoch"] == joined["epoch"]
    assert rooms["lobby"] != rooms["garden"]
    (saved,) = await chat.get("Grace", "/api/saved-chats")
    assert saved["epoch"] == ready["epochs"]["@Ada"]
    assert await chat.does("Grace", "POST", "/api/save-chat", json={"username": "Linus"}) == 200
    assert {one["chat_username"]: one["epoch"] for one in await chat.get("Grace", "/api/saved-chats")}["Linus"] is None


async def test_a_room_made_again_is_another_and_no_epoch_comes_twice(chat: Instance) -> None:
    seen = set()
    for _ in range(3):
        await chat.make_room("Ada", "garden")
        seen.add((await chat.get("Ada", "/api/rooms/garden"))["epoch"])
        assert await chat.does("Ada", "DELETE", "/api/rooms/garden") == 204
    assert len(seen) == 3


# A device that was away


@pytest.mark.parametrize("knows_epochs", [False, True])
async def test_a_device_that_is_past_the_end_of_a_room_made_again_gets_all_of_it(
    chat: Instance, *, knows_epochs: bool
) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    await say(chat, "Ada", *"abcdefghij")
    before = (await chat.device("Grace")).ready
    assert before["positions"] == {"#garden": 12}
    await make_again(chat, "Grace")
    await say(chat, "Ada", "new", "newer")
    grace = await chat.device("Grace")
    epochs = {"epochs": before["epochs"]} if knows_epochs else {}
    replayed, resumed = await resume(grace, positions=before["positions"], **epochs)
    assert [event["seq"] for event in replayed] == [2, 3, 4]  # from where she joined
    assert (resumed["positions"], resumed["truncated"]) == ({"#garden": 4}, ["#garden"])
    assert resumed["epochs"] == grace.ready["epochs"] != before["epochs"]


async def test_a_device_within_a_room_made_again_is_told_apart_by_the_epoch_alone(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    before = (await chat.device("Ada")).ready
    await make_again(chat)
    await say(chat, "Ada", "new", "newer")
    replayed, resumed = await resume(await chat.device("Ada"), positions=before["positions"], epochs=before["epochs"])
    assert [event["seq"] for event in replayed] == [1, 2, 3]
    assert resumed["truncated"] == ["#garden"]
    replayed, resumed = await resume(await chat.device("Ada"), positions={"#garden": 2}, epochs=resumed["epochs"])
    assert [event["seq"] for event in replayed] == [3]
    assert resumed["truncated"] == []


async def test_what_another_instance_has_told_already_is_not_past_the_end(fragile_world: World, valkey: Valkey) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden")
    phone = await there.live_device("Ada")
    await away(valkey, here, there)
    ada = await here.live_device("Ada")
    await say(here, "Ada", "one", "two")
    await hear_seqs(ada, 2, 3)
    moved = await there.device("Ada")  # which has not heard of it
    assert moved.ready["positions"] == {"#garden": 1}
    replayed, resumed = await resume(moved, positions={"#garden": 3}, epochs=moved.ready["epochs"])
    assert (replayed, resumed["truncated"]) == ([], [])
    await back(valkey, here, there)
    await hear_seqs(phone, 2, 3)


async def test_a_member_is_told_from_where_they_joined_and_a_gap_before_it_is_truncated(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    await say(chat, "Ada", "before")
    await chat.add_member("Ada", "garden", "Grace")
    await say(chat, "Ada", "hello")
    grace = await chat.device("Grace")
    replayed, resumed = await resume(grace, positions={})
    assert [event["seq"] for event in replayed] == [3, 4]
    assert resumed["truncated"] == []
    await chat.remove_member("Ada", "garden", "Grace")
    await say(chat, "Ada", "she is gone")
    await chat.add_member("Ada", "garden", "Grace")
    await grace.hear("left")
    await grace.hear("joined")
    replayed, resumed = await resume(await chat.device("Grace"), positions={"#garden": 4})
    assert [(event["type"], event["seq"]) for event in replayed] == [("joined", 7)]
    assert resumed["truncated"] == ["#garden"]


@pytest.mark.parametrize("epochs", [{"#" + "r" * 65: ""}, {"#r": "e" * 65}, {"#r": 1}, []])
async def test_epochs_that_cannot_be_are_refused(chat: Instance, epochs: Any) -> None:
    device = await chat.live_device("Ada")
    await device.send(type="resume", positions={}, epochs=epochs)
    assert await device.refused() == "invalid_command"
    await device.send(type="resume", positions={}, epochs={"#" + "r" * 64: "e" * 64})
    await device.hear("resumed")


# Somebody is connected meanwhile


async def test_who_is_there_hears_that_it_is_closed_and_then_of_the_other(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace")
    await say(here, "Ada", *"abcd")
    devices = [await one.live_device("Grace") for one in (here, there)]
    await make_again(here, "Grace")
    await say(here, "Ada", "new")
    for grace in devices:
        assert (await grace.hear("closed"))["seq"] == 7
        assert [event["type"] for event in await hear_seqs(grace, 2, 3)] == ["joined", "message"]
        await grace.heard_nothing()


@pytest.mark.parametrize("length", [0, 1, 7])
async def test_who_was_not_told_of_the_closing_is_in_the_other_room_or_in_none(world: World, length: int) -> None:
    here = await world.instance(messages_per_second=0)
    cut_off = await world.instance(messages_per_second=0, redis_url=f"unix://{world.folder}/nothing.sock")
    await here.make_room("Ada", "garden", "Grace", "Linus")
    await say(here, "Ada", *["before"] * length)
    ada, grace, linus = [await here.live_device(name) for name in ("Ada", "Grace", "Linus")]
    # It is committed and not published: the same to all others as if the instance died in between.
    await make_again(cut_off, "Grace")
    await say(cut_off, "Ada", *["unheard"] * 2)
    await say(here, "Ada", "new", "newer")
    for device in (ada, grace, linus):
        assert (await device.hear("closed"))["seq"] == 4 + length
    assert [event["type"] for event in await hear_seqs(ada, 1, 6)] == ["joined", "joined", *["sent"] * 4]
    assert [event["type"] for event in await hear_seqs(grace, 2, 6)] == ["joined", *["message"] * 4]
    await say(here, "Ada", "newest")
    await hear_seqs(ada, 7, 7)
    await hear_seqs(grace, 7, 7)
    for device in (ada, grace, linus):
        await device.heard_nothing()
    await linus.say_in("garden", "hello?")
    assert await linus.refused() == "not_a_member"


async def test_a_room_made_again_while_redis_was_away_is_told_when_it_is_back(
    fragile_world: World, valkey: Valkey
) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace")
    await say(here, "Ada", *"abcdefgh")
    near, far = await here.live_device("Grace"), await there.live_device("Grace")
    await away(valkey, here, there)
    await make_again(here, "Grace")
    await say(here, "Ada", "new")
    await back(valkey, here, there)
    for grace in (near, far):
        await grace.hear("closed")
        await hear_seqs(grace, 2, 3)
    await say(here, "Ada", "newer")
    for grace in (near, far):
        await hear_seqs(grace, 4, 4)
        await grace.heard_nothing()


def to_garden(**fields: Any) -> RoomEnvelope:
    label = Label.of_room("garden")
    return RoomEnvelope(channel=room_channel(label), label=label, **fields)


async def test_late_news_of_the_room_that_was_harms_nobody_in_the_other(world: World, chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    grace = await chat.live_device("Grace")
    epoch = grace.ready["epochs"]["#garden"]
    await make_again(chat, "Grace")
    await grace.hear("closed")
    await grace.hear("joined")
    closed = b'{"type":"closed","seq":3,"conversation":"#garden","username":"Ada","timestamp":""}'
    bus = await world.bus()
    for envelope in (
        to_garden(seq=3, epoch=epoch, event=closed, departed=EVERYBODY),
        to_garden(seq=9, epoch=epoch),
    ):
        await bus.execute(("PUBLISH", bus.channel("room:#garden"), encode(envelope)))
    await say(chat, "Ada", "new")
    await hear_seqs(grace, 3, 3)
    await grace.heard_nothing()


async def test_what_a_version_without_epochs_publishes_is_passed_on(world: World, chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    grace = await chat.live_device("Grace")
    message = b'{"type":"message","seq":3,"conversation":"#garden"}'
    bus = await world.bus()
    envelope = to_garden(seq=3, author="Ada", for_author=b"{}", event=message)
    await bus.execute(("PUBLISH", bus.channel("room:#garden"), encode(envelope)))
    await hear_seqs(grace, 3, 3)


# A store that was restored


class Restoring:
    """A chat service whose store is copied away and brought back."""

    def __init__(self, world: World) -> None:
        self.path = world.folder / "chat" / "chat.db"
        self._copy = world.folder / "copy.db"

    def save(self) -> None:
        with closing(sqlite3.connect(self.path)) as store, closing(sqlite3.connect(self._copy)) as copy:
            store.backup(copy)

    def restore(self, now_s: int = NOW_S) -> int:
        for left in self.path.parent.glob("chat.db*"):
            left.unlink()
        shutil.copy(self._copy, self.path)
        with closing(sqlite3.connect(self.path)) as store, store:
            return raise_generation(store, now_s)


@pytest.mark.parametrize("again", [1, 4])  # at or past where the device was
@pytest.mark.parametrize("knows_epochs", [False, True])
async def test_after_a_restore_every_device_has_the_view_of_the_store(
    file_world: World, again: int, *, knows_epochs: bool
) -> None:
    world = file_world
    chat, restoring = await world.instance(messages_per_second=0), Restoring(world)
    for text in ("one", "two"):
        await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": text})
    restoring.save()
    for text in ("lost", "lost too", "and this"):
        await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": text})
    before = (await chat.device("Grace")).ready
    assert before["positions"] == {"@Ada": 5}
    await chat.stop()
    restoring.restore()
    chat = await world.instance(messages_per_second=0)
    texts = [f"again {number}" for number in range(again)]
    for text in texts:
        await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": text})
    grace = await chat.device("Grace")
    epochs = {"epochs": before["epochs"]} if knows_epochs else {}
    replayed, resumed = await resume(grace, positions=before["positions"], **epochs)
    if knows_epochs or again == 1:  # a position that fits another past by chance is told by its epoch alone
        assert [event["message"] for event in replayed] == ["one", "two", *texts]
        assert resumed["truncated"] == ["@Ada"]
    assert resumed["positions"] == {"@Ada": 2 + again}
    assert resumed["epochs"] != before["epochs"]
    assert await chat.history("Grace", "Ada") == ["one", "two", *texts]
    replayed, resumed = await resume(
        await chat.device("Grace"), positions=resumed["positions"], epochs=resumed["epochs"]
    )
    assert (replayed, resumed["truncated"]) == ([], [])


async def test_after_a_restore_the_ids_of_lost_messages_are_not_given_again(file_world: World) -> None:
    world = file_world
    chat, restoring = await world.instance(messages_per_second=0), Restoring(world)
    restoring.save()
    lost = (await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": "lost", "nonce": "n"})).json()
    await chat.stop()
    restoring.restore()
    chat = await world.instance(messages_per_second=0)
    again = (await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": "again", "nonce": "n"})).json()
    assert (again["message"], again["seq"]) == ("again", 1)
    assert again["id"] == MESSAGE_IDS_LEFT_OUT + 1 > lost["id"]
    path = f"/api/messages/Grace/{lost['id']}"
    assert await chat.does("Ada", "PATCH", path, json={"message": "edited"}) == (404, "unknown_message")
    assert [one["message"] for one in await chat.get("Grace", "/api/messages/Ada", after=lost["id"])] == ["again"]
    assert await chat.get("Grace", "/api/search-messages", query="again") != []


def test_no_generation_comes_twice_also_when_one_backup_is_restored_twice(tmp_path: Path) -> None:
    sqlite_file.make(tmp_path / "chat.db", MIGRATIONS)
    numbers = []
    for now_s in (NOW_S, NOW_S + 60):
        shutil.copy(tmp_path / "chat.db", tmp_path / "restored.db")
        with closing(sqlite3.connect(tmp_path / "restored.db")) as store, store:
            numbers += [raise_generation(store, now_s), raise_generation(store, 0)]
    assert numbers == [NOW_S, NOW_S + 1, NOW_S + 60, NOW_S + 61]


@pytest.mark.parametrize(
    "scripts, also",
    [
        ("000[1-7]_*.sql", ()),
        ("00[01][0-8]_*.sql", ()),  # 0010 without what was 0009
        (
            "00[01][0-8]_*.sql",
            (
                "CREATE TABLE generation (number INTEGER NOT NULL)",
                "INSERT INTO generation VALUES (7)",
                "ALTER TABLE memberships ADD COLUMN joined_seq INTEGER",
            ),
        ),
    ],
)
async def test_a_store_of_before_tells_where_its_members_joined(
    tmp_path: Path, scripts: str, also: tuple[str, ...]
) -> None:
    old = tmp_path / "migrations"
    old.mkdir()
    for script in MIGRATIONS.glob(scripts):
        if script.name < "0011":
            shutil.copy(script, old)
    sqlite_file.make(tmp_path / "chat.db", old)
    with closing(sqlite3.connect(tmp_path / "chat.db")) as store, store:
        for statement in also:
            store.execute(statement)
        joined = "INSERT INTO changes VALUES (1, ?, ?, 'Ada', '', NULL, 'Ada', 0, 0)"
        store.executemany(joined, [(1, "joined"), (2, "left"), (3, "joined")])
        columns = "username, conversation_id, label, read_seq"
        store.execute(f"INSERT INTO memberships ({columns}) VALUES ('Ada', 1, '#lobby', 3)")
    async with open_database(tmp_path / "chat.db", MIGRATIONS) as database:
        places = await Conversations(database).places("Ada")
        assert places == {Label("#lobby"): Place(3, "7.1" if also else "1.1", 3)}
        # An older instance beside this one writes as before.
        await database.write(lambda connection: connection.execute("UPDATE memberships SET joined_seq = NULL"))
        assert await Conversations(database).places("Ada") == places


# Kinds that only a newer version knows


@pytest.mark.parametrize(
    "value, special",
    [
        ('{"topic": "roses", "seq": 99, "type": "message"}', {"topic": "roses"}),
        ("roses", {"value": "roses"}),
        ("[1]", {"value": "[1]"}),
        ("", {}),
    ],
)
async def test_a_kind_of_a_newer_version_is_passed_on_as_it_is_stored(
    world: World, chat: Instance, value: str, special: Event
) -> None:
    await chat.make_room("Ada", "garden")
    with opened_store(world.store) as store:
        (garden,) = store.execute("SELECT id FROM conversations WHERE name = '#garden'").fetchone()
        row = (garden, 2, "room_changed", "Ada", "now", 7, value, 0, 0)
        store.execute(f"INSERT INTO changes VALUES ({', '.join('?' * 9)})", row)
    await say(chat, "Ada", "after it")
    replayed, resumed = await resume(await chat.device("Ada"), positions={"#garden": 1})
    common = {"type": "room_changed", "seq": 2, "conversation": "#garden", "username": "Ada", "timestamp": "now"}
    assert replayed[0] == {**common, "id": 7, **special}
    assert replayed[1]["message"] == "after it"
    assert resumed["truncated"] == []
