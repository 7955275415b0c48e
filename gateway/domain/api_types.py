"""API types: what the services tell of chats, rooms, messages and devices, as far as pages show it."""

from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from gateway.domain.conversations import Conversation
from gateway.domain.file_names import clock_time, is_voice_message, split_ending
from gateway.domain.people import Person
from gateway.domain.previews import preview
from gateway.domain.user_agents import short_agent

SHOWN_WIDTH_MAX, SHOWN_HEIGHT_MAX = 448, 352
UNKNOWN_SIZE = (448, 252)  # 16:9, as most videos
THUMBNAIL_SIDE = 320


class Profile(msgspec.Struct, frozen=True):
    """One's own has an e-mail address."""

    username: str
    nickname: str = ""
    pfp: str | None = None
    email: str | None = None
    role: str = "member"
    status: str = ""

    @property
    def person(self) -> Person:
        return Person(self.username, self.nickname or self.username, self.pfp or "", self.status)


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """What of a conversation the reader has not seen, and wants to be told of.

    `mentions` of the `unread` are for them, `unread_seq` is from where on they marked it as unread. `level` is None
    where they are not, and `muted_until` may be over.
    """

    unread: int = 0
    mentions: int = 0
    unread_seq: int | None = None
    level: str | None = None
    muted_until: datetime | None = None

    def is_muted(self, now: datetime) -> bool:
        return self.muted_until is not None and self.muted_until > now


class SavedDraft(msgspec.Struct, frozen=True):
    """What the reader is about to write, and the message that it answers."""

    message: str = ""
    reply_to: int | None = None


class Listed(Attention, frozen=True, kw_only=True):
    """A conversation of the list, with what was said last, by whom and when; empty where it was a file."""

    last_message: str | None = None
    last_message_time: datetime | None = None
    last_sender_username: str | None = None

    @property
    def last_line(self) -> str:
        return preview(self.last_message or "")


class SavedChat(Listed, frozen=True, kw_only=True):
    """`other_read_seq` is how far the other one has read; 0 where that is not told."""

    chat_username: str
    chat_nickname: str | None = None
    chat_pfp: str | None = None
    last_seq: int = 0
    epoch: str | None = None
    other_read_seq: int = 0
    online: bool = False

    @property
    def person(self) -> Person:
        return Person(self.chat_username, self.chat_nickname or self.chat_username, self.chat_pfp or "")

    @property
    def conversation(self) -> Conversation:
        return Conversation.with_person(self.chat_username)


