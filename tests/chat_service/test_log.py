"""The log: gapless in each conversation, and what may be written into it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chat_service.domain.changes import Appended, Kind
from chat_service.domain.refusals import NotAMember, NotTheAuthor, UnknownMessage
from chat_service.store.sqlite_log import SqliteLog
from tests.chat_service.drafts import to_person
from tests.chat_service.log_writers import GARDEN, Writer, in_garden, make_empty, rows


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
