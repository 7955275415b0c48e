"""What a client may say: every other frame is refused with a detail that helps."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from chat_service.domain.commands import Command, Ping, Resume, SendMessage, parse
from chat_service.domain.refusals import InvalidCommand
from tests.chat_service.world import World


def test_a_frame_without_a_type_is_a_message() -> None:
    assert parse(b'{"to": "bob", "message": "Hello there!"}') == SendMessage(to="bob", message="Hello there!")


def test_a_message_may_carry_a_nonce_attachments_and_what_it_answers() -> None:
    command = {"to": "bob", "message": "x", "nonce": "n", "attachments": ["a"], "reply_to": 7}
    assert parse(json.dumps(command).encode()) == SendMessage(
        to="bob", message="x", nonce="n", attachments=("a",), reply_to=7
    )


def test_resume_and_ping_are_commands() -> None:
    resume = parse(b'{"type": "resume", "positions": {"@bob": 41}}')
    assert resume == Resume(type="resume", positions={"@bob": 41})
    assert parse(b'{"type": "ping"}') == Ping(type="ping")


@pytest.mark.parametrize(
    "frame, detail",
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"Hello there!", "malformed"),
        (b"null", "Expected `object`, got `null`"),
        (b"[]", "Expected `object`, got `array`"),
        (b'"message"', "Expected `object`, got `str`"),
        (b'{"to": "bob"}', "missing required field `message`"),
        (b'{"message": "x"}', "Expected one of `to` and `room`"),
        (b'{"to": "bob", "room": "lobby", "message": "x"}', "Expected one of `to` and `room`"),
        (b'{"to": 7, "message": "x"}', "Expected `str | null`, got `int` - at `$.to`"),
        (b'{"to": "bob", "message": null}', "Expected `str`, got `null` - at `$.message`"),
        (b'{"to": "", "message": "x"}', "at `$.to`"),
        (b'{"to": "%s", "message": "x"}' % (b"b" * 65), "at `$.to`"),
        (b'{"to": "bob", "message": "x", "nonce": ""}', "at `$.nonce`"),
        (b'{"to": "bob", "message": "x", "nonce": "%s"}' % (b"n" * 129), "at `$.nonce`"),
        (b'{"to": "bob", "message": "x", "attachments": "a"}', "at `$.attachments`"),
        (b'{"to": "bob", "message": "x", "attachments": [%s]}' % b",".join([b'"a"'] * 21), "at `$.attachments`"),
        (b'{"to": "bob", "message": "x", "reply_to": "7"}', "at `$.reply_to`"),
        (b'{"to": "bob", "message": "x", "reply_to": 0}', "at `$.reply_to`"),
        (b'{"to": "bob", "message": "x", "reply_to": 9223372036854775808}', "at `$.reply_to`"),
        (b'{"to": "bob", "message": "x", "replyto": 7}', "unknown field `replyto`"),
        (b'{"type": "dance"}', "no command of the type 'dance'"),
        (b'{"type": "%s"}' % (b"d" * 1000), f"no command of the type '{'d' * 64}'"),
        (b'{"type": null, "to": "bob", "message": "x"}', "at `$.type`"),
        (b'{"type": "resume"}', "missing required field `positions`"),
        (b'{"type": "resume", "positions": []}', "at `$.positions`"),
        (b'{"type": "resume", "positions": {"@bob": -1}}', "at `$.positions[...]`"),
        (b'{"type": "resume", "positions": {"@bob": "1"}}', "at `$.positions[...]`"),
        (b'{"type": "ping", "to": "bob"}', "unknown field `to`"),
        (b'{"type": "edit", "message": "x"}', "missing required field `id`"),
        (b'{"type": "edit", "id": 0, "message": "x"}', "at `$.id`"),
        (b'{"type": "edit", "id": 1, "to": "bob", "message": "x"}', "unknown field `to`"),
        (b'{"type": "delete", "id": 9223372036854775808}', "at `$.id`"),
        (b'{"type": "react", "id": 1}', "missing required field `emoji`"),
        (b'{"type": "react", "id": 1, "emoji": ""}', "at `$.emoji`"),
        (b'{"type": "react", "id": 1, "emoji": "%s"}' % (b"x" * 33), "at `$.emoji`"),
        (b'{"type": "react", "id": 1, "emoji": "x", "remove": 1}', "at `$.remove`"),
        (b'{"type": "read", "to": "bob"}', "missing required field `seq`"),
        (b'{"type": "read", "to": "bob", "seq": -1}', "at `$.seq`"),
        (b'{"type": "read", "seq": 1}', "Expected one of `to` and `room`"),
        (b'{"type": "read", "room": "%s", "seq": 1}' % (b"r" * 65), "at `$.room`"),
        (b'{"type": "typing"}', "Expected one of `to` and `room`"),
        (b'{"type": "typing", "to": "bob", "room": "lobby"}', "Expected one of `to` and `room`"),
        (b'{"type": "resume", "positions": {"%s": 1}}' % (b"b" * 66), "at `key`"),
        (b'{"to": "bob", "message": "\xff"}', "utf-8"),
        (b'{"to": "bob", "message": "\\ud800"}', ""),
        (b'{"a":' * 20_000, "recursion"),
    ],
)
def test_what_is_no_command_is_refused_with_the_place_and_the_reason(frame: bytes, detail: str) -> None:
    with pytest.raises(InvalidCommand) as refusal:
        parse(frame)
    assert detail in str(refusal.value)


@pytest.mark.parametrize(
    "field, value",
    [
        ("to", "b" * 64),
        ("nonce", "n" * 128),
        ("attachments", ["a"] * 20),
        ("reply_to", 2**63 - 1),
    ],
)
def test_the_longest_of_each_field_is_taken(field: str, value: Any) -> None:
    command: dict[str, Any] = {"to": "bob", "message": "x", field: value}
    assert isinstance(parse(json.dumps(command).encode()), SendMessage)


def test_a_resume_names_every_conversation_that_its_ready_named() -> None:
    """The frame alone bounds it: a person may have more than a thousand people to talk to."""
    positions = {f"@{number}": number for number in range(4_000)}
    assert parse(json.dumps({"type": "resume", "positions": positions}).encode()) == Resume(
        type="resume", positions=positions
    )


@given(st.binary(max_size=200))
def test_any_bytes_are_a_command_or_are_refused(frame: bytes) -> None:
    with suppress(InvalidCommand):
        assert isinstance(parse(frame), Command)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["type", "to", "message", "nonce", "attachments", "reply_to", "positions"]), _json)
)
def test_any_object_is_a_command_or_is_refused(command: dict[str, Any]) -> None:
    with suppress(InvalidCommand):
        assert isinstance(parse(json.dumps(command).encode()), Command)


async def test_a_flood_of_nonsense_is_answered_each_time_logged_once_and_counts_like_messages(world: World) -> None:
    chat = await world.instance(messages_per_second=1, messages_burst=5)
    ada = await chat.live_device("Ada")
    with capture_logs() as lines:
        for _ in range(50):
            await ada.connection.send("{")
        codes = [await ada.refused() for _ in range(50)]
    assert codes[:5] == ["invalid_command"] * 5
    assert "too_many_messages" in codes[5:]
    assert len([line for line in lines if line["event"] == "refused"]) < 10
