"""What the store answers: history by pages, saved chats, unread, profiles."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chat_service.app import MIGRATIONS
from chat_service.domain.changes import Appended
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.history import Page
from chat_service.domain.intents import Draft, SendMessage
from chat_service.domain.messages import StoredMessage
from chat_service.domain.people import Person
from chat_service.store.conversations import Conversations
from chat_service.store.engines import log_of
from chat_service.store.history import History, _read
from chat_service.store.people import PeopleStore
from servicekit.database import Connection, Database
from servicekit.engines import open_database
from tests.stores import opened_store

CAST = [Person(name, f"{name}!", None, version) for version, name in enumerate(("Ada", "Grace", "Linus"), 1)]


class Chats:
    """A store, and a log that writes to it as the group writer does; the clock moves a second a message."""

    def __init__(self, where: Path | str, database: Database) -> None:
        self.where = where
        self.database = database
        self.store = Conversations(self.database)
        self.past = History(self.database)
        self.people = PeopleStore(self.database)
        self._log = log_of(database)
        self._now_s = 0

    async def say(self, sender: str, receiver: str, *texts: str) -> list[StoredMessage]:
        return await self.database.write(self._say, sender, receiver, texts)

    def _say(self, connection: Connection, sender: str, receiver: str, texts: tuple[str, ...]) -> list[StoredMessage]:
        outcomes = self._log.append_group(connection, [self._draft(sender, receiver, text) for text in texts])
        appended = [one.entry for one in outcomes if isinstance(one, Appended)]
        return [entry for entry in appended if isinstance(entry, StoredMessage)]

    def _draft(self, sender: str, receiver: str, text: str) -> Draft:
        message = SendMessage(conversation=Conversation.direct(sender, receiver), text=text)
        return Draft(message, sender, self.now())

    def now(self) -> str:
        self._now_s += 1
        return f"2027-01-15T08:{self._now_s // 60:02}:{self._now_s % 60:02}.000Z"

    async def history(self, limit: int = 50, **bounds: Any) -> list[str]:
        found = await self.past.read("Ada", Label("@Grace"), Page(limit=limit, **bounds))
        return [message.message for message, *_ in found]


@pytest.fixture
async def chats(where: Path | str, database: Database) -> Chats:
    made = Chats(where, database)
    await made.people.put_people(CAST)
    return made


@pytest.fixture
async def file_chats(tmp_path: Path) -> AsyncIterator[Chats]:
    """Where SQLite's steps are counted."""
    async with open_database(tmp_path / "chat.db", MIGRATIONS) as database:
        made = Chats(tmp_path / "chat.db", database)
        await made.people.put_people(CAST)
        yield made


# History


async def test_the_history_is_the_last_messages_oldest_first(chats: Chats) -> None:
    await chats.say("Ada", "Grace", "one", "two", "three")
    assert await chats.history() == ["one", "two", "three"]
    assert await chats.history(2) == ["two", "three"]
    ((last, *_),) = await chats.past.read("Grace", Label("@Ada"), Page(limit=1))
    assert last.message == "three"


async def test_pages_meet_without_gap_or_overlap_in_both_directions(chats: Chats) -> None:
    stored = []
    for number in range(10):  # other conversations take ids in between
        stored += await chats.say("Ada", "Grace", str(number))
        await chats.say("Linus", "Ada", "noise")
    back: list[str] = []
    page: list[str] = await chats.history(3)
    while page:
        back = page + back
        page = await chats.history(3, before=stored[int(page[0])].id)
    assert back == [str(number) for number in range(10)]
    forth: list[str] = []
    page = await chats.history(3, after=0)
    while page:
        forth += page
        page = await chats.history(3, after=stored[int(page[-1])].id)
    assert forth == back


async def test_before_and_after_together_bound_both_sides(chats: Chats) -> None:
    stored = await chats.say("Ada", "Grace", *"abcdef")
    assert await chats.history(after=stored[0].id, before=stored[4].id) == ["b", "c", "d"]
    assert await chats.history(2, after=stored[0].id, before=stored[4].id) == ["c", "d"]


