"""The log: gapless in each conversation, whoever writes the file and whatever is rolled back."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from msgspec import structs

from chat_service.app import MIGRATIONS
from chat_service.domain.changes import Appended, Change, Entry, Kind
from chat_service.domain.conversations import Conversation
from chat_service.domain.intents import Draft, SendMessage
from chat_service.domain.messages import StoredMessage
from chat_service.domain.refusals import NotAMember, NotTheAuthor, UnknownMessage
from chat_service.store.conversations import _list_after
from chat_service.store.log import Log
from chat_service.store.postgres_log import PostgresLog
from chat_service.store.sqlite_log import SqliteLog
from servicekit import sqlite_file
from servicekit.postgres_schema import migrate
from servicekit.problems import Refusal
from tests.chat_service.drafts import NOW, change, to_person, to_room
from tests.postgres import Postgres
from tests.stores import opened_store

CAST = ("Ada", "Grace", "Linus")
GARDEN = "#garden"


def make_empty(where: Path | str) -> None:
    """A store with its schema, the cast and a room."""
    if isinstance(where, Path):
        sqlite_file.make(where, MIGRATIONS)
    else:
        migrate(*urldefrag(where), MIGRATIONS)
    with opened_store(where) as connection:
        for version, name in enumerate(CAST, 1):
            connection.execute(
                "INSERT INTO people (username, username_folded, nickname, version) VALUES (?, ?, ?, ?)",
                (name, name.casefold(), name, version),
            )
        connection.execute("INSERT INTO conversations (name, created_at) VALUES (?, ?)", (GARDEN, NOW))
        connection.execute(
            "INSERT INTO rooms (conversation_id, name, name_folded, topic, is_private, owner_username, created_at)"
            " SELECT id, 'garden', 'garden', '', 0, 'Ada', created_at FROM conversations"
            " WHERE name = ?",
            (GARDEN,),
        )


class Writer:
    """One process: its connection and its log."""

    def __init__(self, where: Path | str) -> None:
        self._where = where
        self._closing = ExitStack()
        self.connection = self._closing.enter_context(opened_store(where))
        self.log: Log = SqliteLog() if isinstance(where, Path) else PostgresLog()

    def close(self) -> None:
        self._closing.close()

    @contextmanager
    def group(self) -> Iterator[None]:
        """One transaction; a Refusal inside is the caller's, anything else rolls it back, as GroupWriter does."""
        self.connection.execute("BEGIN IMMEDIATE" if isinstance(self._where, Path) else "BEGIN")
        self.log.begin(self.connection)
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            self.log.forget()
            raise
        self.connection.execute("COMMIT")

    def write(self, group: Sequence[Draft]) -> Sequence[Appended | Refusal]:
        """A whole group, as GroupWriter has it written."""
        with self.group():
            return self.log.append_group(self.connection, group)

    def append(self, one: Draft) -> StoredMessage:
        entry = self.log.append(self.connection, one).entry
        assert isinstance(entry, StoredMessage)
        return entry

    def change(self, kind: Kind, username: str, message_id: int = 0, **more: Any) -> Change | None:
        """What was changed; None: nothing."""
        appended = self.log.append(self.connection, change(kind, username, message_id, **more))
        assert appended.is_new is (appended.entry is not None)
        assert not isinstance(appended.entry, StoredMessage)
        return appended.entry

    def join(self, *names: str) -> None:
        with self.group():
            for name in names:
                assert self.change(Kind.JOINED, name, conversation=GARDEN, value=name)


@pytest.fixture
def writer(where: Path | str) -> Iterator[Writer]:
    make_empty(where)
    with closing(Writer(where)) as made:
        yield made


@pytest.fixture
def file_writer(tmp_path: Path) -> Iterator[Writer]:
    make_empty(tmp_path / "chat.db")
    with closing(Writer(tmp_path / "chat.db")) as made:
        yield made


def rows(connection: Any, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(query)]


def test_a_first_message_makes_the_conversation_both_memberships_and_both_saved_chats(writer: Writer) -> None:
    with writer.group():
        stored = writer.append(to_person("Grace", "Ada"))
    assert (stored.id, stored.seq) == (1, 1)
    assert rows(writer.connection, "SELECT name FROM conversations WHERE name NOT LIKE '#%'") == [("Ada|Grace",)]
    assert rows(writer.connection, "SELECT username, label FROM memberships ORDER BY username") == [
        ("Ada", "@Grace"),
        ("Grace", "@Ada"),
    ]
    assert rows(writer.connection, "SELECT user_username, chat_username FROM contacts ORDER BY 1") == [
        ("Ada", "Grace"),
        ("Grace", "Ada"),
    ]


