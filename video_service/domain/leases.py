"""Leases: that a name is somebody's stream, as it stands in Redis; and what goes between instances about it."""

from typing import NamedTuple, Self

import msgspec

from video_service.domain.audiences import EVERYBODY, Audience, bound_audience
from video_service.domain.pictures import Caption, Picture
from video_service.domain.streams import StreamView

_encode = msgspec.json.Encoder().encode
_caption_decoder = msgspec.json.Decoder(Caption)


class Lease(NamedTuple):
    """`key` is unique for each time that a stream went live. No field holds a blank."""

    key: str
    username: str
    started_at: str
    watchers: int = 0
    width: int = 0
    height: int = 0
    audience: Audience = EVERYBODY

    def encode(self) -> bytes:
        return " ".join(map(str, self)).encode()

    @classmethod
    def decode(cls, encoded: bytes) -> Self:
        key, username, started_at, *numbers, audience = encoded.decode().split(" ")
        watchers, width, height = map(int, numbers)
        return cls(key, username, started_at, watchers, width, height, Audience.decode(audience))

    def admits(self, username: str) -> bool | None:
        """See Audience."""
        return self.audience.admits(username, self.username)

    def lists(self, username: str) -> bool | None:
        return self.audience.lists(username, self.username)

    def bound(self, binding: bytes | None) -> Self:
        """The lease with the audience that it has by its binding to a call."""
        return self._replace(audience=bound_audience(self.audience, self.username, binding))

    def view(self, name: str) -> StreamView:
        return StreamView(
            name=name,
            username=self.username,
            started_at=self.started_at,
            watchers=self.watchers,
            width=self.width or None,
            height=self.height or None,
        )


class FoundStream(NamedTuple):
    """A lease, and whether its publisher is there; else the name is kept for them."""

    name: str
    lease: Lease
    is_live: bool


NO_INTEREST = -1  # 0 watchers are possible: somebody takes a single picture


class Interest(NamedTuple):
    """That an instance wants a stream's pictures, and for how many watchers; NO_INTEREST: it wants them no more."""

    instance: str
    watchers: int

    def encode(self) -> bytes:
        return f"{self.instance} {self.watchers}".encode()

    @classmethod
    def decode(cls, encoded: bytes) -> Self:
        instance, watchers = encoded.decode().split(" ")
        return cls(instance, int(watchers))


def encode_picture(picture: Picture) -> bytes:
    """The caption as one line of JSON, and the JPEG."""
    return _encode(picture.caption) + b"\n" + picture.jpeg


def decode_picture(encoded: bytes) -> Picture:
    caption, _, jpeg = encoded.partition(b"\n")
    return Picture(jpeg, _caption_decoder.decode(caption))


ENDED = b""  # in place of a picture: the publisher has gone
OVER = b"over"  # and does not come back
