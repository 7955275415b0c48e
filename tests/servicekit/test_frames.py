"""Frames: whatever a client sends in whatever pieces comes out whole and in order; any client reads ours."""

import gc
import tracemalloc
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Close, Frame
from websockets.streams import StreamReader

from servicekit.frames import CloseCode, FrameReader, Message, Opcode, close_frame, encode, text_frame
from tests.servicekit.frame_reading import (
    CONTROLS,
    FIN,
    MASKED,
    MESSAGE_BYTES_MAX,
    cut,
    messages_in,
    read_pieces,
    read_until_refused,
)
from tests.servicekit.sockets import head_of_frame, masked

# Whole, in order, however it is cut


texts = st.text(max_size=60).map(lambda text: Message(Opcode.TEXT, text.encode()))
binaries = st.binary(max_size=300).map(lambda payload: Message(Opcode.BINARY, payload))
controls = st.builds(Message, st.sampled_from(CONTROLS), st.binary(max_size=125))
places = st.lists(st.integers(0, 100_000), max_size=12)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[Message]]:
    """A client's bytes, messages cut into fragments with control frames between them; and what they mean."""
    sent, meant = b"", []
    for message in draw(st.lists(st.one_of(texts, binaries, controls), max_size=6)):
        if message.opcode in CONTROLS:
            sent += masked(message.opcode, message.payload)
            meant.append(message)
            continue
        fragments = cut(message.payload, draw(st.lists(st.integers(0, 400), max_size=3)))
        for number, fragment in enumerate(fragments):
            opcode = Opcode.CONTINUATION if number else message.opcode
            sent += masked(opcode, fragment, fin=number == len(fragments) - 1)
            if number < len(fragments) - 1:
                between = draw(st.lists(controls, max_size=2))
                sent += b"".join(masked(*control) for control in between)
                meant += between
        meant.append(message)
    return sent, meant


@given(conversations(), places)
def test_any_messages_cut_anywhere_come_out_whole_and_in_order(
    conversation: tuple[bytes, list[Message]], at: list[int]
) -> None:
    sent, meant = conversation
    assert read_pieces(cut(sent, at)) == meant


@given(conversations())
def test_a_byte_at_a_time_is_as_good_as_all_at_once(conversation: tuple[bytes, list[Message]]) -> None:
    sent, meant = conversation
    assert read_pieces([bytes((byte,)) for byte in sent]) == meant == messages_in(sent)


@given(st.binary(max_size=400), places)
def test_any_bytes_are_messages_or_a_refusal_and_never_a_crash(data: bytes, at: list[int]) -> None:
    found, code = read_until_refused(cut(data, at))
    assert code in {None, CloseCode.PROTOCOL_ERROR, CloseCode.TOO_BIG, CloseCode.INVALID_DATA}
    assert sum(len(message.payload) for message in found) <= len(data)
    assert (found, code) == read_until_refused([data])


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 70_000])
def test_each_way_to_write_a_length_is_read(length: int) -> None:
    payload = bytes(length)
    sent = masked(Opcode.BINARY, payload)
    assert messages_in(sent, message_bytes_max=70_000) == [Message(Opcode.BINARY, payload)]
    head_in_pieces = [*(sent[at : at + 1] for at in range(14)), sent[14:]]
    assert read_pieces(head_in_pieces, message_bytes_max=70_000) == [Message(Opcode.BINARY, payload)]


@pytest.mark.parametrize("length_bytes", [b"\0\5", b"\0\0\0\0\0\0\0\5"])
def test_a_length_longer_written_than_it_needs_to_be_is_read(length_bytes: bytes) -> None:
    head = head_of_frame(FIN | Opcode.TEXT, MASKED | (126 if len(length_bytes) == 2 else 127), length_bytes)
    assert messages_in(head + b"hello") == [Message(Opcode.TEXT, b"hello")]