async def test_around_a_message_is_as_much_on_both_sides(chats: Chats) -> None:
    stored = await chats.say("Ada", "Grace", *"abcdefgh")
    await chats.say("Linus", "Ada", "noise")
    assert await chats.history(4, around=stored[3].id) == ["b", "c", "d", "e"]
    assert await chats.history(5, around=stored[3].id) == ["b", "c", "d", "e", "f"]
    assert await chats.history(1, around=stored[3].id) == ["d"]
    assert await chats.history(6, around=stored[0].id) == ["a", "b", "c"]
    assert await chats.history(4, around=stored[7].id) == ["f", "g", "h"]
    assert await chats.history(4, around=stored[7].id + 1) == ["g", "h"]


async def test_what_was_not_seen_begins_after_the_own_last_word_or_the_mark(chats: Chats) -> None:
    async def unseen(username: str, other: str, limit: int = 50) -> list[str]:
        found = await chats.past.read(username, Label(f"@{other}"), Page(is_unread=True, limit=limit))
        return [message.message for message, *_ in found]

    assert await unseen("Ada", "Grace") == []  # nothing has been said
    await chats.say("Ada", "Grace", "a", "b")
    await chats.say("Grace", "Ada", "c", "d", "e")
    assert await unseen("Ada", "Grace") == ["c", "d", "e"]
    assert await unseen("Ada", "Grace", limit=1) == ["c"]
    assert await unseen("Grace", "Ada") == []


async def test_ids_of_elsewhere_bound_a_history_as_its_own_do(chats: Chats) -> None:
    for number in range(20):
        await chats.say("Ada", "Grace", str(number))
        await chats.say("Linus", "Ada", "noise")
    own = [message.id for message, *_ in await chats.past.read("Ada", Label("@Grace"), Page())]
    for bound in range(own[-1] + 3):
        older = [str(number) for number, one in enumerate(own) if one < bound]
        newer = [str(number) for number, one in enumerate(own) if one > bound]
        assert await chats.history(before=bound) == older
        assert await chats.history(3, before=bound) == older[-3:]
        assert await chats.history(after=bound) == newer
        assert await chats.history(3, after=bound) == newer[:3]


async def test_an_old_page_is_found_without_reading_what_is_newer(file_chats: Chats) -> None:
    """Steps of SQLite's machine are counted, which no other load of the machine changes."""
    stored = await file_chats.say("Ada", "Grace", *(["word"] * 20_000))

    async def steps(before: int) -> int:
        looks = 0

        def look() -> int:
            nonlocal looks
            looks += 1
            return 0

        def read(connection: sqlite3.Connection) -> None:
            connection.set_progress_handler(look, 100)
            _read(connection, "Ada", Label("@Grace"), Page(before=before))
            connection.set_progress_handler(None, 0)

        await file_chats.database.read(read)
        return looks

    newest = await steps(stored[-1].id)
    assert await steps(stored[60].id) <= newest + 10
    assert newest < 200


async def test_a_history_that_never_was_is_empty(chats: Chats) -> None:
    await chats.say("Ada", "Linus", "for Linus")
    assert await chats.history() == []
    assert await chats.history(before=2**63 - 1, after=0) == []


async def test_what_was_missed_is_read_by_its_place_and_only_by_members(chats: Chats) -> None:
    await chats.say("Ada", "Grace", *"abcde")
    found = await chats.store.list_after("Ada", Label("@Grace"), 1, epoch=None, until=4, limit=2)
    assert [(one.seq, one.message) for one in found if isinstance(one, StoredMessage)] == [(2, "b"), (3, "c")]
    assert await chats.store.list_after("Linus", Label("@Grace"), 0, epoch=None, until=9, limit=9) == []


async def test_places_name_each_conversation_from_the_persons_side(chats: Chats) -> None:
    await chats.say("Ada", "Grace", "one", "two")
    await chats.say("Linus", "Ada", "three")
    places = {name: await chats.store.places(name) for name in ("Ada", "Grace", "nobody")}
    ends = {name: {label: place.seq for label, place in found.items()} for name, found in places.items()}
    assert ends == {"Ada": {Label("@Grace"): 2, Label("@Linus"): 1}, "Grace": {Label("@Ada"): 2}, "nobody": {}}
    assert places["Ada"][Label("@Grace")] == places["Grace"][Label("@Ada")]
    assert places["Ada"][Label("@Grace")].epoch != places["Ada"][Label("@Linus")].epoch


# Saved chats


