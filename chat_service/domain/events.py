"""Events: what a client is told, as the bytes of its JSON."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from chat_service.domain.conversations import label_of_person
from chat_service.domain.messages import StoredMessage

_encode = msgspec.json.Encoder().encode


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message as one of its two people sees it."""

    id: int
    seq: int
    conversation: str
    sender_username: str
    receiver_username: str
    message: str
    timestamp: str
    nonce: str | None
    attachments: tuple[str, ...] = ()
    reply_to: int | None = None


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


class Presence(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="presence"):
    username: str
    online: bool


class Resumed(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="resumed"):
    positions: dict[str, int]
    truncated: list[str]


class Error(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="error", omit_defaults=True):
    code: str
    detail: str
    nonce: str | None = None


PONG = b'{"type":"pong"}'


def ready(username: str, session: str, online: Iterable[str], positions: Mapping[str, int]) -> bytes:
    return _encode(Ready(username=username, session=session, online=tuple(online), positions=dict(positions)))


def presence(username: str, *, online: bool) -> bytes:
    return _encode(Presence(username=username, online=online))


def resumed(positions: dict[str, int], truncated: list[str]) -> bytes:
    return _encode(Resumed(positions=positions, truncated=truncated))


def error(code: str, detail: str, nonce: str | None) -> bytes:
    return _encode(Error(code=code, detail=detail, nonce=nonce))


def message(stored: StoredMessage) -> bytes:
    """The message as its receiver is told. A nonce is the sender's affair and stays with them."""
    return _encode(MessageEvent(**_fields(stored, stored.sender_username), nonce=None))


def sent(stored: StoredMessage, *, delivered: bool | None = None) -> bytes:
    """The message as its sender's devices are told."""
    fields = _fields(stored, stored.receiver_username)
    return _encode(SentEvent(**fields, nonce=stored.nonce, delivered=delivered))


def sent_open(stored: StoredMessage) -> bytes:
    """`sent` up to the value of `delivered`, which is known only when the message has been published."""
    return sent(stored).removesuffix(b"null}")


def view(username: str, stored: StoredMessage) -> MessageView:
    """The message in the history of `username`, one of its two people."""
    is_own = username == stored.sender_username
    other = stored.receiver_username if is_own else stored.sender_username
    return MessageView(**_fields(stored, other), nonce=stored.nonce if is_own else None)


def replayed(username: str, stored: StoredMessage) -> bytes:
    """The message as `username`, one of its two people, is told later, when nobody knows about delivery."""
    return sent(stored) if username == stored.sender_username else message(stored)


def _fields(stored: StoredMessage, other: str) -> dict[str, Any]:
    return {
        "id": stored.id,
        "seq": stored.seq,
        "conversation": label_of_person(other),
        "sender_username": stored.sender_username,
        "receiver_username": stored.receiver_username,
        "message": stored.message,
        "timestamp": stored.timestamp,
        "reply_to": stored.reply_to,
    }
