"""Events: what a client is told, as the bytes of its JSON."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from chat_service.domain.attachments import Attachment
from chat_service.domain.calls import CallRecord
from chat_service.domain.change_events import change
from chat_service.domain.changes import Change, Entry
from chat_service.domain.conversations import Label
from chat_service.domain.history import Replies
from chat_service.domain.link_cards import Card
from chat_service.domain.messages import StoredMessage
from chat_service.domain.places import Place
from servicekit.frames import text_frame

_encode = msgspec.json.Encoder().encode
_Unset: Any = msgspec.UNSET


class EncodedEvent:
    """An event as the bytes of its JSON, and as the WebSocket frame with it, made once for all connections."""

    __slots__ = ("_frame", "json")

    def __init__(self, json: bytes) -> None:
        self.json = json
        self._frame = b""

    @property
    def frame(self) -> bytes:
        if not self._frame:
            self._frame = text_frame(self.json)
        return self._frame


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message as one of its readers sees it: `receiver_username` in a 1:1 conversation, `room` in a room."""

    id: int
    seq: int
    conversation: str
    sender_username: str
    receiver_username: str | msgspec.UnsetType | None = _Unset
    room: str | msgspec.UnsetType = _Unset
    message: str
    timestamp: str
    nonce: str | None
    attachments: tuple[Attachment, ...] = ()
    reply_to: int | None = None
    html: str | None = None
    mentions: tuple[str, ...] = ()
    mentions_room: bool = False
    edited_at: str | msgspec.UnsetType = _Unset
    deleted: bool | msgspec.UnsetType = _Unset
    call: CallRecord | msgspec.UnsetType = _Unset
    cards: tuple[Card, ...] | msgspec.UnsetType = _Unset
    reactions: dict[str, list[str]] | msgspec.UnsetType = _Unset
    replies_count: int | msgspec.UnsetType = _Unset
    last_reply_id: int | msgspec.UnsetType = _Unset


class MessageEvent(MessageView, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """Somebody wrote to the reader."""


class SentEvent(MessageView, frozen=True, kw_only=True, tag_field="type", tag="sent"):
    """The reader's own message, from whichever device, is on disk. `delivered` comes last in the JSON."""

    delivered: bool | None = None


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="ready"):
    username: str
    session: str
    online: tuple[str, ...]
    positions: dict[str, int]
    epochs: dict[str, str]


class Presence(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="presence"):
    username: str
    online: bool


class Typing(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="typing"):
    conversation: str
    username: str


class _Calling(msgspec.Struct, frozen=True, kw_only=True):
    """`username` is who did it, and `stream` what they show."""

    conversation: str
    username: str


class Ring(_Calling, frozen=True, kw_only=True, tag_field="type", tag="call"):
    stream: str


class Answer(_Calling, frozen=True, kw_only=True, tag_field="type", tag="answer"):
    stream: str


class HangUp(_Calling, frozen=True, kw_only=True, tag_field="type", tag="hang_up"):
    pass


class Resumed(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="resumed"):
    positions: dict[str, int]
    epochs: dict[str, str]
    truncated: list[str]


class Error(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="error", omit_defaults=True):
    code: str
    detail: str
    nonce: str | None = None
    retry_after_s: int | None = None


PONG = EncodedEvent(b'{"type":"pong"}')


def ready(username: str, session: str, online: Iterable[str], places: Mapping[Label, Place]) -> bytes:
    """`places` are where the connection starts."""
    positions, epochs = _positions(places)
    return _encode(Ready(username=username, session=session, online=tuple(online), positions=positions, epochs=epochs))


def presence(username: str, *, online: bool) -> bytes:
    return _encode(Presence(username=username, online=online))


def typing(label: Label, username: str) -> bytes:
    return _encode(Typing(conversation=label.text, username=username))


def ring(label: Label, username: str, stream: str) -> bytes:
    return _encode(Ring(conversation=label.text, username=username, stream=stream))


def answer(label: Label, username: str, stream: str) -> bytes:
    return _encode(Answer(conversation=label.text, username=username, stream=stream))


def hang_up(label: Label, username: str) -> bytes:
    return _encode(HangUp(conversation=label.text, username=username))


def resumed(places: Mapping[Label, Place], truncated: Iterable[Label]) -> bytes:
    """`places` are where the connection started, up to which it has everything now."""
    positions, epochs = _positions(places)
    return _encode(Resumed(positions=positions, epochs=epochs, truncated=[label.text for label in truncated]))


def _positions(places: Mapping[Label, Place]) -> tuple[dict[str, int], dict[str, str]]:
    positions = {label.text: place.seq for label, place in places.items()}
    return positions, {label.text: place.epoch for label, place in places.items()}


def error(code: str, detail: str, nonce: str | None, retry_after_s: int | None = None) -> bytes:
    return _encode(Error(code=code, detail=detail, nonce=nonce, retry_after_s=retry_after_s))


def message(stored: StoredMessage, label: Label) -> bytes:
    """The message as others are told. A nonce is the sender's affair and stays with them."""
    return _encode(MessageEvent(**_fields(stored, label), nonce=None))


def sent(stored: StoredMessage, label: Label) -> bytes:
    """The message as its sender's devices are told; `delivered` is null, and known when it has been published."""
    return _encode(SentEvent(**_fields(stored, label), nonce=stored.nonce))


def sent_open(sent: bytes) -> bytes:
    """The JSON of a `sent` up to the value of `delivered`, which comes last: a value and `}` complete it."""
    return sent.removesuffix(b"null}")


def sent_delivered(sent: bytes) -> bytes:
    """The JSON of a `sent` with `delivered` true."""
    return sent_open(sent) + b"true}"


def view(
    username: str, stored: StoredMessage, reactions: Mapping[str, list[str]], replies: Replies | None = None
) -> MessageView:
    """The message in the history of `username`; `reactions` are who reacted, by emoji."""
    fields = _fields(stored, stored.conversation.label_for(username))
    if replies is not None:
        fields["replies_count"], fields["last_reply_id"] = replies
    nonce = stored.nonce if username == stored.sender_username else None
    return MessageView(**fields, nonce=nonce, cards=stored.cards, reactions=dict(reactions))


def replayed(username: str, entry: Entry) -> bytes:
    """The entry as `username`, who is in the conversation, is told later, when nobody knows about delivery."""
    label = entry.conversation.label_for(username)
    if isinstance(entry, Change):
        return change(entry, label, username)
    return (sent if username == entry.sender_username else message)(entry, label)


def _fields(stored: StoredMessage, label: Label) -> dict[str, Any]:
    fields = {
        "id": stored.id,
        "seq": stored.seq,
        "conversation": label.text,
        "sender_username": stored.sender_username,
        "message": stored.message,
        "timestamp": stored.timestamp,
        "reply_to": stored.reply_to,
        "attachments": stored.attachments,
        "html": stored.html,
        "mentions": stored.mentions,
        "mentions_room": stored.mentions_room,
    }
    if label.is_room:
        fields["room"] = label.name
    else:
        fields["receiver_username"] = stored.receiver_username
    if stored.edited_at is not None:
        fields["edited_at"] = stored.edited_at
    if stored.deleted_at is not None:
        fields["deleted"] = True
    elif stored.call is not None:
        fields["call"] = stored.call
    return fields
