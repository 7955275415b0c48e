"""The log: appends messages and changes to their conversations, each at the next `seq`."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from chat_service.domain.changes import Appended, Change, Kind
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.intents import Draft, SendMessage
from chat_service.domain.markdown import RENDERER_VERSION
from chat_service.domain.mentions import Mentions
from chat_service.domain.messages import StoredMessage
from chat_service.domain.quotas import USUAL_QUOTAS, Quotas
from chat_service.domain.refusals import NotAccepted, NotAMember
from chat_service.store.attachments import as_json
from chat_service.store.blocks import barred_column, barred_in
from chat_service.store.changes import TOLD_AGAIN, carry_out, check_may_write, conversation_of_message
from chat_service.store.erasures import check_not_erased
from chat_service.store.log_end import LogEnd
from chat_service.store.moderation import note_act
from chat_service.store.rows import epoch
from chat_service.store.text_index import TextIndex, folded_apart
from servicekit.database import Connection
from servicekit.problems import Refusal

MESSAGE_COLUMNS = (
    "conversation_id, seq, sender_username, receiver_username, message, timestamp, nonce, reply_to, attachments, call,"
    " message_folded, html, html_version"
)
# Sent again with the same nonce, a message is found instead.
UNLESS_SENT = "ON CONFLICT (sender_username, nonce) WHERE nonce IS NOT NULL DO NOTHING"


class Log(ABC):
    """Appends inside a transaction that the caller holds. Each engine has its own way to do so."""

    def __init__(self, index: TextIndex, quotas: Quotas = USUAL_QUOTAS) -> None:
        self._index = index
        self._quotas = quotas
        self._ends: dict[Conversation, LogEnd] = {}

    @abstractmethod
    def begin(self, connection: Connection) -> None:
        """Call at the start of each transaction."""

    @abstractmethod
    def append(self, connection: Connection, draft: Draft) -> Appended:
        """Store `draft` at the next `seq`.

        With a nonce used before, find the message stored then; what changes nothing takes no place.
        Raises what the rules of conversations, rooms and moderation say, or that a quota is used up, having changed
        nothing.
        """

    @abstractmethod
    def append_group(self, connection: Connection, drafts: Sequence[Draft]) -> list[Appended | Refusal]:
        """A whole transaction: what became of each draft, in order. What is refused is not stored."""

    def forget(self) -> None:
        """What is remembered may be wrong (a transaction was rolled back, say): read it again when needed."""
        self._ends.clear()

    def forget_one(self, conversation: Conversation) -> None:
        """The same for one. Call it inside the transaction that makes it wrong."""
        self._ends.pop(conversation, None)

    @abstractmethod
    def _find(self, connection: Connection, conversation: Conversation) -> LogEnd | None:
        """Where its log ends, as nobody else can change it before this transaction does."""

    def _begin_direct(self, connection: Connection, draft: Draft, conversation: Conversation) -> LogEnd:
        """A first message makes the 1:1 conversation, and saves the chat for both.

        Raises UnknownRecipient or NotAccepted.
        """
        (one, other), timestamp = conversation.people, draft.timestamp
        check_not_erased(connection, one, other)
        if draft.author in (barred := barred_in(connection, conversation)):
            raise NotAccepted(conversation.other_than(draft.author))
        conversation_id, its_epoch = connection.execute(
            f"INSERT INTO conversations (name, created_at, barred) VALUES (?, ?, ?) RETURNING id, {epoch('id')}",
            (conversation.name, timestamp, barred_column(barred)),
        ).fetchone()
        for username, peer in ((one, other), (other, one)):
            connection.execute(
                "INSERT INTO memberships (username, conversation_id, label) VALUES (?, ?, ?)",
                (username, conversation_id, Label.of_person(peer).text),
            )
            connection.execute(
                "INSERT INTO contacts (user_username, chat_username, chat_nickname, chat_pfp, created_at)"
                " SELECT ?, username, nickname, pfp, ? FROM people WHERE username = ?"
                " ON CONFLICT (user_username, chat_username) DO NOTHING",
                (username, timestamp, peer),
            )
        end = self._ends[conversation] = LogEnd(conversation, conversation_id, its_epoch, 0, barred=barred)
        return end

    # Changes

    def _append_change(self, connection: Connection, draft: Draft) -> Appended:
        conversation = conversation_of_message(connection, draft) or draft.intent.conversation
        assert conversation is not None
        end = self._find(connection, conversation)
        if end is None:
            if conversation.is_room:
                raise NotAMember(conversation.name)
            return Appended(None, is_new=False)  # nobody has said anything yet
        check_may_write(connection, draft, end)
        done = carry_out(connection, draft, end, self._quotas, self._index)
        if not done.has_changed:
            is_told = done.kind in TOLD_AGAIN
            return Appended(
                None,
                is_new=False,
                changed_before=(conversation, end.head) if is_told else None,
                unmarked=(draft.author, conversation, done.counts) if done.is_unmarked and done.counts else None,
            )
        end.seq += 1
        if done.kind is Kind.CLOSED:
            del self._ends[conversation]
        change = Change(
            kind=done.kind,
            conversation=conversation,
            epoch=end.epoch,
            seq=end.seq,
            username=done.whom or draft.author,
            timestamp=draft.timestamp,
            message_id=done.message_id,
            html=draft.html,
            value=done.value,
            read_seq=done.read_seq,
            removes=done.removes,
            mentions=done.mentions.usernames,
            mentions_room=done.mentions.room,
            counts=done.counts,
        )
        note_act(connection, draft, end, done)
        _insert_change(connection, change, end)
        return Appended(change, is_new=True, is_act=done.act is not None)


def stored_message(
    draft: Draft, intent: SendMessage, end: LogEnd, seq: int, message_id: int, mentions: Mentions
) -> StoredMessage:
    return StoredMessage(
        id=message_id,
        conversation=intent.conversation,
        epoch=end.epoch,
        seq=seq,
        sender_username=draft.author,
        message=intent.text,
        html=draft.html,
        mentions=mentions.usernames,
        mentions_room=mentions.room,
        timestamp=draft.timestamp,
        nonce=intent.nonce,
        reply_to=intent.reply_to,
        attachments=intent.attachments,
        call=intent.call,
    )


def message_row(draft: Draft, intent: SendMessage, end: LogEnd, seq: int) -> tuple[Any, ...]:
    """The values of MESSAGE_COLUMNS."""
    conversation = intent.conversation
    return (
        end.id,
        seq,
        draft.author,
        None if conversation.is_room else conversation.other_than(draft.author),
        intent.text,
        draft.timestamp,
        intent.nonce,
        intent.reply_to,
        as_json(intent.attachments) if intent.attachments else None,
        as_json(intent.call) if intent.call else None,
        folded_apart(intent.text),
        draft.html,
        RENDERER_VERSION,
    )


def _insert_change(connection: Connection, change: Change, end: LogEnd) -> None:
    connection.execute(
        "INSERT INTO changes (conversation_id, seq, kind, username, timestamp, message_id, value, mark, removes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            end.id,
            change.seq,
            str(change.kind),
            change.username,
            change.timestamp,
            change.message_id,
            # A text that is edited away or deleted must not live on here, nor what it linked to.
            "" if change.kind in {Kind.EDITED, Kind.CARDS} else change.value,
            change.read_seq,
            change.removes,
        ),
    )
