"""Rows: how messages and changes come out of the file."""

import msgspec

from chat_service.domain.attachments import Attachment
from chat_service.domain.calls import CallRecord
from chat_service.domain.changes import Change, Kind
from chat_service.domain.messages import StoredMessage
from servicekit.database import Row

MESSAGE = (
    "id, seq, sender_username, receiver_username, message, timestamp, nonce, reply_to, edited_at, deleted_at,"
    " attachments, call,"
    " (SELECT name FROM rooms WHERE rooms.conversation_id = messages.conversation_id"
    "  AND messages.receiver_username IS NULL) AS room"
)


def last_seq(conversation_id: str) -> str:
    """SQL for the last `seq` given in the conversation that the SQL `conversation_id` names; 0 in an empty one."""
    return (
        "(SELECT coalesce(max(seq), 0) FROM ("
        f"SELECT max(seq) AS seq FROM messages WHERE messages.conversation_id = {conversation_id}"
        f" UNION ALL SELECT max(seq) FROM changes WHERE changes.conversation_id = {conversation_id}) AS both)"
    )


def message_of(row: Row) -> StoredMessage:
    fields = dict(zip(row.keys(), row, strict=True))
    fields["attachments"] = attachments_of(fields["attachments"])
    fields["call"] = msgspec.json.decode(fields["call"], type=CallRecord) if fields["call"] else None
    return StoredMessage(**fields)


def attachments_of(column: str | None) -> tuple[Attachment, ...]:
    return _decoder.decode(column) if column else ()


_decoder = msgspec.json.Decoder(tuple[Attachment, ...])


def change_of(row: Row, conversation: str) -> Change:
    return Change(
        kind=Kind(row["kind"]),
        conversation=conversation,
        seq=row["seq"],
        username=row["username"],
        timestamp=row["timestamp"],
        message_id=row["message_id"],
        value=row["value"],
        mark=row["mark"],
        removes=bool(row["removes"]),
    )