def test_a_flood_of_tiny_frames_costs_no_more_a_frame_than_a_few_do() -> None:
    few, many = (masked(Opcode.TEXT) * count for count in (1_000, 100_000))
    costs = [(min(cost_s(few) for _ in range(10)) / 1_000, cost_s(many) / 100_000) for _ in range(3)]
    cost_of_few_s, cost_of_many_s = map(min, zip(*costs, strict=True))  # a busy machine makes either dearer for a while
    assert cost_of_many_s < 5 * cost_of_few_s  # 20 times, where each frame copies what follows it


def test_a_long_message_in_small_pieces_costs_no_more_a_piece_than_a_short_one() -> None:
    short, long = (min(cost_in_pieces_s(pieces) for _ in range(3)) / pieces for pieces in (64, 4_096))
    assert long < 8 * short  # 60 times, where each piece copies what came before it


def cost_in_pieces_s(pieces: int, piece_bytes: int = 1024) -> float:
    sent = masked(Opcode.BINARY, bytes(pieces * piece_bytes))
    reader = FrameReader(len(sent))
    started_s = process_time()
    for at in range(0, len(sent), piece_bytes):
        reader.feed(sent[at : at + piece_bytes])
        assert (reader.next_message() is None) == (at + piece_bytes < len(sent))
    return process_time() - started_s


def cost_s(data: bytes) -> float:
    """Without the garbage collector, which looks at what the process holds beside it."""
    gc.disable()
    try:
        started_s = process_time()
        messages_in(data)
        return process_time() - started_s
    finally:
        gc.enable()


def test_empty_fragments_are_not_collected() -> None:
    reader = FrameReader(MESSAGE_BYTES_MAX)
    reader.feed(masked(Opcode.TEXT, fin=False) + masked(Opcode.CONTINUATION, fin=False) * 10_000)
    assert reader.next_message() is None
    assert not reader._fragments  # noqa: SLF001 - memory is not to be seen from outside
    reader.feed(masked(Opcode.CONTINUATION, b"at last"))
    assert reader.next_message() == Message(Opcode.TEXT, b"at last")


def test_many_small_fragments_take_little_more_memory_than_their_bytes() -> None:
    reader, fragments = FrameReader(20_000), masked(Opcode.CONTINUATION, b"xy", fin=False) * 1_000
    reader.feed(masked(Opcode.BINARY, fin=False))
    assert reader.next_message() is None
    tracemalloc.start()
    try:
        for _ in range(10):
            reader.feed(fragments)
            assert reader.next_message() is None
        taken_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken_bytes < 2 * 20_000
    reader.feed(masked(Opcode.CONTINUATION))
    assert reader.next_message() == Message(Opcode.BINARY, b"xy" * 10_000)


# What the server writes


def read_by_websockets(frame: bytes) -> Frame:
    incoming = StreamReader()
    incoming.feed_data(frame)
    incoming.feed_eof()
    parsing = Frame.parse(incoming.read_exact, mask=False)
    with pytest.raises(StopIteration) as parsed:
        next(parsing)
    assert not incoming.buffer, "bytes are left over"
    found: Frame = parsed.value.value
    return found


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 70_000])
def test_websockets_reads_what_is_written_at_each_length(length: int) -> None:
    frame = read_by_websockets(encode(Opcode.BINARY, bytes(length)))
    assert (frame.fin, int(frame.opcode), frame.data) == (True, int(Opcode.BINARY), bytes(length))


@given(st.text())
def test_websockets_reads_any_text_that_is_written(text: str) -> None:
    frame = read_by_websockets(text_frame(text.encode()))
    assert (int(frame.opcode), bytes(frame.data).decode()) == (int(Opcode.TEXT), text)


@given(st.sampled_from(CloseCode), st.text(max_size=200))
@example(CloseCode.NORMAL, "é" * 100)
@example(CloseCode.NORMAL, "e" * 124)
def test_websockets_reads_any_close_with_as_much_of_its_reason_as_fits(code: CloseCode, reason: str) -> None:
    frame = read_by_websockets(close_frame(code, reason))
    close = Close.parse(frame.data)
    assert close.code == code
    assert reason.startswith(close.reason)
    assert len(close.reason.encode()) >= min(len(reason.encode()), 120)
