"""Files: what is kept of one, and what is told of it."""

from collections.abc import Mapping
from typing import IO, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["picture", "audio", "video", "document"]

THUMBNAIL_SIDES = (320, 1024)  # the longer side, pixels


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture as it will be kept: clean, upright, with its thumbnails (WebP) by their longer side."""

    data: bytes
    content_type: str
    width: int
    height: int
    removed: tuple[str, ...]
    thumbnails: Mapping[int, bytes]
    placeholder: str  # a BlurHash


class ProcessedFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be kept of a file that was sent: its bytes, as clean as they get, and what they are.

    `cleaned`: nothing in them tells of more than what is seen and heard. None is said of what has no such thing.
    """

    kind: Kind
    content_type: str  # found from the bytes
    content: IO[bytes]  # from its beginning; whoever asked for it closes it
    size: int
    removed: tuple[str, ...]
    cleaned: bool
    width: int | None = None  # pixels, as shown
    height: int | None = None
    duration_s: float | None = None
    placeholder: str | None = None  # a BlurHash
    thumbnails: Mapping[int, bytes] = {}  # WebP, by the longer side


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A kept picture without its bytes; `number` grows with each upload."""

    number: int
    id: str
    owner: str
    filename: str
    content_type: str
    sha256: str
    size: int
    width: int
    height: int
    placeholder: str
    removed: tuple[str, ...]
    created_at: str


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that can be served in pieces: a file's own, or those of its thumbnail of that longer side."""

    number: int
    side: int | None
    content_type: str
    size: int
    etag: str


class RemotePicture(msgspec.Struct, frozen=True):
    """What a foreign address gave when it was last asked, at `tried_at`: a small WebP, or nothing."""

    tried_at: float
    data: bytes | None


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """A file as its owner is told of it."""

    id: str
    filename: str
    content_type: str
    size: int
    width: int
    height: int
    url: str
    thumbnail_url: str
    placeholder: str
    removed: tuple[str, ...]
    created_at: str


_PATH = "/api/files/"


def url_of(file_id: str) -> str:
    return f"{_PATH}{file_id}"


def file_id_in(path: str) -> str | None:
    """The file that a path of ours names, be it the file itself or its thumbnail."""
    return path.removeprefix(_PATH).partition("/")[0].partition("?")[0] if path.startswith(_PATH) else None


def view(file: File) -> FileView:
    return FileView(
        id=file.id,
        filename=file.filename,
        content_type=file.content_type,
        size=file.size,
        width=file.width,
        height=file.height,
        url=url_of(file.id),
        thumbnail_url=f"{url_of(file.id)}/thumbnail",
        placeholder=file.placeholder,
        removed=file.removed,
        created_at=file.created_at,
    )
