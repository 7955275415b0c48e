"""Rows: how messages and changes come out of the file."""

import msgspec

from chat_service.domain.attachments import Attachment
from chat_service.domain.calls import CallRecord
from chat_service.domain.changes import Change
from chat_service.domain.conversations import Conversation
from chat_service.domain.link_cards import shown_cards
from chat_service.domain.markdown import RENDERER_VERSION, render
from chat_service.domain.messages import StoredMessage
from servicekit.database import Row

SEQ_MAX = 2**63 - 1


def epoch(conversation_id: str) -> str:
    """SQL for the epoch of the conversation that the SQL `conversation_id` names."""
    return f"(SELECT number FROM generation) || '.' || {conversation_id}"


MESSAGE = (
    "id, seq, sender_username, receiver_username, message, html, html_version, html_edited_at, timestamp,"
    " nonce, reply_to, edited_at, deleted_at, attachments, call, cards, mentions, mentions_room,"
    f" {epoch('conversation_id')} AS epoch,"
    " (SELECT name FROM rooms WHERE rooms.conversation_id = messages.conversation_id"
    "  AND messages.receiver_username IS NULL) AS room"
)


def last_seq(conversation_id: str) -> str:
    """SQL for the last `seq` given in the conversation that the SQL `conversation_id` names; 0 in an empty one."""
    return (
        "(SELECT coalesce(max(seq), 0) FROM ("
        f"SELECT max(seq) AS seq FROM messages WHERE messages.conversation_id = {conversation_id}"
        f" UNION ALL SELECT max(seq) FROM changes WHERE changes.conversation_id = {conversation_id}) AS ends)"
    )


def message_of(row: Row) -> StoredMessage:
    fields = dict(zip(row.keys(), row, strict=True))
    room, receiver = fields.pop("room"), fields.pop("receiver_username")
    sender = fields["sender_username"]
    fields["conversation"] = Conversation.direct(sender, receiver or "") if room is None else Conversation.room(room)
    fields["html"] = html_of(row)
    del fields["html_version"], fields["html_edited_at"]
    fields["mentions"] = mentions_of(fields["mentions"])
    fields["mentions_room"] = bool(fields["mentions_room"])
    fields["attachments"] = attachments_of(fields["attachments"])
    fields["cards"] = shown_cards(fields["cards"], fields["html"])
    fields["call"] = msgspec.json.decode(fields["call"], type=CallRecord) if fields["call"] else None
    return StoredMessage(**fields)


def html_of(row: Row) -> str | None:
    """That of the text of now, by the renderer of now, whatever is stored."""
    if row["html_version"] == RENDERER_VERSION and row["html_edited_at"] == row["edited_at"] and row["message"]:
        html: str | None = row["html"]
        return html
    return render(row["message"])


def mentions_of(column: str | None) -> tuple[str, ...]:
    return _usernames_decoder.decode(column) if column else ()


def attachments_of(column: str | None) -> tuple[Attachment, ...]:
    return _decoder.decode(column) if column else ()


_decoder = msgspec.json.Decoder(tuple[Attachment, ...])
_usernames_decoder = msgspec.json.Decoder(tuple[str, ...])


def change_of(row: Row, conversation: Conversation, epoch: str) -> Change:
    """Of any kind: a newer version beside this one may know more of them."""
    return Change(
        kind=row["kind"],
        conversation=conversation,
        epoch=epoch,
        seq=row["seq"],
        username=row["username"],
        timestamp=row["timestamp"],
        message_id=row["message_id"],
        value=row["value"],
        read_seq=row["mark"],
        removes=bool(row["removes"]),
    )
