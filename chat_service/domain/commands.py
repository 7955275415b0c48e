"""Commands: what a client may say over its socket, parsed once into frozen types."""

from typing import Annotated, TypeAlias

import msgspec

from chat_service.domain.refusals import InvalidCommand
from servicekit.texts import NO_CONTROLS, field_with_nul

Nonce: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Label: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=65)]  # a name and its mark
Position: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Epoch: TypeAlias = Annotated[str, msgspec.Meta(max_length=64)]
Mark: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # what SQL can hold
MessageId: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
StreamName: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,64}$(?!\n)")]
FileIds: TypeAlias = Annotated[tuple[Name, ...], msgspec.Meta(max_length=20)]

JUDGED_LATER = frozenset({"message", "attachments"})  # what they hold has refusals of its own


class _Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A typo in an optional field would change a command's meaning, so unknown fields are refused."""

    type: str


class Addressed(_Command, frozen=True, kw_only=True):
    """To one person or to one room."""

    to: Name | None = None
    room: Name | None = None

    def __post_init__(self) -> None:
        if (self.to is None) == (self.room is None):
            raise ValueError("Expected one of `to` and `room`")


class SendMessage(Addressed, frozen=True, kw_only=True):
    type: str = "message"
    message: str
    nonce: Nonce | None = None
    attachments: FileIds = ()
    reply_to: MessageId | None = None


class Edit(_Command, frozen=True, kw_only=True):
    id: MessageId
    message: str


class Delete(_Command, frozen=True, kw_only=True):
    id: MessageId


class React(_Command, frozen=True, kw_only=True):
    id: MessageId
    emoji: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    remove: bool = False


class Read(Addressed, frozen=True, kw_only=True):
    """Everything up to `seq` has been seen."""

    seq: Mark


class Typing(Addressed, frozen=True, kw_only=True):
    pass


class _Calling(Addressed, frozen=True, kw_only=True):
    """In a 1:1 conversation."""

    def __post_init__(self) -> None:
        if self.to is None or self.room is not None:
            raise ValueError("Expected `to`: calls are between two people")


class Ring(_Calling, frozen=True, kw_only=True):
    """Call somebody, showing them one's `stream`."""

    stream: StreamName


class Answer(_Calling, frozen=True, kw_only=True):
    stream: StreamName


class HangUp(_Calling, frozen=True, kw_only=True):
    """End the call, or decline it."""


class Resume(_Command, frozen=True, kw_only=True):
    """Where the client stands in each conversation: the last `seq` that it has, and in which epoch that was."""

    positions: dict[Label, Position]  # as many as fit into a frame
    epochs: dict[Label, Epoch] = {}


class Ping(_Command, frozen=True, kw_only=True):
    pass


AboutMessage: TypeAlias = Edit | Delete | React
Calling: TypeAlias = Ring | Answer | HangUp
Command: TypeAlias = SendMessage | AboutMessage | Read | Typing | Calling | Resume | Ping


class _Kind(msgspec.Struct):
    """Only the type of a command; without one it is a message."""

    type: str = "message"


_kind_decoder = msgspec.json.Decoder(_Kind)
_decoders: dict[str, msgspec.json.Decoder[Command]] = {
    "message": msgspec.json.Decoder(SendMessage),
    "edit": msgspec.json.Decoder(Edit),
    "delete": msgspec.json.Decoder(Delete),
    "react": msgspec.json.Decoder(React),
    "read": msgspec.json.Decoder(Read),
    "typing": msgspec.json.Decoder(Typing),
    "call": msgspec.json.Decoder(Ring),
    "answer": msgspec.json.Decoder(Answer),
    "hang_up": msgspec.json.Decoder(HangUp),
    "resume": msgspec.json.Decoder(Resume),
    "ping": msgspec.json.Decoder(Ping),
}


def parse(text: bytes, *, room: str | None = None) -> Command:
    """The command in a text frame (UTF-8), to `room` where it names nobody else.

    Raises InvalidCommand, which says what is wrong and where.
    """
    try:
        kind = _kind_decoder.decode(text).type
        if room is not None and kind in _ADDRESSED:
            text = _addressed(text, room)
        decoder = _decoders.get(kind)
        if decoder is not None:
            return _without_nul(text, decoder.decode(text))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidCommand(str(error)) from None
    raise InvalidCommand(f"There is no command of the type {kind[:64]!r}.")


def _without_nul(text: bytes, command: Command) -> Command:
    if (field := field_with_nul(text, command, JUDGED_LATER)) is not None:
        raise InvalidCommand(f"{NO_CONTROLS} - at `$.{field}`")
    return command


def _addressed(text: bytes, room: str) -> bytes:
    """The command, an object, with `room` put in if it names nobody."""
    fields = msgspec.json.decode(text)
    if not {"to", "room"} & fields.keys():
        return msgspec.json.encode({**fields, "room": room})
    return text


_ADDRESSED = frozenset({"message", "read", "typing"})