class Room(Listed, frozen=True, kw_only=True):
    """`role` is the reader's in it, `timed_out_until` the end of a timeout of theirs, which may be over.

    With the members come the `roles` of its owner and moderators, and `timeouts`, which only moderators are told.
    `section` is the heading under which it stands in the list, by `position`.
    """

    name: str
    topic: str = ""
    private: bool = False
    owner: str | None = None
    members_count: int = 0
    is_member: bool = False
    last_seq: int = 0
    epoch: str = ""
    slow_mode_s: int = 0
    role: str | None = None
    timed_out_until: datetime | None = None
    section: str | None = None
    position: int = 0
    members: tuple[str, ...] = ()
    roles: dict[str, str] = {}
    timeouts: dict[str, datetime] = {}

    @property
    def is_orderable(self) -> bool:
        """Whether the reader may say where it stands in the list of all who are in it."""
        return self.role in {"owner", "moderator"}

    @property
    def conversation(self) -> Conversation:
        return Conversation.in_room(self.name)


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """When the reader is not to be disturbed: "HH:MM", and a name of the IANA database; all are null for never."""

    starts: str | None = None
    ends: str | None = None
    time_zone: str | None = None


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a message: pixels, bytes and seconds; `placeholder` is a BlurHash.

    What was sent when there were only pictures has no `kind`.
    """

    id: str
    url: str
    thumbnail_url: str | None = None
    filename: str = ""
    content_type: str = ""
    size: int = 0
    kind: str = "picture"
    width: int | None = None
    height: int | None = None
    placeholder: str | None = None
    duration_s: float | None = None

    @property
    def shown_as(self) -> str:
        """What can be shown of it: a kind that this page does not know is a file to be had."""
        if self.kind == "picture":
            return "picture" if self.thumbnail_url else "document"
        return self.kind if self.kind in {"audio", "video"} else "document"

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height in a message, so that its place is kept before it is there."""
        width, height = (self.width, self.height) if self.width and self.height else UNKNOWN_SIZE
        scale = min(1.0, SHOWN_WIDTH_MAX / width, SHOWN_HEIGHT_MAX / height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    @property
    def is_large(self) -> bool:
        """More is shown than the smaller thumbnail has."""
        return max(self.shown_size) > THUMBNAIL_SIDE

    @property
    def is_text(self) -> bool:
        return self.content_type.partition(";")[0].strip() == "text/plain"

    @property
    def is_voice_message(self) -> bool:
        return self.kind == "audio" and is_voice_message(self.filename)

    @property
    def name_parts(self) -> tuple[str, str]:
        return split_ending(self.filename)

    @property
    def seconds(self) -> str:
        """As scripts write a number; empty where it is not known."""
        return "" if self.duration_s is None else f"{self.duration_s:.3f}".rstrip("0").rstrip(".")

    @property
    def clock_time(self) -> str:
        return clock_time(self.duration_s) if self.duration_s is not None else ""


class LinkCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a page that a message links to says of itself; `picture` is a path of ours."""

    url: str
    title: str
    description: str = ""
    site: str = ""
    picture: str | None = None

    @property
    def source(self) -> str:
        """The name that the page gives itself, and the host that it really is at."""
        try:
            host = (urlsplit(self.url).hostname or "").removeprefix("www.")
        except ValueError:  # what only looks like an address of IPv6, say
            host = ""
        return " · ".join(filter(None, ("" if self.site.lower() == host else self.site, host)))


class Call(msgspec.Struct, frozen=True):
    outcome: str
    duration_s: float = 0


class Message(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    seq: int
    label: str = msgspec.field(name="conversation")
    sender_username: str
    message: str
    html: str | None = None
    mentions: tuple[str, ...] = ()
    mentions_room: bool = False
    timestamp: datetime
    nonce: str | None = None
    attachments: tuple[Attachment, ...] = ()
    reply_to: int | None = None
    edited_at: datetime | None = None
    deleted: bool = False
    reactions: dict[str, list[str]] = {}
    call: Call | None = None
    cards: tuple[LinkCard, ...] = ()
    replies_count: int = 0
    last_reply_id: int | None = None

    @property
    def line(self) -> str:
        return preview(self.message)

    @property
    def conversation(self) -> Conversation:
        return Conversation.of_label(self.label)


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A session, as its owner sees it."""

    sid: str
    created_at: datetime
    last_seen_at: datetime
    address: str = ""
    user_agent: str = ""
    current: bool = False

    @property
    def agent(self) -> str:
        return short_agent(self.user_agent)


class Block(msgspec.Struct, frozen=True):
    """Somebody whom the reader has blocked."""

    username: str

    @property
    def person(self) -> Person:
        return Person(self.username, self.username)


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    username: str
    started_at: datetime | None = None
    watchers: int = 0


class SentFile(msgspec.Struct, frozen=True):
    id: str
    thumbnail_url: str | None = None
    kind: str = "picture"


class Upload(msgspec.Struct, frozen=True):
    files: tuple[SentFile, ...]


class FieldError(msgspec.Struct, frozen=True):
    field: str
    detail: str


class Problem(msgspec.Struct, frozen=True):
    """A refusal of a service (RFC 9457)."""

    detail: str
    code: str = ""
    errors: tuple[FieldError, ...] = ()
    retry_after_s: int | None = None
