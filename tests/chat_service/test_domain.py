"""The small rules: texts, emoji, rates, names, envelopes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.emoji import is_emoji
from chat_service.domain.envelopes import EVERYBODY, RoomEnvelope, nudges, to_person
from chat_service.domain.messages import check_text
from chat_service.domain.places import Gap, Place, gap_of, is_before
from chat_service.domain.refusals import InvalidMessage, MessageEmpty, MessageTooLong
from chat_service.feed import decode_from_person, decode_from_room, encode
from servicekit.token_buckets import TokenBucket, TokenBuckets

# Texts


@pytest.mark.parametrize("text", ["x", " x ", "x" * 4000, "👩‍🚀", "\n.\n"])
def test_a_text_that_can_be_seen_may_be_said(text: str) -> None:
    check_text(text, length_max=4000)


@pytest.mark.parametrize("text", ["", " ", "\n\t \u2003"])
def test_a_text_that_cannot_be_seen_is_empty(text: str) -> None:
    with pytest.raises(MessageEmpty):
        check_text(text, length_max=4000)


def test_a_text_is_counted_in_code_points() -> None:
    check_text("👋" * 4000, length_max=4000)
    with pytest.raises(MessageTooLong, match="4001 characters; 4000 is the most"):
        check_text("👋" * 4001, length_max=4000)


def test_a_long_text_of_nothing_is_too_long_before_it_is_empty() -> None:
    with pytest.raises(MessageTooLong):
        check_text(" " * 4001, length_max=4000)


def test_nul_is_refused() -> None:
    with pytest.raises(InvalidMessage):
        check_text("a\0b", length_max=4000)


# Emoji


@pytest.mark.parametrize(
    "text",
    [
        "👍",
        "☕",
        "❤",
        "❤️",
        "👍🏽",
        "👩‍🚀",
        "👨‍👩‍👧‍👦",
        "🕵🏽‍♂️",
        "🏳️‍🌈",
        "🇩🇪",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "1️⃣",
        "#⃣",
        "\u2139\ufe0f",
        "©️",
        "〰️",
        "🫶",
    ],
)
def test_one_emoji_is_one_however_it_is_put_together(text: str) -> None:
    assert is_emoji(text)


def test_joined_pictographs_end_somewhere() -> None:
    assert is_emoji("\u200d".join("👍" * 16))
    assert not is_emoji("\u200d".join("👍" * 17))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a",
        "1",
        "#",
        ":)",
        "中",
        "∑",
        "─",
        "⠿",
        "👍👍",
        "👍 ",
        "x👍",
        "👍🏽🏽",
        "❤️️",
        "🏽",
        "🇩",
        "🇩🇪🇫🇷",
        "\u200d",
        "👍\u200d",
        "\u200d👍",
        "a\u20e3",
        "\ufe0f",
        "\U000e007f",
    ],
)
def test_what_is_not_one_emoji_is_none(text: str) -> None:
    assert not is_emoji(text)


@given(st.text(st.characters(categories=["L", "N", "P", "Z"], exclude_characters="‼⁉\u2139〰〽㊗㊙")))
def test_no_text_of_letters_is_an_emoji(text: str) -> None:
    assert not is_emoji(text)


# Rates


def test_a_bucket_lets_the_burst_pass_and_then_the_rate() -> None:
    bucket = TokenBucket(per_second=20, burst=60)
    assert [bucket.take(100.0) for _ in range(61)] == [True] * 60 + [False]
    assert [bucket.take(100.125) for _ in range(3)] == [True, True, False]


def test_a_bucket_never_holds_more_than_the_burst() -> None:
    bucket = TokenBucket(per_second=20, burst=2)
    bucket.take(0.0)
    assert [bucket.take(1_000_000.0) for _ in range(3)] == [True, True, False]


def test_what_was_refused_costs_nothing() -> None:
    bucket = TokenBucket(per_second=1, burst=1)
    assert bucket.take(0.0)
    assert not any(bucket.take(0.5) for _ in range(100))
    assert bucket.take(1.0)


def test_a_rate_of_zero_lets_everything_pass() -> None:
    bucket = TokenBucket(per_second=0, burst=1)
    assert all(bucket.take(0.0) for _ in range(1000))


def test_each_person_has_a_bucket_and_those_that_are_remembered_are_bounded() -> None:
    buckets = TokenBuckets(per_second=1, burst=1, people_max=2)
    assert [buckets.take(name, 0.0) for name in ("Ada", "Grace", "Ada", "Grace")] == [True, True, False, False]
    assert buckets.take("Linus", 0.0)  # for whom Ada's is forgotten
    assert [buckets.take(name, 0.0) for name in ("Grace", "Ada")] == [False, True]


@given(st.lists(st.floats(min_value=0, max_value=2), max_size=200), st.integers(1, 50), st.integers(1, 50))
def test_a_bucket_never_lets_more_pass_than_burst_and_rate(pauses_s: list[float], per_second: int, burst: int) -> None:
    bucket, now_s, passed = TokenBucket(per_second=per_second, burst=burst), 0.0, 0
    for pause_s in pauses_s:
        now_s += pause_s
        passed += bucket.take(now_s)
    assert passed <= burst + now_s * per_second + 1e-6


# Names and envelopes

names = st.text("abcXYZ019_.-", min_size=3, max_size=32)


@given(names, names)
def test_each_reader_names_a_conversation_from_their_side(one: str, other: str) -> None:
    conversation = Conversation.direct(one, other)
    assert conversation == Conversation.direct(other, one)
    assert (conversation.is_room, conversation.room_name) == (False, None)
    if one != other:
        assert set(conversation.people) == {one, other}
        assert (conversation.label_for(one), conversation.other_than(one)) == (Label.of_person(other), other)
    assert (Label.of_person(other).text, Label.of_person(other).is_room) == (f"@{other}", False)
    assert Label.of_person(other).name == other


@given(names, names)
def test_everybody_names_a_room_alike(room: str, reader: str) -> None:
    conversation = Conversation.room(room)
    assert (conversation.is_room, conversation.room_name) == (True, room)
    assert conversation.label_for(reader) == Label.of_room(room) == Label(f"#{room}")
    assert (Label.of_room(room).is_room, Label.of_room(room).name) == (True, room)


@given(names, names, st.integers(0, 2**63), st.binary())
def test_an_envelope_to_a_person_is_the_same_behind_the_bus(reader: str, name: str, seq: int, event: bytes) -> None:
    envelope = to_person(reader, Label.of_person(name), seq, event)
    assert decode_from_person(envelope.channel, encode(envelope)) == envelope


@given(
    room=names,
    seq=st.integers(0, 2**63),
    whose=st.tuples(names, st.none()) | st.tuples(st.just(""), st.none() | st.just(EVERYBODY) | names),
    for_author=st.binary(),
    event=st.binary(),
    epoch=st.sampled_from(["", "1.1", "1800000000.123"]),
)
def test_an_envelope_to_a_room_is_the_same_behind_the_bus(
    room: str, seq: int, whose: tuple[str, str | None], for_author: bytes, event: bytes, epoch: str
) -> None:
    author, departed = whose
    envelope = RoomEnvelope(
        channel=f"room:#{room}",
        label=Label.of_room(room),
        seq=seq,
        epoch=epoch,
        author=author,
        for_author=for_author if author else b"",
        event=event,
        departed=departed,
    )
    assert decode_from_room(envelope.channel, encode(envelope)) == envelope
    (nudge,) = nudges(Conversation.room(room), seq=seq, epoch=epoch)
    assert decode_from_room(nudge.channel, encode(nudge)) == nudge


def test_a_version_without_epochs_takes_what_has_one_for_a_nudge() -> None:
    garden = Label.of_room("garden")
    sealed = encode(
        RoomEnvelope(channel="", label=garden, seq=7, epoch="1.2", author="Ada", for_author=b"sent", event=b"message")
    )
    label, seq, username, length, events = sealed.split(b" ", 4)
    assert (label, seq, username) == (b"#garden", b"7", b"-")  # nobody's own
    assert events[int(length) :] == b""  # and nothing for the others


@pytest.mark.parametrize(
    "event, departed",
    [
        (b'{"type":"left","seq":7,"conversation":"#garden","username":"Grace","timestamp":""}', "Grace"),
        (b'{"type":"closed","seq":7,"conversation":"#garden","username":"Ada","timestamp":""}', EVERYBODY),
        (b'{"type":"joined","seq":7,"conversation":"#garden","username":"Grace","timestamp":""}', None),
    ],
)
def test_who_is_out_is_known_from_a_version_that_says_so_in_the_event_alone(event: bytes, departed: str | None) -> None:
    sealed = b"#garden 7 - %d 1.2 - 0 %s" % (len(event) + 8, event)
    decoded = decode_from_room("room:#garden", sealed)
    assert (decoded.departed, decoded.event, decoded.epoch) == (departed, event, "1.2")


@pytest.mark.parametrize(
    "position, epoch, joined_seq, until, gap",
    [
        (3, "1.2", 0, 4, Gap(3, is_truncated=False)),
        (3, None, 0, 4, Gap(3, is_truncated=False)),
        (4, "1.2", 0, 4, Gap(4, is_truncated=False)),
        (5, "1.2", 0, 4, Gap(0, is_truncated=True)),  # past the end
        (5, None, 0, 4, Gap(0, is_truncated=True)),
        (3, "1.1", 0, 4, Gap(0, is_truncated=True)),  # of another past
        (3, "", 0, 4, Gap(0, is_truncated=True)),
        (5, "1.1", 3, 4, Gap(2, is_truncated=True)),
        (0, None, 3, 4, Gap(2, is_truncated=False)),  # a new member, from where they joined
        (1, "1.2", 3, 4, Gap(2, is_truncated=True)),  # one who left and came back
        (2, "1.2", 3, 4, Gap(2, is_truncated=False)),
    ],
)
def test_a_device_is_told_on_from_what_it_has_or_starts_anew(
    position: int, epoch: str | None, joined_seq: int, until: int, gap: Gap
) -> None:
    place = Place(until, "1.2", joined_seq)
    assert gap_of(place, until=until, position=position, epoch=epoch, events_max=10) == gap


@pytest.mark.parametrize("until, gap", [(13, Gap(3, is_truncated=False)), (14, Gap(4, is_truncated=True))])
def test_a_device_is_told_the_newest_of_very_much(until: int, gap: Gap) -> None:
    place = Place(until, "1.2", 0)
    assert gap_of(place, until=until, position=3, epoch="1.2", events_max=10) == gap


def test_a_later_epoch_is_a_later_conversation_or_a_later_life_of_the_store() -> None:
    assert is_before("1.9", "1.10")
    assert is_before("9.9", "10.1")
    assert not is_before("1.10", "1.9")
    assert not is_before("1.9", "1.9")
