"""A store that was put back has another past, of which every device gets the view; kinds of a newer version."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chat_service.admin import begin_another_generation
from chat_service.app import MIGRATIONS
from chat_service.domain.conversations import Label
from chat_service.domain.places import Place
from chat_service.store.conversations import Conversations
from chat_service.store.generation import MESSAGE_IDS_LEFT_OUT, raise_generation
from servicekit import sqlite_file
from servicekit.engines import open_database
from tests.chat_service.epochs import resume, say
from tests.chat_service.world import Event, Instance, World
from tests.clock import NOW_S
from tests.stores import opened_store

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


async def test_the_command_after_a_restore_begins_another_generation_on_either_engine(world: World) -> None:
    chat = await world.instance()
    first = (await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": "before"})).json()
    epoch = (await chat.device("Grace")).ready["epochs"]["@Ada"]
    await chat.stop()
    where = world.settings.store_of("chat", "chat.db")
    numbers = [await begin_another_generation(where, now_s) for now_s in (NOW_S, 0)]
    assert numbers == [NOW_S, NOW_S + 1]
    chat = await world.instance()
    after = (await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": "after"})).json()
    assert (after["seq"], after["id"] > first["id"] + 2 * MESSAGE_IDS_LEFT_OUT) == (2, True)
    assert (await chat.device("Grace")).ready["epochs"]["@Ada"].partition(".")[2] == epoch.partition(".")[2]
    assert (await chat.device("Grace")).ready["epochs"]["@Ada"].startswith(f"{NOW_S + 1}.")


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
