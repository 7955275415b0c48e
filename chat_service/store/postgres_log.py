"""The log in PostgreSQL, where several instances append: a group locks its conversations, and is stored at one go.

All of them are locked in the order of their ids. What is decided by (ends, nonces, memberships) is read after that, by
statements of their own: each sees what was committed before it. A new message costs no statement of its own.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from chat_service.domain.changes import Appended
from chat_service.domain.conversations import Conversation
from chat_service.domain.intents import AboutMessage, Draft, SendMessage
from chat_service.domain.messages import StoredMessage
from chat_service.domain.quotas import USUAL_QUOTAS, Quotas
from chat_service.domain.refusals import NotAccepted, NotAMember, UnknownMessage
from chat_service.store.attachments import attach
from chat_service.store.blocks import barred_of
from chat_service.store.log import MESSAGE_COLUMNS, UNLESS_SENT, Log, message_row, stored_message
from chat_service.store.log_end import LogEnd
from chat_service.store.mentions import mention
from chat_service.store.moderation import check_not_timed_out, check_slow_mode
from chat_service.store.postgres_text_index import PostgresTextIndex
from chat_service.store.rows import MESSAGE, epoch, last_seq, message_of
from servicekit.database import Connection, Outdated, hold
from servicekit.problems import Refusal

# An empty list means nothing to be asked for; a row that changed its name meanwhile (a closed room) is passed over.
_LOCK = (
    "SELECT id FROM conversations WHERE name = ANY(?)"
    " OR id = ANY(ARRAY(SELECT conversation_id FROM messages WHERE id = ANY(?::bigint[])))"
    " ORDER BY id FOR NO KEY UPDATE"
)
_ENDS = (
    f"SELECT name, id, {epoch('id')}, {last_seq('conversations.id')}, EXISTS (SELECT 1 FROM erasures"
    "  WHERE username = ANY(string_to_array(name, '|'))), barred, slow_mode_s FROM conversations WHERE id = ANY(?)"
)
_SENT = f"SELECT {MESSAGE} FROM messages WHERE (sender_username, nonce) IN (SELECT * FROM unnest(?::text[], ?::text[]))"
_MEMBERS = (
    "SELECT username, label, timed_out_until FROM memberships"
    " WHERE (username, label) IN (SELECT * FROM unnest(?::text[], ?::text[]))"
)
_TYPES = ("bigint", "bigint", *["text"] * 5, "bigint", *["text"] * 4, "integer")
_INSERT = (
    f"INSERT INTO messages ({MESSAGE_COLUMNS}) SELECT {MESSAGE_COLUMNS}"
    f" FROM unnest({', '.join(f'?::{one}[]' for one in _TYPES)}) WITH ORDINALITY AS given ({MESSAGE_COLUMNS}, place)"
    f" ORDER BY place {UNLESS_SENT} RETURNING conversation_id, seq, id"
)


class PostgresLog(Log):
    """What it remembers, it has locked: until the transaction ends."""

    def __init__(self, *, quotas: Quotas = USUAL_QUOTAS) -> None:
        super().__init__(PostgresTextIndex(), quotas)

    def begin(self, connection: Connection) -> None:
        self._ends = {}

    def forget(self) -> None:
        """What is locked cannot be wrong; and who says so may do it from another thread, in the middle of a group."""

    def forget_one(self, conversation: Conversation) -> None:
        """Nor this."""

    def append(self, connection: Connection, draft: Draft) -> Appended:
        (outcome,) = self._append_all(connection, [draft])
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    def append_group(self, connection: Connection, drafts: Sequence[Draft]) -> list[Appended | Refusal]:
        self.begin(connection)
        return self._append_all(connection, drafts)

    def _append_all(self, connection: Connection, drafts: Sequence[Draft]) -> list[Appended | Refusal]:
        about = [draft.intent.message_id for draft in drafts if isinstance(draft.intent, AboutMessage)]
        self._lock(connection, {draft.intent.conversation for draft in drafts} - {None} - self._ends.keys(), about)
        outcomes: list[Appended | Refusal] = []
        for are_messages, run in groupby(drafts, lambda draft: isinstance(draft.intent, SendMessage)):
            if are_messages:
                outcomes += self._append_messages(connection, [*run])
            else:
                outcomes += [self._change(connection, draft) for draft in run]
        return outcomes

    def _lock(
        self, connection: Connection, conversations: Iterable[Conversation | None], message_ids: list[int]
    ) -> None:
        names = [one.name for one in conversations if one is not None]
        ids = [row[0] for row in connection.execute(_LOCK, (names, message_ids))]
        for name, *end, is_over, barred, slow_mode_s in connection.execute(_ENDS, (ids,)):
            conversation = Conversation(name)
            self._ends[conversation] = LogEnd(
                conversation,
                *end,
                is_over=is_over and not conversation.is_room,
                barred=barred_of(barred),
                slow_mode_s=slow_mode_s,
            )

    def _change(self, connection: Connection, draft: Draft) -> Appended | Refusal:
        try:
            return self._append_change(connection, draft)
        except Refusal as refusal:
            return refusal

    def _find(self, connection: Connection, conversation: Conversation) -> LogEnd | None:
        return self._ends.get(conversation)

    def _begin_direct(self, connection: Connection, draft: Draft, conversation: Conversation) -> LogEnd:
        hold(connection, conversation.name)  # another instance may be making it
        self._lock(connection, [conversation], [])
        end = self._ends.get(conversation)
        if end is None or end.is_over:
            return super()._begin_direct(connection, draft, conversation)
        if draft.author in end.barred:
            raise NotAccepted(conversation.other_than(draft.author))
        return end

    def _append_messages(self, connection: Connection, drafts: Sequence[Draft]) -> list[Appended | Refusal]:
        known = _read_known(connection, drafts)
        places = [self._try_to_place(connection, draft, known) for draft in drafts]
        new = [one for one in places if isinstance(one, _New)]
        stored = _insert(connection, new)
        self._index.stored(connection, [message.id for message in stored.values()])
        return [_outcome(one, stored) for one in places]

    def _try_to_place(self, connection: Connection, draft: Draft, known: "_Known") -> "_New | _Sent | Refusal":
        try:
            return self._place(connection, draft, known)
        except Refusal as refusal:
            return refusal

    def _place(self, connection: Connection, draft: Draft, known: "_Known") -> "_New | _Sent":
        """Where it goes: to the next `seq`, or nowhere."""
        intent = _message(draft)
        conversation = intent.conversation
        end, sent = self._ends.get(conversation), known.sent.get((draft.author, intent.nonce))
        try:
            _check_may_write(draft, conversation, end, known)
        except Refusal:
            if sent:  # when they still might
                return _Sent(sent)
            raise
        answered = None
        if intent.reply_to is not None:
            conversation_id, answered = known.replied.get(intent.reply_to, (None, None))
            if end is None or conversation_id != end.id:
                raise UnknownMessage(intent.reply_to)
        if sent:
            return _Sent(sent)
        if end is None or end.is_over:
            end = self._begin_direct(connection, draft, conversation)
        if end.slow_mode_s:
            check_slow_mode(connection, draft, end)
        end.seq += 1
        new = _New(draft, end, end.seq, answered)
        if intent.nonce is not None:
            known.sent[draft.author, intent.nonce] = new
        return new


class _New(NamedTuple):
    """What is to be stored at that place, and whom it answers."""

    draft: Draft
    end: LogEnd
    seq: int
    answered: str | None


class _Sent(NamedTuple):
    """A message that was sent before; perhaps a moment ago, in the same group."""

    first: StoredMessage | _New


class _Known(NamedTuple):
    """What there is of what a group speaks of: messages by author and nonce, members and until when they are timed out,
    the conversations and authors of messages.
    """

    sent: dict[tuple[str, str | None], StoredMessage | _New]
    members: dict[tuple[str, str], str | None]
    replied: dict[int, tuple[int, str]]


def _check_may_write(draft: Draft, conversation: Conversation, end: LogEnd | None, known: _Known) -> None:
    """Raises NotAMember, TimedOut or NotAccepted."""
    if conversation.is_room:
        if end is None or (draft.author, conversation.name) not in known.members:
            raise NotAMember(conversation.name)
        check_not_timed_out(draft, end, known.members[draft.author, conversation.name])
    elif end is not None and draft.author in end.barred:
        raise NotAccepted(conversation.other_than(draft.author))


def _message(draft: Draft) -> SendMessage:
    assert isinstance(draft.intent, SendMessage)
    return draft.intent


def _read_known(connection: Connection, drafts: Sequence[Draft]) -> _Known:
    known = _Known({}, {}, {})
    intents = [(draft.author, _message(draft)) for draft in drafts]
    if nonces := [(author, intent.nonce) for author, intent in intents if intent.nonce is not None]:
        for message in map(message_of, connection.execute(_SENT, _columns(nonces))):
            known.sent[message.sender_username, message.nonce] = message
    if rooms := [(author, intent.conversation.name) for author, intent in intents if intent.conversation.is_room]:
        for username, label, timed_out_until in connection.execute(_MEMBERS, _columns(rooms)):
            known.members[username, label] = timed_out_until
    if replied := [intent.reply_to for _, intent in intents if intent.reply_to is not None]:
        found = connection.execute(
            "SELECT id, conversation_id, sender_username FROM messages WHERE id = ANY(?)", (replied,)
        )
        known.replied.update({message_id: (conversation_id, author) for message_id, conversation_id, author in found})
    return known


def _insert(connection: Connection, new: Sequence[_New]) -> dict[tuple[int, int], StoredMessage]:
    """By conversation and `seq`."""
    if not new:
        return {}
    rows = connection.execute(
        _INSERT, _columns([message_row(draft, _message(draft), end, seq) for draft, end, seq, _ in new])
    )
    ids = {(conversation_id, seq): message_id for conversation_id, seq, message_id in rows}
    if len(ids) < len(new):  # one of the nonces has been used meanwhile, in another conversation
        raise Outdated
    stored = {}
    for draft, end, seq, answered in new:
        intent, message_id = _message(draft), ids[end.id, seq]
        if intent.attachments:
            attach(connection, message_id, intent.attachments)
        mentions = mention(connection, draft, end, message_id, seq, answered)
        stored[end.id, seq] = stored_message(draft, intent, end, seq, message_id, mentions)
    return stored


def _outcome(one: _New | _Sent | Refusal, stored: dict[tuple[int, int], StoredMessage]) -> Appended | Refusal:
    if isinstance(one, Refusal):
        return one
    first = one.first if isinstance(one, _Sent) else one
    if isinstance(first, _New):
        first = stored[first.end.id, first.seq]
    return Appended(first, is_new=isinstance(one, _New))


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
