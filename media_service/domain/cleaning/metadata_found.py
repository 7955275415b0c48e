"""Metadata found: what one file says beside its picture, under the names that people are told."""

from collections.abc import Set as AbstractSet

from media_service.domain.cleaning import exif, xmp

REMOVABLE = (
    "gps",
    "camera",
    "timestamp",
    "author",
    "description",
    "software",
    "thumbnail",
    "maker_notes",
    "xmp",
    "iptc",
    "comment",
    "text",
    "profile_details",  # what a colour profile tells besides colours: whose device it is of, say
    "trailing_data",
    "other",
)


def in_order(names: AbstractSet[str]) -> tuple[str, ...]:
    return tuple(name for name in REMOVABLE if name in names)


class MetadataFound:
    __slots__ = ("_names", "_orientation")

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._orientation: int | None = None

    def add(self, name: str) -> None:
        self._names.add(name)

    def add_exif(self, block: bytes) -> None:
        said = exif.read(block)
        self._names |= said.names
        if self._orientation is None:
            self._orientation = said.orientation

    def add_xmp(self, packet: bytes) -> None:
        self._names |= xmp.names_in(packet)

    @property
    def orientation(self) -> int:
        """The first that was told, 1 where none was."""
        return self._orientation or 1

    def told(self) -> tuple[str, ...]:
        """In the order of REMOVABLE, each once."""
        return in_order(self._names)
