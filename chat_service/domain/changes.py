"""Changes: what happens in a conversation beside its messages. Each takes a place of its own in the log."""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from chat_service.domain.conversations import Conversation
from chat_service.domain.messages import StoredMessage
from chat_service.domain.places import Head
from chat_service.domain.unread import Unread


class Kind(StrEnum):
    """The word is also the type of the event that clients get."""

    EDITED = "edited"
    DELETED = "deleted"
    REACTION = "reaction"
    READ = "read"
    JOINED = "joined"
    LEFT = "left"
    CLOSED = "closed"  # the room is no more
    ROOM_CHANGED = "room_changed"
    ROLE = "role"  # of a member, in the room
    TIMED_OUT = "timed_out"
    PINNED = "pinned"
    UNPINNED = "unpinned"
    CARDS = "cards"  # of a message: those that it has now


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, on disk at its place `seq` in the conversation of `epoch`.

    `kind` is a Kind, or the word of one that only a newer version knows.
    """

    kind: str
    conversation: Conversation
    epoch: str
    seq: int
    username: str
    timestamp: str
    message_id: int | None = None
    html: str | None = None  # of the new text, as in a message
    value: str = ""  # the new text, the emoji, who joined or left, what the deleted answered, or JSON of the kind
    read_seq: int = 0
    removes: bool = False  # the reaction is taken back
    mentions: tuple[str, ...] = ()  # whom the new text names
    mentions_room: bool = False
    counts: Unread | None = None  # what `username`, who has read, still has unread, where that is known


Entry: TypeAlias = StoredMessage | Change


class Appended(msgspec.Struct, frozen=True):
    """What became of a draft.

    Not new when its nonce had been used (then `entry` is the message stored then), or when there was nothing to change
    (then there is none). `changed_before`: the conversation and its end, where somebody made the same change before,
    and may have died before telling it. `unmarked`: whose conversation is no longer marked as unread, by no change, and
    what of it is. `is_act`: it was moderation, and is new in the list of acts.
    """

    entry: Entry | None
    is_new: bool
    changed_before: tuple[Conversation, Head] | None = None
    is_act: bool = False
    unmarked: tuple[str, Conversation, Unread] | None = None
