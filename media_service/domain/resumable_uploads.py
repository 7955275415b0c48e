"""Resumable uploads: files that may come in several requests (tus 1.0, https://tus.io/protocols/resumable-upload)."""

from base64 import b64decode
from binascii import Error

import msgspec

from media_service.domain.refusals import BadMetadata

METADATA_LENGTH_MAX = 4_000  # of a name in base64, and what else a client likes to say


class ResumableUpload(msgspec.Struct, frozen=True, kw_only=True):
    """`received` of its `length` bytes are here. What became of it is `file_id` or `refusal`; both None until then."""

    id: str
    owner: str
    filename: str
    content_type: str  # as its sender says
    metadata: str  # the header in which it came, to be told again
    length: int
    received: int
    blob: int | None
    expires_at: float
    file_id: str | None = None
    refusal: bytes | None = None

    @property
    def is_whole(self) -> bool:
        return self.received == self.length

    @property
    def is_over(self) -> bool:
        return self.file_id is not None or self.refusal is not None


def read_metadata(header: str) -> dict[str, str]:
    """`Upload-Metadata`: keys with values in base64, separated by commas. Raises BadMetadata."""
    if len(header) > METADATA_LENGTH_MAX:
        raise BadMetadata(f"it is longer than {METADATA_LENGTH_MAX:,} characters")
    metadata = {}
    for pair in filter(None, (one.strip() for one in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            metadata[key] = b64decode(value.strip(), validate=True).decode(errors="replace")
        except (Error, ValueError):
            raise BadMetadata(f"the value of {key!r} is no base64") from None
    return metadata
