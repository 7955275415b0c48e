"""Change events: what a change of a conversation is told as."""

from typing import Any

import msgspec

from chat_service.domain.changes import Change, Kind
from chat_service.domain.conversations import Label
from chat_service.domain.unread import Unread

_encode = msgspec.json.Encoder().encode
_Unset: Any = msgspec.UNSET
# Their fields are stored as they are told, so that an older instance passes them on.
_KINDS = frozenset(Kind) - {Kind.ROOM_CHANGED, Kind.ROLE, Kind.TIMED_OUT, Kind.CARDS}


class ChangeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is the message's, `username` who did it; what else there is depends on the type."""

    type: str
    seq: int
    conversation: str
    username: str
    timestamp: str
    id: int | msgspec.UnsetType = _Unset
    message: str | msgspec.UnsetType = _Unset
    html: str | msgspec.UnsetType | None = _Unset
    emoji: str | msgspec.UnsetType = _Unset
    removed: bool | msgspec.UnsetType = _Unset
    read_seq: int | msgspec.UnsetType = _Unset
    unread: int | msgspec.UnsetType = _Unset
    mentions: int | tuple[str, ...] | msgspec.UnsetType = _Unset
    mentions_room: bool | msgspec.UnsetType = _Unset
    reply_to: int | msgspec.UnsetType = _Unset
    epoch: str | msgspec.UnsetType = _Unset


def change(done: Change, label: Label, reader: str = "") -> bytes:
    """The change as everybody in the conversation is told; with what only its `reader` is, where it is theirs."""
    counts = done.counts if done.username == reader else None
    if done.kind not in _KINDS:
        return _encode(_as_stored(done, label))
    return _encode(
        ChangeEvent(
            type=str(done.kind),
            seq=done.seq,
            conversation=label.text,
            username=done.value if done.kind in {Kind.JOINED, Kind.LEFT} else done.username,
            timestamp=done.timestamp,
            id=_Unset if done.message_id is None else done.message_id,
            message=done.value if done.kind == Kind.EDITED else _Unset,
            html=done.html if done.kind == Kind.EDITED else _Unset,
            emoji=done.value if done.kind == Kind.REACTION else _Unset,
            removed=done.removes if done.kind == Kind.REACTION else _Unset,
            read_seq=done.read_seq if done.kind == Kind.READ else _Unset,
            unread=_Unset if counts is None else counts.unread,
            mentions=_mentions(done, counts),
            mentions_room=done.mentions_room if done.kind == Kind.EDITED else _Unset,
            reply_to=int(done.value) if done.kind == Kind.DELETED and done.value else _Unset,
            epoch=done.epoch if done.kind == Kind.JOINED else _Unset,
        )
    )


def _mentions(done: Change, counts: Unread | None) -> int | tuple[str, ...] | msgspec.UnsetType:
    """Whom a text names; of what is unread, how much names the reader."""
    if done.kind == Kind.EDITED:
        return done.mentions
    return msgspec.UNSET if counts is None else counts.mentions


def _as_stored(done: Change, label: Label) -> dict[str, Any]:
    """What is special to the kind, which may be a newer version's, is the JSON object in `value`, or just a text."""
    try:
        special = msgspec.json.decode(done.value, type=dict[str, Any])
    except msgspec.MsgspecError:
        special = {"value": done.value} if done.value else {}
    if done.message_id is not None:
        special["id"] = done.message_id
    told = ChangeEvent(
        type=done.kind, seq=done.seq, conversation=label.text, username=done.username, timestamp=done.timestamp
    )
    return {**special, **msgspec.to_builtins(told)}
