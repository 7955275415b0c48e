"""Commands: what a client's message says, as a typed value."""

from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias
from urllib.parse import unquote

import msgspec
import pybase64

from video_service.domain.refusals import BrokenFrame, InvalidBase64, InvalidCommand

# Longer JSON can only be a frame. It is read by a worker, when its turn comes: what is skipped costs nothing.
COMMAND_BYTES_MAX = 4096

Effect: TypeAlias = Literal["none", "grayscale", "edges", "blur", "faces", "privacy"]
Quality: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=100)]
Width: TypeAlias = Annotated[int, msgspec.Meta(ge=16, le=8192)]
Sequence: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]  # what a browser can count
NOT_SAID = msgspec.Raw(b"null")
CAPTURED_AT_BYTES_MAX = 400  # 64 characters, however they are escaped


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How a connection's pictures are to look. `quality` is JPEG's, `max_width` in pixels."""

    effect: Effect = "none"
    quality: Quality = 70
    max_width: Width = 640
    mirror: bool = False


class Configure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change of the look, from the next frame on."""

    type: str = "configure"
    effect: Effect | None = None
    quality: Quality | None = None
    max_width: Width | None = None
    mirror: bool | None = None

    def apply(self, look: Look) -> Look:
        changes = {name: value for name in Look.__struct_fields__ if (value := getattr(self, name)) is not None}
        return msgspec.structs.replace(look, **changes)


class Ping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    type: str


class JsonFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame as JSON; cameras may say more about it than is read here."""

    type: Literal["frame"] = "frame"
    image: str
    sequence: Sequence | None = None
    captured_at: msgspec.Raw = NOT_SAID


class Form(Enum):
    """How a frame came, and its answer goes."""

    BINARY = "binary"
    BASE64 = "base64"
    DATA_URL = "data URL"
    JSON = "JSON"


class RawFrame(NamedTuple):
    """A frame as it came, not yet looked into."""

    form: Form
    payload: bytes


class ParsedFrame(NamedTuple):
    """`image` is the bytes of a file; the rest is what the client said of it, `captured_at` as it said it."""

    image: bytes
    sequence: int | None = None
    captured_at: msgspec.Raw = NOT_SAID


Command: TypeAlias = RawFrame | Configure | Ping


class _Kind(msgspec.Struct):
    """Only the type of a command; without one it is a frame."""

    type: str = "frame"


_kind_decoder = msgspec.json.Decoder(_Kind)
_captured_at_decoder = msgspec.json.Decoder(Annotated[str, msgspec.Meta(max_length=64)] | float | None)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FROM_URL_SAFE = str.maketrans("-_", "+/")
_frame_decoder = msgspec.json.Decoder(JsonFrame)
_decoders: dict[str, msgspec.json.Decoder[Configure] | msgspec.json.Decoder[Ping]] = {
    "configure": msgspec.json.Decoder(Configure),
    "ping": msgspec.json.Decoder(Ping),
}


def parse(payload: bytes, *, is_text: bool) -> Command:
    """The command in a message. Raises InvalidCommand, which says what is wrong and where."""
    if not is_text:
        return RawFrame(Form.BINARY, payload)
    text = payload.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if text[:1] == b"{":
        return _parse_json(text)
    return RawFrame(Form.DATA_URL if text[:5].lower() == b"data:" else Form.BASE64, text)


def _parse_json(payload: bytes) -> Command:
    if len(payload) > COMMAND_BYTES_MAX:
        return RawFrame(Form.JSON, payload)
    kind = _decode(_kind_decoder, payload).type
    if kind == "frame":
        return RawFrame(Form.JSON, payload)
    if (decoder := _decoders.get(kind)) is None:
        raise InvalidCommand(f"There is no command of the type {kind[:64]!r}.")
    command: Configure | Ping = _decode(decoder, payload)
    return command


def parse_frame(raw: RawFrame) -> ParsedFrame:
    """The frame's file. Raises InvalidCommand or InvalidBase64, or BrokenFrame where there is nothing at all."""
    if not raw.payload:
        raise BrokenFrame
    if raw.form is Form.BINARY:
        return ParsedFrame(raw.payload)
    if raw.form is Form.JSON:
        said: JsonFrame = _decode(_frame_decoder, raw.payload)
        return ParsedFrame(_from_text(said.image), said.sequence, _captured_at(said.captured_at))
    return ParsedFrame(_from_text(raw.payload.decode()))


def _captured_at(said: msgspec.Raw) -> msgspec.Raw:
    """Given back as it came: a number of nanoseconds is more than a float can hold. Raises InvalidCommand."""
    if len(bytes(said)) > CAPTURED_AT_BYTES_MAX:
        raise InvalidCommand("Expected `captured_at` of 64 characters at most")
    _decode(_captured_at_decoder, bytes(said))
    return said.copy()  # without the picture beside it


def _from_text(text: str) -> bytes:
    """The bytes in base64 or in a data URL of it (RFC 2397), in which any character may be percent-encoded."""
    text = text.lstrip()
    if text[:5].lower() == "data:":
        head, _, text = text.partition(",")
        if head.rpartition(";")[2].strip().lower() != "base64":
            raise InvalidBase64
        text = unquote(text) if "%" in text else text
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        return _from_other(text)


def _from_other(text: str) -> bytes:
    """The same where an encoder has broken the lines (RFC 2045 §6.8), or made it fit for URLs (RFC 4648 §5)."""
    joined = "".join(text.split())
    if "-" in joined or "_" in joined:
        joined = joined.translate(_FROM_URL_SAFE).rstrip("=")
        joined += "=" * (-len(joined) % 4)
    try:
        return pybase64.b64decode(joined, validate=True)
    except ValueError:
        raise InvalidBase64 from None


def _decode(decoder: msgspec.json.Decoder[Any], payload: bytes) -> Any:
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidCommand(str(error)) from None
