"""Attachments: the files that a message shows."""

from typing import Literal

import msgspec


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the media service, with what is needed to make room for it before it is loaded."""

    id: str
    url: str
    thumbnail_url: str | None
    filename: str
    content_type: str
    size: int
    width: int | None  # pixels
    height: int | None
    placeholder: str | None  # a BlurHash
    kind: Literal["picture", "audio", "video", "document"] = "picture"  # all were, when there were no kinds
    duration_s: float | None = None


class OrphanedFile(msgspec.Struct, frozen=True):
    """A file that a message showed and none shows any more; `number` grows with each."""

    number: int
    file_id: str
