"""The log: gapless in each conversation, whoever writes the file and whatever is rolled back."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chat_service import store
from chat_service.app import MIGRATIONS
from chat_service.domain.messages import Draft, StoredMessage
from chat_service.domain.refusals import UnknownMessage
from chat_service.store import Log
from servicekit.database import Database

NOW = "2027-01-15T08:00:00.000Z"
CAST = ("Ada", "Grace", "Linus")
MESSAGES = "SELECT id, seq, sender_username, receiver_username, message, timestamp, nonce, reply_to FROM messages"


def draft(
    sender: str, receiver: str, text: str = "hello", *, nonce: str | None = None, reply_to: int | None = None
) -> Draft:
    return Draft(
        sender_username=sender,
        receiver_username=receiver,
        message=text,
        timestamp=NOW,
        nonce=nonce,
        reply_to=reply_to,
    )


@pytest.fixture(scope="module")
def empty_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield make_empty_file(Path(folder))


def make_empty_file(folder: Path) -> Path:
    """A database with its schema and the cast; copied for each test, which is quicker than to make it."""
    path = folder / "empty.db"
    Database(path, MIGRATIONS).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO people VALUES (?, ?, ?, NULL, ?)",
            [(name, name.casefold(), name, version) for version, name in enumerate(CAST, 1)],
        )
        connection.execute("PRAGMA journal_mode = DELETE")
    return path


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


class Writer:
    """One process: its connection and its log."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path)
        self.log = Log()

    @contextmanager
    def group(self) -> Iterator[None]:
        """One transaction; a Refusal inside is the caller's, anything else rolls it back, as GroupWriter does."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.log.begin(self.connection)
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            self.log.forget()
            raise
        self.connection.execute("COMMIT")

    def append(self, one: Draft) -> StoredMessage:
        return self.log.append(self.connection, one).message


@pytest.fixture
def path(tmp_path: Path, empty_file: Path) -> Path:
    return Path(shutil.copy(empty_file, tmp_path / "chat.db"))


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    made = Writer(path)
    with closing(made.connection):
        yield made


def rows(connection: sqlite3.Connection, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(query)]


def test_a_first_message_makes_the_conversation_both_memberships_and_both_saved_chats(writer: Writer) -> None:
    with writer.group():
        stored = writer.append(draft("Grace", "Ada"))
    assert (stored.id, stored.seq) == (1, 1)
    assert rows(writer.connection, "SELECT name FROM conversations") == [("Ada|Grace",)]
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
        seqs = [writer.append(draft(*pair)).seq for pair in (("Ada", "Grace"), ("Grace", "Ada"), ("Ada", "Grace"))]
    assert seqs == [1, 2, 3]


def test_a_nonce_used_before_finds_the_first_message(writer: Writer) -> None:
    with writer.group():
        first = writer.append(draft("Ada", "Grace", "once", nonce="n"))
        again = writer.log.append(writer.connection, draft("Ada", "Grace", "twice", nonce="n"))
        after = writer.append(draft("Ada", "Grace", nonce="other"))
    assert (again.message, again.is_new) == (first, False)
    assert after.seq == 2


def test_a_nonce_is_its_senders_own(writer: Writer) -> None:
    with writer.group():
        assert writer.append(draft("Ada", "Grace", nonce="n")).seq == 1
        assert writer.append(draft("Grace", "Ada", nonce="n")).seq == 2


def test_a_nonce_used_again_for_somebody_else_leaves_no_trace_with_them(writer: Writer) -> None:
    with writer.group():
        first = writer.append(draft("Ada", "Grace", nonce="n"))
    with writer.group():
        again = writer.log.append(writer.connection, draft("Ada", "Linus", nonce="n"))
    assert (again.message, again.is_new) == (first, False)
    assert rows(writer.connection, "SELECT count(*) FROM contacts WHERE 'Linus' IN (user_username, chat_username)") == [
        (0,)
    ]
    with writer.group():
        assert writer.append(draft("Ada", "Linus")).seq == 1


def test_a_reply_is_to_a_message_of_the_same_conversation(writer: Writer) -> None:
    with writer.group():
        hers = writer.append(draft("Ada", "Grace"))
        reply = writer.append(draft("Grace", "Ada", reply_to=hers.id))
    assert reply.reply_to == hers.id
    for stranger in (hers.id, 99):
        with writer.group(), pytest.raises(UnknownMessage):
            writer.append(draft("Ada", "Linus", reply_to=stranger))
    assert rows(writer.connection, "SELECT count(*) FROM conversations") == [(1,)]


def test_a_refusal_in_the_middle_of_a_group_costs_the_others_nothing(writer: Writer) -> None:
    with writer.group():
        assert writer.append(draft("Ada", "Grace")).seq == 1
        with pytest.raises(UnknownMessage):
            writer.append(draft("Ada", "Grace", reply_to=99))
        assert writer.append(draft("Ada", "Grace")).seq == 2


def test_what_is_remembered_is_bounded(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_CONVERSATIONS_REMEMBERED_MAX", 1)
    for _ in range(2):
        with writer.group():
            writer.append(draft("Ada", "Grace"))
            writer.append(draft("Ada", "Linus"))
    with writer.group():
        assert writer.append(draft("Ada", "Linus")).seq == 3


class Interrupted(Exception):
    """The disk is full, say."""


drafts = st.builds(
    lambda pair, text, nonce, reply_to: draft(pair[0], pair[1], text, nonce=nonce, reply_to=reply_to),
    st.permutations(CAST).map(lambda order: (order[0], order[1])),
    st.text(max_size=3),
    st.none() | st.sampled_from("abc"),
    st.none() | st.integers(1, 8),
)


class TwoProcesses(RuleBasedStateMachine):
    """Two processes write groups into one file, some of which are rolled back; the file is the only truth."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = make_empty_file(Path(self.folder.name))
        self.writers = [Writer(path), Writer(path)]
        self.appended: dict[int, StoredMessage] = {}

    @rule(who=st.integers(0, 1), group=st.lists(drafts, min_size=1, max_size=6))
    def commit(self, who: int, group: list[Draft]) -> None:
        writer = self.writers[who]
        with writer.group():
            self._append(writer, group)

    @rule(who=st.integers(0, 1), group=st.lists(drafts, min_size=1, max_size=6))
    def roll_back(self, who: int, group: list[Draft]) -> None:
        writer, before = self.writers[who], dict(self.appended)
        with pytest.raises(Interrupted), writer.group():
            self._append(writer, group)
            raise Interrupted
        self.appended = before

    def _append(self, writer: Writer, group: list[Draft]) -> None:
        for one in group:
            try:
                appended = writer.log.append(writer.connection, one)
            except UnknownMessage:
                continue
            first = [m for m in self.appended.values() if one.nonce and self._key(m) == self._key(one)]
            assert appended.is_new is not bool(first)
            assert not first or appended.message == first[0]
            self.appended[appended.message.id] = appended.message

    @staticmethod
    def _key(one: Draft | StoredMessage) -> tuple[str, str | None]:
        return one.sender_username, one.nonce

    @invariant()
    def what_was_appended_is_in_the_file_and_each_conversation_is_gapless(self) -> None:
        connection = self.writers[0].connection
        found = [StoredMessage(**dict(row)) for row in connection.execute(MESSAGES)]
        assert {message.id: message for message in found} == self.appended
        conversations: dict[frozenset[str], list[int]] = {}
        for message in found:
            conversations.setdefault(frozenset({message.sender_username, message.receiver_username}), []).append(
                message.seq
            )
        assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in conversations.values())
        assert rows(connection, "SELECT count(*) FROM conversations") == [(len(conversations),)]

    def teardown(self) -> None:
        for writer in self.writers:
            writer.connection.close()
        self.folder.cleanup()


TestTwoProcesses = TwoProcesses.TestCase
TestTwoProcesses.settings = settings(max_examples=30, stateful_step_count=12, deadline=None)
