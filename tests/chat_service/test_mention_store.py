"""Mentions in the store: who is named is there at that moment, and what is counted and listed is what was written."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from msgspec import structs

from chat_service.domain.changes import Appended, Kind
from chat_service.domain.conversations import Label
from chat_service.domain.history import Page
from chat_service.domain.intents import Draft
from chat_service.domain.mentions import NAMED_MAX
from chat_service.domain.messages import StoredMessage
from chat_service.domain.unread import Unread
from chat_service.store.engines import log_of
from chat_service.store.history import History
from chat_service.store.mention_inbox import MentionInbox
from chat_service.store.rooms import Rooms
from chat_service.store.unread_counts import counts_of
from servicekit.database import Connection, Database
from tests.chat_service.drafts import NOW, change, to_person, to_room

CAST = ("Ada", "Grace", "Linus", "Banned", "Erased", "Blocked", "Blocking")
GARDEN = "#garden"


class Said:
    """What is said in the garden, where all but Linus are, and between two."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._log = log_of(database)

    async def begin(self) -> None:
        await self.database.write(_people)
        await Rooms(self.database).create(name="garden", topic="", private=False, owner="Ada", now=NOW)
        await self.join(*(name for name in CAST if name != "Linus"))

    async def join(self, *names: str) -> None:
        await self.write(*(change(Kind.JOINED, name, conversation=GARDEN, value=name) for name in names))

    async def write(self, *given: Draft) -> list[Any]:
        outcomes = await self.database.write(self._log.append_group, given)
        assert all(isinstance(one, Appended) for one in outcomes), outcomes
        return [one.entry for one in outcomes if isinstance(one, Appended)]

    async def say(self, author: str, *mentioned: str, **more: Any) -> StoredMessage:
        """In the garden."""
        (stored,) = await self.write(naming(to_room(author, "garden", **more), *mentioned))
        assert isinstance(stored, StoredMessage)
        return stored

    async def noticed(self, message: StoredMessage) -> list[str]:
        statement = "SELECT username FROM mentioned WHERE message_id = ? AND seq = ? ORDER BY username"
        return await self.database.read(_column, statement, message.id, message.seq)

    async def counts(self, name: str, conversation: str = GARDEN) -> Unread:
        statement = "SELECT id FROM conversations WHERE name = ?"
        (conversation_id,) = await self.database.read(_column, statement, conversation)
        return await self.database.read(counts_of, name, conversation_id)

    async def inbox(self, name: str, *, before: int | None = None, limit: int = 50) -> list[int]:
        found = await MentionInbox(self.database).find(name, before=before, limit=limit)
        return [message.id for message in found]


def naming(draft: Draft, *mentioned: str) -> Draft:
    return structs.replace(draft, mentioned=mentioned)


def _people(connection: Connection) -> None:
    for version, name in enumerate(CAST, 1):
        connection.execute(
            "INSERT INTO people (username, username_folded, nickname, version, is_banned) VALUES (?, ?, ?, ?, ?)",
            (name, name.lower(), name, version, int(name == "Banned")),
        )
    for one, other in (("Ada", "Blocked"), ("Blocking", "Ada")):
        connection.execute(
            "INSERT INTO blocks (username, blocked_username, created_at) VALUES (?, ?, ?)", (one, other, NOW)
        )


def _column(connection: Connection, statement: str, *values: Any) -> list[Any]:
    return [value for (value,) in connection.execute(statement, values)]


def _write(connection: Connection, statement: str, *values: Any) -> None:
    connection.execute(statement, values)


@pytest.fixture
async def said(database: Database) -> Said:
    made = Said(database)
    await made.begin()
    return made


async def test_who_is_named_is_in_the_room_and_neither_banned_erased_nor_blocked(said: Said) -> None:
    await said.database.write(_write, "INSERT INTO erasures (username, is_done) VALUES ('Erased', 0)")
    stored = await said.say("Ada", "grace", "LINUS", "Grace", "nobody", *CAST)
    assert stored.mentions == ("Grace", "Ada")
    assert await said.noticed(stored) == ["Grace"]
    await said.write(change(Kind.LEFT, "Grace", conversation=GARDEN, value="Grace"))
    assert (await said.say("Ada", "Grace")).mentions == ()


