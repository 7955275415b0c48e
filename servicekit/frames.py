"""WebSocket frames as a server reads and writes them (RFC 6455 §5): bytes in, messages out, no I/O."""

from enum import IntEnum
from typing import NamedTuple

from websockets.speedups import apply_mask


class Opcode(IntEnum):
    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


class CloseCode(IntEnum):
    """RFC 6455 §7.4.1 and the IANA registry; 4000-4999 are an application's own."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    INVALID_DATA = 1007
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    SESSION_ENDED = 4401


class Message(NamedTuple):
    """A whole message (TEXT: valid UTF-8, BINARY) or a control frame."""

    opcode: int
    payload: bytes


class FrameError(Exception):
    """The client broke the protocol; the connection is to be closed with `code` (RFC 6455 §7.1.7)."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


_FIN, _RESERVED, _OPCODE = 0x80, 0x70, 0x0F
_MASKED, _LENGTH = 0x80, 0x7F
_CONTROL = 0x08
_CONTROL_BYTES_MAX = 125
_HEAD_BYTES = {126: 4, 127: 10}  # of an unmasked frame, by its second byte
_OPCODES = frozenset(Opcode)
_CONTINUATION, _TEXT = Opcode.CONTINUATION, Opcode.TEXT  # each look into an Enum is a call


class FrameReader:
    """Collects a client's bytes and takes messages out of them.

    Refuses what is longer than `message_bytes_max` by its announced length, before it has arrived.
    """

    __slots__ = (
        "_at",
        "_buffer",
        "_fragments",
        "_fragments_opcode",
        "_message_bytes_max",
        "_missing_bytes",
        "_rest",
    )

    def __init__(self, message_bytes_max: int) -> None:
        self._message_bytes_max = message_bytes_max
        self._buffer = b""
        self._missing_bytes = 0  # of the frame at the end of the buffer, where its length is known
        self._rest: list[bytes] = []  # what has come of them: joined once, or each piece would copy all before it
        self._at = 0  # where the next frame begins: cutting the buffer at each frame would copy the rest of it
        self._fragments: bytearray | None = None  # one: tiny ones would each be an object of many times their size
        self._fragments_opcode = 0

    def feed(self, data: bytes) -> None:
        if self._missing_bytes > len(data):
            self._missing_bytes -= len(data)
            self._rest.append(data)
            return
        if self._rest:
            data = b"".join((*self._rest, data))
            self._rest.clear()
        self._missing_bytes = 0
        self._buffer = self._buffer[self._at :] + data if self._buffer else data
        self._at = 0

    def next_message(self) -> Message | None:
        """The next message in what was fed, or None while it is incomplete. Raises FrameError."""
        if self._rest:
            return None
        while (frame := self._next_frame()) is not None:
            is_final, opcode, payload = frame
            if opcode & _CONTROL:
                return Message(opcode, payload)
            if is_final and self._fragments is None:
                return _whole(opcode, payload)
            if (message := self._add_fragment(opcode, payload, is_final=is_final)) is not None:
                return message
        self._buffer, self._at = self._buffer[self._at :], 0  # an idle connection keeps no bytes
        return None

    def _next_frame(self) -> tuple[bool, int, bytes] | None:
        buffer, at, size = self._buffer, self._at, len(self._buffer)
        if size < at + 2:
            return None
        first, second = buffer[at], buffer[at + 1]
        length, mask_at = second & _LENGTH, at + 2
        if length > _CONTROL_BYTES_MAX:
            mask_at = at + (4 if length == 126 else 10)
            if size < mask_at:
                return None
            length = int.from_bytes(buffer[at + 2 : mask_at], "big")
        self._check_head(first, second, length)
        start = mask_at + 4
        end = start + length
        if size < end:
            self._missing_bytes = end - size
            return None
        payload = apply_mask(buffer[start:end], buffer[mask_at:start])
        self._at = end
        return bool(first & _FIN), first & _OPCODE, payload

    def _check_head(self, first: int, second: int, length: int) -> None:
        opcode = first & _OPCODE
        if first & _RESERVED or opcode not in _OPCODES:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "reserved bits or opcode")
        if not second & _MASKED:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "a client's frame must be masked")
        if opcode & _CONTROL:
            if length > _CONTROL_BYTES_MAX or not first & _FIN:
                raise FrameError(CloseCode.PROTOCOL_ERROR, "a control frame is short and whole")
        elif (opcode == _CONTINUATION) != (self._fragments is not None):
            raise FrameError(CloseCode.PROTOCOL_ERROR, "fragments out of order")
        elif len(self._fragments or b"") + length > self._message_bytes_max:
            raise FrameError(CloseCode.TOO_BIG, f"over {self._message_bytes_max} bytes")

    def _add_fragment(self, opcode: int, payload: bytes, *, is_final: bool) -> Message | None:
        if self._fragments is None:
            self._fragments, self._fragments_opcode = bytearray(), opcode
        self._fragments += payload
        if not is_final:
            return None
        whole, self._fragments = bytes(self._fragments), None
        return _whole(self._fragments_opcode, whole)


def _whole(opcode: int, payload: bytes) -> Message:
    if opcode == _TEXT and not payload.isascii():
        _check_utf8(payload)
    return Message(opcode, payload)


def _check_utf8(payload: bytes) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise FrameError(CloseCode.INVALID_DATA, "text must be UTF-8") from None


def encode(opcode: int, payload: bytes) -> bytes:
    """One whole, unmasked frame, as a server sends it."""
    length = len(payload)
    if length < 126:
        return bytes((_FIN | opcode, length)) + payload
    if length < 1 << 16:
        return bytes((_FIN | opcode, 126)) + length.to_bytes(2, "big") + payload
    return bytes((_FIN | opcode, 127)) + length.to_bytes(8, "big") + payload


def text_frame(payload: bytes) -> bytes:
    return encode(_TEXT, payload)


def payload_of(frame: bytes) -> bytes:
    """What a frame made by `encode` holds."""
    return frame[_HEAD_BYTES.get(frame[1], 2) :]


def close_frame(code: int, reason: str = "") -> bytes:
    """`reason` is cut to the whole characters that fit into 123 bytes."""
    short = reason.encode()[: _CONTROL_BYTES_MAX - 2].decode(errors="ignore")
    return encode(Opcode.CLOSE, code.to_bytes(2, "big") + short.encode())


def read_close(payload: bytes) -> int:
    """The code of a client's close frame; 1000 where it gave none. Raises FrameError for what must not be sent."""
    if not payload:
        return CloseCode.NORMAL
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not (1000 <= code <= 1014 or 3000 <= code <= 4999) or code in {1004, 1005, 1006}:
        raise FrameError(CloseCode.PROTOCOL_ERROR, "no valid close code")
    _check_utf8(payload[2:])
    return code