def test_both_directions_share_one_order(writer: Writer) -> None:
    with writer.group():
        seqs = [writer.append(to_person(*pair)).seq for pair in (("Ada", "Grace"), ("Grace", "Ada"), ("Ada", "Grace"))]
    assert seqs == [1, 2, 3]


def test_a_nonce_used_before_finds_the_first_message(writer: Writer) -> None:
    with writer.group():
        first = writer.append(to_person("Ada", "Grace", "once", nonce="n"))
        again = writer.log.append(writer.connection, to_person("Ada", "Grace", "twice", nonce="n"))
        after = writer.append(to_person("Ada", "Grace", nonce="other"))
    assert again == Appended(first, is_new=False)
    assert after.seq == 2


def test_a_nonce_is_its_senders_own(writer: Writer) -> None:
    with writer.group():
        assert writer.append(to_person("Ada", "Grace", nonce="n")).seq == 1
        assert writer.append(to_person("Grace", "Ada", nonce="n")).seq == 2


def test_a_nonce_used_again_for_somebody_else_leaves_no_trace_with_them(writer: Writer) -> None:
    with writer.group():
        first = writer.append(to_person("Ada", "Grace", nonce="n"))
    with writer.group():
        again = writer.log.append(writer.connection, to_person("Ada", "Linus", nonce="n"))
    assert again == Appended(first, is_new=False)
    assert rows(writer.connection, "SELECT count(*) FROM contacts WHERE 'Linus' IN (user_username, chat_username)") == [
        (0,)
    ]
    with writer.group():
        assert writer.append(to_person("Ada", "Linus")).seq == 1


def test_a_reply_is_to_a_message_of_the_same_conversation(writer: Writer) -> None:
    with writer.group():
        hers = writer.append(to_person("Ada", "Grace"))
        reply = writer.append(to_person("Grace", "Ada", reply_to=hers.id))
    assert reply.reply_to == hers.id
    for stranger in (hers.id, 99):
        with writer.group(), pytest.raises(UnknownMessage):
            writer.append(to_person("Ada", "Linus", reply_to=stranger))
    assert rows(writer.connection, "SELECT count(*) FROM conversations WHERE name NOT LIKE '#%'") == [(1,)]


def test_a_refusal_in_the_middle_of_a_group_costs_the_others_nothing(writer: Writer) -> None:
    with writer.group():
        assert writer.append(to_person("Ada", "Grace")).seq == 1
        with pytest.raises(UnknownMessage):
            writer.append(to_person("Ada", "Grace", reply_to=99))
        assert writer.append(to_person("Ada", "Grace")).seq == 2


def test_what_is_remembered_is_bounded(file_writer: Writer) -> None:
    writer = file_writer
    writer.log = SqliteLog(conversations_max=1)
    read: list[str] = []
    writer.connection.set_trace_callback(lambda query: read.append(query) if "FROM conversations" in query else None)

    def is_read_again() -> bool:
        read.clear()
        with writer.group():
            writer.append(to_person("Ada", "Grace"))
        return bool(read)

    assert [is_read_again() for _ in range(3)] == [True, False, False]
    with writer.group():
        assert writer.append(to_person("Ada", "Linus")).seq == 1
    assert [is_read_again() for _ in range(2)] == [True, False]
    with writer.group():
        assert writer.append(to_person("Ada", "Grace")).seq == 6


# Changes


def test_messages_and_changes_share_one_count(writer: Writer) -> None:
    with writer.group():
        first = writer.append(to_person("Ada", "Grace"))
        edited = writer.change(Kind.EDITED, "Ada", first.id, value="good day")
        second = writer.append(to_person("Grace", "Ada"))
        reaction = writer.change(Kind.REACTION, "Grace", first.id, value="👍")
    assert [entry and entry.seq for entry in (first, edited, second, reaction)] == [1, 2, 3, 4]


def test_what_changes_nothing_takes_no_place(writer: Writer) -> None:
    with writer.group():
        first = writer.append(to_person("Ada", "Grace", "hello"))
        assert writer.change(Kind.EDITED, "Ada", first.id, value="hello") is None
        assert writer.change(Kind.REACTION, "Grace", first.id, value="👍", removes=True) is None
        assert writer.change(Kind.REACTION, "Grace", first.id, value="👍") is not None
        assert writer.change(Kind.REACTION, "Grace", first.id, value="👍") is None
        for mark in (0, 3):  # behind, and past the end
            assert writer.change(Kind.READ, "Grace", conversation="Ada|Grace", mark=mark) is None
        assert writer.append(to_person("Ada", "Grace")).seq == 3


