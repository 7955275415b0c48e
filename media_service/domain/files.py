"""Files: what is kept of one, and what is told of it."""

from collections.abc import Mapping
from typing import IO, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["picture", "audio", "video", "document"]

PIECE_BYTES = 512 * 1024  # of what is stored; the last one of a file has fewer
_INLINE = ("image/", "audio/", "video/", "text/plain")
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


class KeptLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one person can keep."""

    bytes_max: int
    files_max: int


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A kept file without its bytes, which are those of `blob`; `number` grows with each upload."""

    number: int
    id: str
    owner: str
    filename: str
    kind: Kind
    content_type: str
    blob: int
    sha256: str
    size: int
    width: int | None
    height: int | None
    duration_s: float | None
    placeholder: str | None
    has_thumbnail: bool
    removed: tuple[str, ...]
    cleaned: bool
    created_at: str

    @property
    def etag(self) -> str:
        return f'"{self.sha256[:32]}"'

    def thumbnail_etag(self, side: int) -> str:
        return f'"{self.sha256[:32]}-{side}"'


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is served of bytes, wherever they are."""

    content_type: str
    size: int
    etag: str

    @property
    def is_inline(self) -> bool:
        """Whether a browser may show it where it stands: nothing that could be a page, or lead to one."""
        return self.content_type.startswith(_INLINE) and self.content_type != "image/svg+xml"


class RemotePicture(msgspec.Struct, frozen=True):
    """What a foreign address gave when it was last asked, at `tried_at`: a small WebP, or nothing."""

    tried_at: float
    data: bytes | None


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """A file as its owner is told of it."""

    id: str
    filename: str
    kind: Kind
    content_type: str
    size: int
    width: int | None
    height: int | None
    duration_s: float | None
    url: str
    thumbnail_url: str | None
    placeholder: str | None
    removed: tuple[str, ...]
    cleaned: bool
    created_at: str


_PATH = "/api/files/"


def url_of(file_id: str) -> str:
    return f"{_PATH}{file_id}"


def file_id_in(path: str) -> str | None:
    """The file that a path of ours names, be it the file itself or its thumbnail."""
    return path.removeprefix(_PATH).partition("/")[0].partition("?")[0] if path.startswith(_PATH) else None


def fitting_side(asked: int) -> int:
    """Of the thumbnail that is just as large as is asked for, or the largest."""
    return next((side for side in THUMBNAIL_SIDES if side >= asked), THUMBNAIL_SIDES[-1])


def view(file: File) -> FileView:
    return FileView(
        id=file.id,
        filename=file.filename,
        kind=file.kind,
        content_type=file.content_type,
        size=file.size,
        width=file.width,
        height=file.height,
        duration_s=file.duration_s,
        url=url_of(file.id),
        thumbnail_url=f"{url_of(file.id)}/thumbnail" if file.has_thumbnail else None,
        placeholder=file.placeholder,
        removed=file.removed,
        cleaned=file.cleaned,
        created_at=file.created_at,
    )
