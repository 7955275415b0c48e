"""People, as far as chat knows them, and the chats that somebody has saved with them."""

import msgspec

from chat_service.domain.notification_levels import Level


class Person(msgspec.Struct, frozen=True):
    """Somebody's public profile; `version` grows with each change of anybody's.

    Who has erased their account has only their username left, in what others keep. `role` is what they are in the
    community, `invited_to` the room to which they came by an invitation, of `invited_by` where that is told. `status`
    is what they say of themselves; it is passed on and not kept.
    """

    username: str
    nickname: str
    pfp: str | None
    version: int
    erased: bool = False
    role: str = "member"
    banned: bool = False
    invited_to: str | None = None
    invited_by: str | None = None
    status: str = ""


class SavedChat(msgspec.Struct, frozen=True, kw_only=True):
    """A contact with what was last said; `unread` counts since one's own last word.

    `unread_seq` is from where on the person has marked it as unread. `level` and `muted_until`, which may be over, are
    of what they are notified.
    `other_read_seq` is how far the other one has read; `epoch` is null while nobody has said anything.
    """

    id: int
    user_username: str
    chat_username: str
    chat_nickname: str | None
    chat_pfp: str | None
    last_message: str | None
    last_message_time: str | None
    last_sender_username: str | None
    created_at: str
    unread: int
    mentions: int
    unread_seq: int | None
    level: Level
    muted_until: str | None
    last_seq: int
    epoch: str | None
    other_read_seq: int
    online: bool = False