@pytest.mark.parametrize("kind", [Kind.EDITED, Kind.DELETED, Kind.REACTION])
def test_only_a_message_of_ones_own_conversations_that_is_still_there_can_be_changed(
    writer: Writer, kind: Kind
) -> None:
    with writer.group():
        first = writer.append(to_person("Ada", "Grace"))
        for username, message_id in (("Linus", first.id), ("Ada", 99)):
            with pytest.raises(UnknownMessage):
                writer.change(kind, username, message_id, value="👍")
        with pytest.raises(UnknownMessage):
            writer.change(kind, "Ada", first.id, value="👍", conversation="Ada|Linus")
        writer.change(Kind.DELETED, "Ada", first.id)
        with pytest.raises(UnknownMessage):
            writer.change(kind, "Ada", first.id, value="👍")


def test_only_its_author_edits_a_message_and_the_owner_of_the_room_may_delete_it(writer: Writer) -> None:
    writer.join("Ada", "Grace", "Linus")
    with writer.group():
        hers = writer.append(in_garden("Grace"))
        for kind, username in ((Kind.EDITED, "Ada"), (Kind.EDITED, "Linus"), (Kind.DELETED, "Linus")):
            with pytest.raises(NotTheAuthor):
                writer.change(kind, username, hers.id, value="mine")
        assert writer.change(Kind.DELETED, "Ada", hers.id) is not None


def test_a_text_that_is_gone_is_nowhere_in_the_file(writer: Writer) -> None:
    with writer.group():
        first = writer.append(to_person("Ada", "Grace", "the first secret"))
        reply = writer.append(to_person("Grace", "Ada", "oh", reply_to=first.id))
        writer.change(Kind.REACTION, "Grace", first.id, value="👍")
        writer.change(Kind.EDITED, "Ada", first.id, value="the second secret")
        writer.change(Kind.DELETED, "Ada", first.id)
    index = "message_texts" if isinstance(writer.log, SqliteLog) else "message_grams"
    for table in ("messages", "changes", "reactions", index):
        assert "secret" not in str(rows(writer.connection, f"SELECT * FROM {table}"))
    assert rows(writer.connection, "SELECT count(*) FROM reactions") == [(0,)]
    (kept,) = rows(writer.connection, f"SELECT seq, sender_username, message FROM messages WHERE id = {first.id}")
    assert kept == (1, "Ada", "")
    assert rows(writer.connection, f"SELECT reply_to FROM messages WHERE id = {reply.id}") == [(first.id,)]


def test_a_mark_only_moves_forward_and_never_past_the_end(writer: Writer) -> None:
    with writer.group():
        for _ in range(3):
            writer.append(to_person("Ada", "Grace"))

    def mark(seq: int) -> int:
        with writer.group():
            writer.change(Kind.READ, "Grace", conversation="Ada|Grace", mark=seq)
        (found,) = rows(writer.connection, "SELECT read_seq FROM memberships WHERE username = 'Grace'")
        return int(str(found[0]))

    assert [mark(seq) for seq in (2, 1, 6, 3, 2**63 - 1)] == [2, 2, 2, 3, 3]


def test_who_is_not_in_a_conversation_learns_nothing_of_it_by_a_mark(writer: Writer) -> None:
    writer.join("Ada")
    for conversation in (GARDEN, "#nowhere"):
        with writer.group(), pytest.raises(NotAMember):
            writer.change(Kind.READ, "Grace", conversation=conversation, mark=1)
    with writer.group():
        assert writer.change(Kind.READ, "Grace", conversation="Ada|Grace", mark=1) is None


def test_only_a_member_writes_in_a_room_and_one_who_left_no_longer(writer: Writer) -> None:
    writer.join("Ada", "Grace")
    with writer.group():
        assert writer.append(in_garden("Grace")).seq == 3
        with pytest.raises(NotAMember):
            writer.append(in_garden("Linus"))
        assert writer.change(Kind.LEFT, "Ada", conversation=GARDEN, value="Grace") is not None
        with pytest.raises(NotAMember):
            writer.append(in_garden("Grace"))
        assert writer.change(Kind.LEFT, "Ada", conversation=GARDEN, value="Grace") is None
        assert writer.append(in_garden("Ada")).seq == 5


