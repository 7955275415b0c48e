"""Frames that break the protocol, are too long or not UTF-8: each is refused with its code."""

import pytest

from servicekit.frames import CloseCode, FrameError, Message, Opcode, read_close, text_frame
from tests.servicekit.frame_reading import CONTROLS, FIN, MASKED, MESSAGE_BYTES_MAX, messages_in, refusal_of
from tests.servicekit.sockets import head_of_frame, masked

# What is refused, and with which code


def test_an_unmasked_frame_is_refused() -> None:
    assert refusal_of(text_frame(b"hello")) == CloseCode.PROTOCOL_ERROR


@pytest.mark.parametrize("bit", [0x40, 0x20, 0x10])
def test_a_reserved_bit_is_refused(bit: int) -> None:
    assert refusal_of(head_of_frame(FIN | bit | Opcode.TEXT, MASKED)) == CloseCode.PROTOCOL_ERROR


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF])
def test_a_reserved_opcode_is_refused(opcode: int) -> None:
    assert refusal_of(head_of_frame(FIN | opcode, MASKED)) == CloseCode.PROTOCOL_ERROR


@pytest.mark.parametrize("opcode", CONTROLS)
def test_a_control_frame_of_125_bytes_is_read_and_a_longer_one_refused(opcode: Opcode) -> None:
    assert messages_in(masked(opcode, bytes(125))) == [Message(opcode, bytes(125))]
    assert refusal_of(head_of_frame(FIN | opcode, MASKED | 126, b"\0\x7e")) == CloseCode.PROTOCOL_ERROR


@pytest.mark.parametrize("opcode", CONTROLS)
def test_a_fragmented_control_frame_is_refused(opcode: Opcode) -> None:
    assert refusal_of(head_of_frame(opcode, MASKED)) == CloseCode.PROTOCOL_ERROR


def test_a_continuation_of_nothing_is_refused() -> None:
    assert refusal_of(masked(Opcode.CONTINUATION, b"more")) == CloseCode.PROTOCOL_ERROR
    finished = masked(Opcode.TEXT, b"a", fin=False) + masked(Opcode.CONTINUATION, b"b")
    assert refusal_of(finished, masked(Opcode.CONTINUATION, b"c")) == CloseCode.PROTOCOL_ERROR


@pytest.mark.parametrize("fin", [True, False])
def test_a_new_message_within_a_fragmented_one_is_refused(fin: bool) -> None:
    begun = masked(Opcode.TEXT, b"a", fin=False)
    assert refusal_of(begun, masked(Opcode.BINARY, b"b", fin=fin)) == CloseCode.PROTOCOL_ERROR


def test_a_message_of_the_greatest_length_is_read_and_one_byte_more_refused() -> None:
    (message,) = messages_in(masked(Opcode.BINARY, bytes(MESSAGE_BYTES_MAX)))
    assert len(message.payload) == MESSAGE_BYTES_MAX
    assert refusal_of(masked(Opcode.BINARY, bytes(MESSAGE_BYTES_MAX + 1))) == CloseCode.TOO_BIG


@pytest.mark.parametrize("length_bytes", [b"\x03\xe9", b"\0\0\1\0\0\0\0\0", b"\xff" * 8])
def test_too_long_a_message_is_refused_before_it_has_arrived(length_bytes: bytes) -> None:
    second = MASKED | (126 if len(length_bytes) == 2 else 127)
    assert refusal_of(bytes((FIN | Opcode.TEXT, second)) + length_bytes) == CloseCode.TOO_BIG


def test_fragments_are_refused_as_soon_as_their_sum_is_too_long() -> None:
    half = bytes(MESSAGE_BYTES_MAX // 2)
    begun = masked(Opcode.BINARY, half, fin=False)
    (message,) = messages_in(begun + masked(Opcode.CONTINUATION, half))
    assert len(message.payload) == MESSAGE_BYTES_MAX
    more = masked(Opcode.CONTINUATION, half, fin=False)
    assert refusal_of(begun, more, head_of_frame(Opcode.CONTINUATION, MASKED | 1)) == CloseCode.TOO_BIG


def test_each_message_has_the_whole_length_for_itself() -> None:
    parts = masked(Opcode.BINARY, bytes(600), fin=False) + masked(Opcode.CONTINUATION, bytes(400))
    assert [len(message.payload) for message in messages_in(parts * 3)] == [MESSAGE_BYTES_MAX] * 3


NOT_UTF_8 = [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"]


@pytest.mark.parametrize("payload", NOT_UTF_8)
def test_text_that_is_not_utf_8_is_refused_and_binary_is_not(payload: bytes) -> None:
    assert refusal_of(masked(Opcode.TEXT, payload)) == CloseCode.INVALID_DATA
    fragments = masked(Opcode.TEXT, b"a", fin=False) + masked(Opcode.CONTINUATION, payload)
    assert refusal_of(fragments) == CloseCode.INVALID_DATA
    assert messages_in(masked(Opcode.BINARY, payload)) == [Message(Opcode.BINARY, payload)]


def test_a_character_may_be_divided_between_fragments() -> None:
    first, second = "é".encode()[:1], "é".encode()[1:]
    sent = masked(Opcode.TEXT, first, fin=False) + masked(Opcode.CONTINUATION, second)
    assert messages_in(sent) == [Message(Opcode.TEXT, "é".encode())]


# The peer's close


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4401, 4999]
)
def test_a_valid_close_code_is_read(code: int) -> None:
    assert read_close(code.to_bytes(2, "big") + "au revoir, à bientôt".encode()) == code


def test_a_close_without_code_is_a_normal_one() -> None:
    assert read_close(b"") == CloseCode.NORMAL


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535])
def test_a_close_code_that_must_not_be_sent_is_refused(code: int) -> None:
    with pytest.raises(FrameError) as refused:
        read_close(code.to_bytes(2, "big"))
    assert refused.value.code == CloseCode.PROTOCOL_ERROR


def test_half_a_close_code_is_refused() -> None:
    with pytest.raises(FrameError) as refused:
        read_close(b"\x03")
    assert refused.value.code == CloseCode.PROTOCOL_ERROR


def test_a_reason_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(FrameError) as refused:
        read_close(b"\x03\xe8\xff")
    assert refused.value.code == CloseCode.INVALID_DATA