async def test_whom_a_message_answers_is_to_notice_it_too_but_is_not_named(said: Said) -> None:
    first, second = await said.say("Grace"), await said.say("Blocking")
    for answered, named, noticed in (
        (first, (), ["Grace"]),
        (first, ("Erased",), ["Erased", "Grace"]),
        (second, (), []),
    ):
        stored = await said.say("Ada", *named, reply_to=answered.id)
        assert (stored.mentions, await said.noticed(stored)) == (named, noticed)
    assert await said.noticed(await said.say("Grace", reply_to=first.id)) == []  # oneself


async def test_between_two_the_other_is_named_from_the_first_message_on_and_all_in_the_room_are_nobody(
    said: Said,
) -> None:
    first, second = await said.write(
        naming(to_person("Ada", "Linus"), "linus", "Grace", "room"), to_person("Ada", "Linus")
    )
    assert (first.mentions, first.mentions_room) == (("Linus",), False)
    assert await said.noticed(first) == ["Linus"]
    assert second.mentions == ()
    assert await said.counts("Linus", "Ada|Linus") == Unread(2, 1)


async def test_in_a_large_room_only_who_runs_it_names_all(said: Said) -> None:
    await said.database.write(_fill_garden, 50 - (len(CAST) - 1))
    assert (await said.say("Grace", "room")).mentions_room
    await said.database.write(_fill_garden, 1)
    assert not (await said.say("Grace", "Room")).mentions_room
    assert (await said.say("Ada", "Room")).mentions_room  # who owns it
    await said.database.write(_write, "UPDATE memberships SET role = 'moderator' WHERE username = 'Grace'")
    assert (await said.say("Grace", "ROOM")).mentions_room
    await said.database.write(_write, "UPDATE people SET role = 'moderator' WHERE username = 'Erased'")
    stored = await said.say("Erased", "room", "Grace")
    assert (stored.mentions_room, stored.mentions) == (True, ("Grace",))


def _fill_garden(connection: Connection, count: int) -> None:
    (members, garden) = connection.execute(
        "SELECT count(*), max(conversation_id) FROM memberships WHERE label = ?", (GARDEN,)
    ).fetchone()
    connection.executemany(
        "INSERT INTO memberships (username, conversation_id, label) VALUES (?, ?, ?)",
        [(f"member-{number}", garden, GARDEN) for number in range(members, members + count)],
    )


async def test_an_edit_names_others_and_a_deletion_nobody(said: Said) -> None:
    first = await said.say("Grace")
    stored = await said.say("Ada", "Erased", "room", reply_to=first.id)
    assert await said.counts("Erased") == Unread(2, 1)
    edit = change(Kind.EDITED, "Ada", stored.id, value="new")
    (edited,) = await said.write(naming(edit, "Grace"))
    assert (edited.mentions, edited.mentions_room) == (("Grace",), False)
    assert await said.noticed(stored) == ["Grace"]  # once, though it answers her too
    assert await said.counts("Erased") == Unread(2, 0)
    (edited,) = await said.write(naming(change(Kind.EDITED, "Ada", stored.id, value="newer")))
    assert (edited.mentions, await said.noticed(stored)) == ((), ["Grace"])
    (edited,) = await said.write(naming(change(Kind.EDITED, "Ada", stored.id, value="newest"), "room"))
    assert (edited.mentions_room, await said.counts("Erased")) == (True, Unread(2, 1))
    await said.write(change(Kind.DELETED, "Ada", stored.id))
    assert await said.noticed(stored) == []
    assert await said.counts("Erased") == Unread(1, 0)
    assert await said.inbox("Grace") == []


async def test_sent_again_it_names_the_same_and_is_counted_once(said: Said) -> None:
    first = await said.say("Ada", "Grace", nonce="a")
    assert await said.say("Ada", "Erased", nonce="a") == first
    assert await said.noticed(first) == ["Grace"]