def test_a_closed_room_leaves_its_name_free_and_none_of_its_texts(writer: Writer) -> None:
    writer.join("Ada", "Grace")
    with writer.group():
        said = writer.append(in_garden("Grace", "the secret"))
        assert writer.change(Kind.CLOSED, "Ada", conversation=GARDEN)
        with pytest.raises(NotAMember):
            writer.append(in_garden("Ada"))
        with pytest.raises(UnknownMessage):
            writer.change(Kind.EDITED, "Grace", said.id, value="again")
    assert "secret" not in str(rows(writer.connection, "SELECT * FROM messages"))
    assert rows(writer.connection, "SELECT name FROM rooms") == [("lobby",)]
    assert rows(writer.connection, f"SELECT 1 FROM conversations WHERE name = '{GARDEN}'") == []


def in_garden(sender: str, text: str = "hello", *, nonce: str | None = None, reply_to: int | None = None) -> Draft:
    return to_room(sender, "garden", text, nonce=nonce, reply_to=reply_to)


# Anything in any order


class Interrupted(Exception):
    """The disk is full, say."""


people = st.sampled_from(CAST)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3)
message_ids = st.integers(1, 8)
nonces, replies = st.none() | st.sampled_from("abc"), st.none() | message_ids
drafts: st.SearchStrategy[Draft] = st.one_of(
    st.builds(
        lambda pair, text, nonce, reply_to: to_person(pair[0], pair[1], text, nonce=nonce, reply_to=reply_to),
        st.permutations(CAST).map(lambda order: (order[0], order[1])),
        texts,
        nonces,
        replies,
    ),
    st.builds(
        lambda sender, text, nonce, reply_to: in_garden(sender, text, nonce=nonce, reply_to=reply_to),
        people,
        texts,
        nonces,
        replies,
    ),
    st.builds(
        change,
        kind=st.sampled_from([Kind.EDITED, Kind.DELETED]),
        author=people,
        message_id=message_ids,
        value=st.sampled_from(["👍", "🎉"]),
    ),
    st.builds(
        change,
        kind=st.just(Kind.REACTION),
        author=people,
        message_id=message_ids,
        value=st.sampled_from(["👍", "🎉"]),
        removes=st.booleans(),  # which only a reaction can be
    ),
    st.builds(
        change,
        kind=st.just(Kind.READ),
        author=people,
        conversation=st.sampled_from(["Ada|Grace", "Ada|Linus", "Grace|Linus", GARDEN]),
        mark=st.integers(0, 6),
    ),
    st.builds(
        change,
        kind=st.sampled_from([Kind.JOINED, Kind.JOINED, Kind.LEFT]),
        author=people,
        conversation=st.just(GARDEN),
        value=people,
    ),
)
groups = st.lists(drafts, min_size=1, max_size=6)
names = st.lists(st.sampled_from([*map(str.lower, CAST), "room", "nobody"]), max_size=3).map(tuple)
naming_drafts = st.builds(lambda draft, mentioned: structs.replace(draft, mentioned=mentioned), drafts, names)
naming_groups = st.lists(naming_drafts, min_size=1, max_size=6)


