"""Commands: what a client may say over its socket, parsed once into frozen types."""

from typing import Annotated, TypeAlias

import msgspec

from chat_service.domain.refusals import InvalidCommand

Nonce: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Position: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
MessageId: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]  # what SQL can hold

POSITIONS_MAX = 1_000


class SendMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A message to one person. A typo in an optional field would change its meaning, so unknown fields are refused."""

    type: str = "message"
    to: Name
    message: str
    nonce: Nonce | None = None
    attachments: Annotated[tuple[str, ...], msgspec.Meta(max_length=20)] = ()
    reply_to: MessageId | None = None


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the client stands in each conversation: the last `seq` that it has."""

    type: str
    positions: Annotated[dict[Name, Position], msgspec.Meta(max_length=POSITIONS_MAX)]


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    type: str


Command: TypeAlias = SendMessage | Resume | Ping


class _Kind(msgspec.Struct):
    """Only the type of a command; without one it is a message."""

    type: str = "message"


_kind_decoder = msgspec.json.Decoder(_Kind)
_decoders: dict[str, msgspec.json.Decoder[Command]] = {
    "message": msgspec.json.Decoder(SendMessage),
    "resume": msgspec.json.Decoder(Resume),
    "ping": msgspec.json.Decoder(Ping),
}


def parse(text: bytes) -> Command:
    """The command in a text frame (UTF-8). Raises InvalidCommand, which says what is wrong and where."""
    try:
        kind = _kind_decoder.decode(text).type
        decoder = _decoders.get(kind)
        if decoder is not None:
            return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidCommand(str(error)) from None
    raise InvalidCommand(f"There is no command of the type {kind[:64]!r}.")