async def test_saved_chats_are_ordered_by_what_was_said_last_and_count_the_unread(chats: Chats) -> None:
    await chats.say("Grace", "Ada", "one", "two")
    await chats.say("Linus", "Ada", "three")
    first, second = await chats.store.saved_chats("Ada")
    assert (first.chat_username, first.last_message, first.unread, first.last_seq) == ("Linus", "three", 1, 1)
    assert (second.chat_username, second.last_message, second.unread, second.last_seq) == ("Grace", "two", 2, 2)
    await chats.say("Ada", "Grace", "four")
    await chats.say("Grace", "Ada", "five")
    first, second = await chats.store.saved_chats("Ada")
    assert (first.chat_username, first.last_message, first.unread) == ("Grace", "five", 1)
    (hers,) = await chats.store.saved_chats("Grace")
    assert (hers.chat_username, hers.unread) == ("Ada", 0)


async def test_very_many_unread_are_counted_in_no_time(chats: Chats) -> None:
    for _ in range(30):
        await chats.say("Grace", "Ada", *["spam"] * 1_000)
    async with asyncio.timeout(
        5
    ):  # it takes milliseconds; looking down to the first one for each of them, half a minute
        (found,) = await chats.store.saved_chats("Ada")
    assert found.unread == 30_000


async def test_a_chat_saved_by_hand_has_no_message_yet(chats: Chats) -> None:
    await chats.people.save_chat("Ada", "Grace", nickname="Amazing Grace", pfp="/p", now=chats.now())
    (saved,) = await chats.store.saved_chats("Ada")
    assert (saved.chat_nickname, saved.chat_pfp, saved.last_message, saved.last_message_time) == (
        "Amazing Grace",
        "/p",
        None,
        None,
    )
    assert (saved.unread, saved.last_seq) == (0, 0)
    assert await chats.people.contacts("Ada") == ["Grace"]
    assert await chats.people.watchers("Grace") == ["Ada"]
    assert await chats.store.saved_chats("Grace") == []


async def test_a_first_message_saves_the_chat_with_the_profile_as_it_is(chats: Chats) -> None:
    await chats.people.put_people([Person("Grace", "Admiral", "/a.png", 9)])
    await chats.say("Ada", "Grace", "hello")
    (saved,) = await chats.store.saved_chats("Ada")
    assert (saved.chat_nickname, saved.chat_pfp) == ("Admiral", "/a.png")


async def test_a_name_saved_by_hand_holds_until_the_person_changes_theirs(chats: Chats) -> None:
    await chats.say("Ada", "Grace", "hello")
    await chats.people.save_chat("Ada", "Grace", nickname="Mum", pfp=None, now=chats.now())
    await chats.people.put_people(CAST)  # nothing new in it
    await chats.people.put_people([Person("Linus", "Tux", None, 10)])
    (saved,) = await chats.store.saved_chats("Ada")
    assert (saved.chat_nickname, saved.last_message) == ("Mum", "hello")
    await chats.people.put_people([Person("Grace", "Admiral", "/a.png", 11)])
    (saved,) = await chats.store.saved_chats("Ada")
    assert (saved.chat_nickname, saved.chat_pfp) == ("Admiral", "/a.png")


async def test_the_view_has_the_columns_of_the_spec(chats: Chats) -> None:
    await chats.say("Ada", "Grace", "hello")
    with opened_store(chats.where) as connection:
        (row,) = connection.execute("SELECT * FROM saved_chats WHERE user_username = 'Ada'").fetchall()
        (message,) = connection.execute("SELECT * FROM messages").fetchall()
    assert {"id", "user_username", "chat_username", "chat_nickname", "chat_pfp"} <= set(row.keys())
    assert (row["last_message"], row["last_message_time"], row["created_at"]) == (
        "hello",
        "2027-01-15T08:00:01.000Z",
        "2027-01-15T08:00:01.000Z",
    )
    assert {"id", "sender_username", "receiver_username", "message", "timestamp"} <= set(message.keys())


# People


async def test_people_are_found_in_any_case_and_an_old_profile_overwrites_no_newer_one(chats: Chats) -> None:
    assert await chats.people.find_person("gRACE") == CAST[1]
    assert await chats.people.find_person("nobody") is None
    await chats.people.put_people([Person("Grace", "new", None, 20)])
    await chats.people.put_people([Person("Grace", "old", None, 19)])
    assert await chats.people.find_person("Grace") == Person("Grace", "new", None, 20)
    assert await chats.people.people_version() == 20
