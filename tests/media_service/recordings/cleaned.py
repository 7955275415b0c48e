"""What is left of a recording when it has been cleaned, and what must not be."""

import io
from typing import NamedTuple

from media_service.domain.recordings import Part, Recording, Source, Zeros, clean

SECRET = b"51.4778N 0.0014W by Ada, at home"


class Cleaned(NamedTuple):
    data: bytes
    recording: Recording


def cleaned(data: bytes, content_type: str) -> Cleaned:
    recording = clean(Source(io.BytesIO(data), len(data)), content_type)
    return Cleaned(b"".join(_bytes_of(part, data) for part in recording.plan), recording)


def _bytes_of(part: Part, data: bytes) -> bytes:
    if isinstance(part, Zeros):
        return bytes(part.length)
    return data[part.start : part.stop] if isinstance(part, range) else part