class TwoProcesses(RuleBasedStateMachine):
    """Two processes write groups into one store, some of which are rolled back; the store is the only truth."""

    new_store: Callable[[], Path | str]

    def __init__(self) -> None:
        super().__init__()
        where = self.new_store()
        self.writers = [Writer(where), Writer(where)]
        self.live: list[Entry] = []  # as everybody was told of them

    @rule(who=st.integers(0, 1), group=groups)
    def commit(self, who: int, group: list[Draft]) -> None:
        writer = self.writers[who]
        with writer.group():
            self._append(writer, group)

    @rule(who=st.integers(0, 1), group=groups)
    def roll_back(self, who: int, group: list[Draft]) -> None:
        writer, before = self.writers[who], list(self.live)
        with pytest.raises(Interrupted), writer.group():
            self._append(writer, group)
            raise Interrupted
        self.live = before

    def _append(self, writer: Writer, group: list[Draft]) -> None:
        for one in group:
            try:
                appended = writer.log.append(writer.connection, one)
            except Refusal:
                continue
            if isinstance(one.intent, SendMessage):
                said = [entry for entry in self.live if isinstance(entry, StoredMessage)]
                first = [
                    self._as_of_now(entry)
                    for entry in said
                    if (entry.sender_username, entry.nonce) == (one.author, one.intent.nonce or "")
                ]
                assert appended.is_new is not bool(first)
                assert not first or appended.entry == first[0]
            if appended.is_new:
                assert appended.entry is not None
                self.live.append(appended.entry)

    @invariant()
    def each_conversation_is_gapless_over_messages_and_changes(self) -> None:
        seqs: dict[Conversation, list[int]] = {}
        for entry in self.live:
            seqs.setdefault(entry.conversation, []).append(entry.seq)
        assert all(found == list(range(1, len(found) + 1)) for found in seqs.values())
        stored = rows(
            self.writers[0].connection,
            "SELECT name, seq FROM (SELECT conversation_id, seq FROM messages UNION ALL"
            " SELECT conversation_id, seq FROM changes) AS log"
            " JOIN conversations ON conversations.id = conversation_id",
        )
        assert sorted(stored) == sorted((entry.conversation.name, entry.seq) for entry in self.live)

    @invariant()
    def what_is_read_again_from_any_place_is_what_everybody_was_told(self) -> None:
        for conversation in {entry.conversation for entry in self.live}:
            told = [self._as_of_now(entry) for entry in self.live if entry.conversation == conversation]
            for reader in self._readers_of(conversation):
                label = conversation.label_for(reader)
                for position in range(len(told) + 1):
                    for limit in (2, 1000):
                        again = _list_after(self.writers[1].connection, reader, label, position, None, len(told), limit)
                        assert [*map(_without_counts, again)] == told[position : position + limit]

    def _as_of_now(self, entry: Entry) -> Entry:
        """The entry as it is told later: a message and its edits show the text of now, a deleted one none."""
        message_id = entry.id if isinstance(entry, StoredMessage) else entry.message_id
        done = [one for one in self.live if isinstance(one, Change) and one.message_id == message_id]
        texts = [one for one in done if one.kind in {Kind.EDITED, Kind.DELETED}]
        is_deleted = bool(texts) and texts[-1].kind is Kind.DELETED
        if isinstance(entry, Change):
            if entry.kind is not Kind.EDITED:
                return _without_counts(entry)
            return structs.replace(entry, value="" if is_deleted else texts[-1].value, removes=False)
        if not texts:
            return entry
        return structs.replace(
            entry,
            message="" if is_deleted else texts[-1].value,
            edited_at=NOW if texts[0].kind is Kind.EDITED else None,
            deleted_at=NOW if is_deleted else None,
        )

    def _readers_of(self, conversation: Conversation) -> list[str]:
        if not conversation.is_room:
            return list(conversation.people)
        found = rows(self.writers[0].connection, f"SELECT username FROM memberships WHERE label = '{GARDEN}'")
        return [str(username) for (username,) in found]

    def teardown(self) -> None:
        for writer in self.writers:
            writer.close()


def _without_counts(entry: Entry) -> Entry:
    """They are those of when it is told."""
    return structs.replace(entry, counts=None) if isinstance(entry, Change) else entry


def test_two_processes(new_store: Callable[[], Path | str]) -> None:
    machine = type("TwoProcessesThere", (TwoProcesses,), {"new_store": staticmethod(new_store)})
    chosen = settings(max_examples=30, stateful_step_count=12, deadline=None)
    run_state_machine_as_test(machine, settings=chosen)


@pytest.fixture
def new_store(where: Path | str) -> Callable[[], Path | str]:
    """Makes the store anew."""

    def make() -> Path | str:
        if isinstance(where, Path):
            for left in where.parent.glob(f"{where.name}*"):
                left.unlink()
        else:
            address, schema = urldefrag(where)
            with psycopg.connect(address, autocommit=True) as session:
                session.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())
        make_empty(where)
        return where

    return make


@settings(max_examples=60)
@given(history=st.lists(naming_groups, min_size=1, max_size=4))
def test_both_engines_answer_alike(postgres_address: str, history: list[list[Draft]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        answers = []
        for where in (Path(folder, "chat.db"), f"{postgres_address}#s{next(_numbers)}"):
            make_empty(where)
            with closing(Writer(where)) as writer:
                answers.append(list(_answers(writer, history)))
    assert answers[0] == answers[1]


def _answers(writer: Writer, history: list[list[Draft]]) -> Iterator[list[object]]:
    told: set[int] = set()
    for group in history:
        outcomes = writer.write([_replying_to(told, draft) for draft in group])
        told |= {one.entry.id for one in outcomes if isinstance(one, Appended) and isinstance(one.entry, StoredMessage)}
        yield [(type(one), str(one)) if isinstance(one, Refusal) else one for one in outcomes]


def _replying_to(told: set[int], draft: Draft) -> Draft:
    """To no message of the same group: whose id nobody can know yet."""
    intent = draft.intent
    if not isinstance(intent, SendMessage) or intent.reply_to is None or intent.reply_to in told:
        return draft
    return structs.replace(draft, intent=structs.replace(intent, reply_to=99))


_numbers = count(1)


@pytest.fixture(scope="module")
def postgres_address(postgres: Postgres) -> str:
    return postgres.new_database()
