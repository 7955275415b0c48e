"""What is read of frames that come in pieces: the messages, or the code of the refusal."""

from itertools import pairwise

import pytest

from servicekit.frames import CloseCode, FrameError, FrameReader, Message, Opcode

MESSAGE_BYTES_MAX = 1000
FIN = 0x80
MASKED = 0x80
CONTROLS = (Opcode.PING, Opcode.PONG, Opcode.CLOSE)


def messages_in(data: bytes, *, message_bytes_max: int = MESSAGE_BYTES_MAX) -> list[Message]:
    return read_pieces([data], message_bytes_max=message_bytes_max)


def read_pieces(pieces: list[bytes], *, message_bytes_max: int = MESSAGE_BYTES_MAX) -> list[Message]:
    reader = FrameReader(message_bytes_max)
    found = []
    for piece in pieces:
        reader.feed(piece)
        while (message := reader.next_message()) is not None:
            found.append(message)
    return found


def read_until_refused(pieces: list[bytes]) -> tuple[list[Message], CloseCode | None]:
    reader, found = FrameReader(MESSAGE_BYTES_MAX), []
    try:
        for piece in pieces:
            reader.feed(piece)
            while (message := reader.next_message()) is not None:
                found.append(message)
    except FrameError as error:
        return found, error.code
    return found, None


def refusal_of(*sent: bytes, message_bytes_max: int = MESSAGE_BYTES_MAX) -> CloseCode:
    with pytest.raises(FrameError) as refused:
        messages_in(b"".join(sent), message_bytes_max=message_bytes_max)
    assert refused.value.reason == str(refused.value) != ""
    return refused.value.code


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(data) + 1) for place in at}), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]