async def test_mentions_are_counted_among_what_is_unread(said: Said) -> None:
    own = await said.say("Grace")
    await said.say("Ada", "Grace")
    await said.say("Ada", "Grace", "room", reply_to=own.id)  # three times in one
    await said.say("Ada", "room")
    answer = await said.say("Ada", reply_to=own.id)
    await said.say("Ada")
    assert await said.counts("Grace") == Unread(5, 4)
    assert await said.counts("Erased") == Unread(6, 2)
    await said.write(change(Kind.READ, "Grace", conversation=GARDEN, mark=answer.seq - 2))
    assert await said.counts("Grace") == Unread(3, 2)
    await said.say("Grace")  # one's own last word
    assert await said.counts("Grace") == Unread(0, 0)
    await said.database.write(_write, "UPDATE memberships SET unread_seq = ? WHERE username = 'Grace'", answer.seq)
    assert await said.counts("Grace") == Unread(2, 1)
    (garden,) = (await Rooms(said.database).page_for("Grace", query="", shared_with="", after=None, limit=1)).rooms
    assert (garden.unread, garden.mentions, garden.unread_seq) == (2, 1, answer.seq)
    assert await said.counts("Ada") == Unread(1, 0)


async def test_the_inbox_has_what_was_meant_for_one_where_one_still_is(said: Said) -> None:
    own = await said.say("Grace")
    meant = [
        await said.say("Ada", "Grace"),
        await said.say("Ada", "room", "Grace"),
        (await said.write(naming(to_person("Linus", "Grace"), "Grace")))[0],
        await said.say("Ada", reply_to=own.id),
        await said.say("Ada", "room"),
    ]
    for draft in (to_room("Ada", "garden"), to_room("Grace", "garden"), to_person("Linus", "Ada")):
        await said.write(naming(draft, *(["room", "Grace"] if draft.author == "Grace" else [])))
    ids = [message.id for message in meant]
    assert await said.inbox("Grace") == ids[::-1]
    assert await said.inbox("Grace", limit=2) == ids[:2:-1]
    assert await said.inbox("Grace", limit=2, before=ids[3]) == ids[2:0:-1]
    assert await said.inbox("Grace", limit=2, before=ids[0]) == await said.inbox("Linus") == []
    await said.write(change(Kind.LEFT, "Grace", conversation=GARDEN, value="Grace"))
    assert await said.inbox("Grace") == [ids[2]]
    await said.join("Grace")
    assert await said.inbox("Grace") == [ids[3], ids[2], ids[1], ids[0]]  # what is for all is for who was there


async def test_what_an_older_instance_writes_beside_this_one_names_nobody(said: Said) -> None:
    await said.say("Ada", "Grace", "room")
    await said.database.write(
        _write,
        "INSERT INTO messages (conversation_id, seq, sender_username, message, timestamp)"
        " SELECT conversation_id, 9, 'Ada', '@Grace', ? FROM rooms WHERE name = 'garden'",
        NOW,
    )
    history = await History(said.database).read("Grace", Label(GARDEN), Page())
    assert [(one.mentions, one.mentions_room) for one, *_ in history] == [(("Grace",), True), ((), False)]
    assert await said.counts("Grace") == Unread(2, 1)


class Counting:
    """A connection that remembers its statements."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements: list[str] = []

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        self.statements.append(sql)
        return self._connection.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        self.statements.append(sql)
        return self._connection.executemany(sql, parameters)


async def test_a_message_that_names_nobody_asks_for_nothing_more(said: Said) -> None:
    log = log_of(said.database)

    def statements(connection: Connection, group: Sequence[Draft]) -> list[str]:
        counting = Counting(connection)
        log.append_group(counting, group)
        return counting.statements

    def about_mentions(found: Sequence[str]) -> Iterator[str]:
        return (one for one in found if any(word in one for word in ("mention", "people", "blocks")))

    plain, own = to_room("Ada", "garden"), await said.say("Ada")
    group = [plain, to_person("Ada", "Linus"), to_room("Ada", "garden", reply_to=own.id)]
    await said.write(to_person("Ada", "Linus"))  # begins the conversation
    found = await said.database.write(statements, group)
    assert [one for one in about_mentions(found) if "INSERT INTO messages" not in one] == []
    named = await said.database.write(statements, [naming(plain, "Grace")])
    assert len(list(about_mentions(named))) == 3


async def test_of_a_thousand_names_the_first_fifty_are_asked_for(said: Said) -> None:
    nobody = [f"n{number}" for number in range(1_000)]
    assert (await said.say("Ada", *nobody[: NAMED_MAX - 1], "Grace", *nobody, "Erased")).mentions == ("Grace",)
