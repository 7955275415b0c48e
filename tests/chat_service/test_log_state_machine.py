"""The log, whoever writes the file and whatever is rolled back: anything in any order, on both engines alike."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

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
from chat_service.store.conversations import _list_after
from servicekit.problems import Refusal
from tests.chat_service.drafts import NOW, change, to_person
from tests.chat_service.log_writers import CAST, GARDEN, Writer, in_garden, make_empty, rows
from tests.postgres import Postgres


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
def new_store(where: Path | str, request: pytest.FixtureRequest) -> Callable[[], Path | str]:
    """Makes the store anew."""

    def make() -> Path | str:
        if isinstance(where, Path):
            for left in where.parent.glob(f"{where.name}*"):
                left.unlink()
            made: Path | str = where
        else:
            made = new_schema(request.getfixturevalue("postgres"))
        make_empty(made)
        return made

    return make


def new_schema(postgres: Postgres) -> str:
    """In a database that is copied: to make its tables one by one takes longer than most examples."""
    return f"{postgres.new_store('chat', MIGRATIONS)}#chat"


@settings(max_examples=60)
@given(history=st.lists(naming_groups, min_size=1, max_size=4))
def test_both_engines_answer_alike(postgres: Postgres, history: list[list[Draft]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        answers = []
        for where in (Path(folder, "chat.db"), new_schema(postgres)):
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
