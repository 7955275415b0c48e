"""People, as far as chat knows them, and the chats that somebody has saved with them."""

import msgspec


class Person(msgspec.Struct, frozen=True):
    """Somebody's public profile; `version` grows with each change of anybody's.

    Who has erased their account has only their username left, in what others keep.
    """

    username: str
    nickname: str
    pfp: str | None
    version: int
    erased: bool = False


class SavedChat(msgspec.Struct, frozen=True, kw_only=True):
    """A contact with what was last said; `unread` counts since one's own last word.

    `other_read_seq` is how far the other one has read; `epoch` is null while nobody has said anything.
    """

    id: int
    user_username: str
    chat_username: str
    chat_nickname: str | None
    chat_pfp: str | None
    last_message: str | None
    last_message_time: str | None
    created_at: str
    unread: int
    last_seq: int
    epoch: str | None
    other_read_seq: int
    online: bool = False
