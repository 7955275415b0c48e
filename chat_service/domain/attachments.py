"""Attachments: the pictures that a message shows."""

import msgspec


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the media service, with what is needed to make room for it before it is loaded."""

    id: str
    url: str
    thumbnail_url: str
    filename: str
    content_type: str
    size: int
    width: int
    height: int
    placeholder: str  # a BlurHash


class OrphanedFile(msgspec.Struct, frozen=True):
    """A file that a message showed and none shows any more; `number` grows with each."""

    number: int
    file_id: str
