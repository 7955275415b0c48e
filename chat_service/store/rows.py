"""Rows: how messages and changes come out of the file."""

import msgspec

from chat_service.domain.attachments import Attachment
from chat_service.domain.calls import CallRecord
from chat_service.domain.changes import Change
from chat_service.domain.conversations import Conversation
from chat_service.domain.link_cards import shown_cards
from chat_service.domain.markdown import RENDERER_VERSION, may_have_markup, render
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
    """`row` has the columns of MESSAGE. By their places: to find each by its name was two thirds of reading a page."""
    (
        message_id, seq, sender, receiver, text, html, html_version, html_edited_at, timestamp,
        nonce, reply_to, edited_at, deleted_at, attachments, call, cards, mentions, mentions_room,
        epoch_text, room,
    ) = row  # fmt: skip
    html = _html_of_now(text, html, html_version, html_edited_at, edited_at)
    return StoredMessage(
        id=message_id,
        conversation=Conversation.direct(sender, receiver or "") if room is None else Conversation.room(room),
        epoch=epoch_text,
        seq=seq,
        sender_username=sender,
        message=text,
        html=html,
        mentions=mentions_of(mentions),
        mentions_room=bool(mentions_room),
        timestamp=timestamp,
        nonce=nonce,
        reply_to=reply_to,
        edited_at=edited_at,
        deleted_at=deleted_at,
        attachments=attachments_of(attachments),
        call=_call_decoder.decode(call) if call else None,
        cards=shown_cards(cards, html),
    )


def html_of(row: Row) -> str | None:
    """Of a row that has these columns by their names."""
    return _html_of_now(row["message"], row["html"], row["html_version"], row["html_edited_at"], row["edited_at"])


def is_to_be_rendered(row: Row) -> bool:
    """Whether `message_of` will render its text, which may take long: an older renderer did it, or none."""
    is_of_now = row["html_version"] == RENDERER_VERSION and row["html_edited_at"] == row["edited_at"]
    return not is_of_now and may_have_markup(row["message"])


def _html_of_now(
    text: str, html: str | None, version: int | None, html_edited_at: str | None, edited_at: str | None
) -> str | None:
    """That of the text of now, by the renderer of now, whatever is stored."""
    return html if version == RENDERER_VERSION and html_edited_at == edited_at and text else render(text)


def mentions_of(column: str | None) -> tuple[str, ...]:
    return _usernames_decoder.decode(column) if column else ()


def attachments_of(column: str | None) -> tuple[Attachment, ...]:
    return _decoder.decode(column) if column else ()


_decoder = msgspec.json.Decoder(tuple[Attachment, ...])
_usernames_decoder = msgspec.json.Decoder(tuple[str, ...])
_call_decoder = msgspec.json.Decoder(CallRecord)


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
