"""Texts in chat: what has to be seen, what no name holds, and how lines of plain text are kept apart."""

import pytest

from chat_service.domain.connection_modes import SingleRoomMode
from chat_service.domain.emoji import fully_qualified, is_emoji
from chat_service.domain.events import EncodedEvent
from servicekit.frames import payload_of
from tests.chat_service.world import Instance
from tests.stores import ON_SQLITE

INVISIBLE = ["\u200b", "\u2800", "\u3164", "\u202e", "\x1b", "\u00ad\n", "\u115f\u1160\uffa0"]


@ON_SQLITE
@pytest.mark.parametrize("text", INVISIBLE)
async def test_a_message_that_shows_nothing_is_empty_and_so_is_an_edit(chat: Instance, text: str) -> None:
    ada = await chat.live_device("Ada")
    await ada.say("Grace", text)
    assert await ada.refused() == "message_empty"
    assert await chat.does("Ada", "POST", "/api/messages/Grace", json={"message": text}) == (422, "message_empty")
    await ada.say("Grace", "seen")
    sent = await ada.hear("sent")
    edit = f"/api/messages/Grace/{sent['id']}"
    assert await chat.does("Ada", "PATCH", edit, json={"message": text}) == (422, "message_empty")
    assert await chat.history("Ada", "Grace") == ["seen"]


@ON_SQLITE
@pytest.mark.parametrize("name", [*INVISIBLE, "a\nb", "a\x1b", "a\u2028b", "a\u202eb", "a\0b"])
async def test_topics_and_names_of_contacts_are_seen_and_take_one_line(chat: Instance, name: str) -> None:
    for method, path, body in (
        ("POST", "/api/rooms", {"name": "garden", "topic": name}),
        ("POST", "/api/save-chat", {"username": "Grace", "nickname": name}),
    ):
        assert await chat.does("Ada", method, path, json=body) == (422, "invalid")
    await chat.make_room("Ada", "garden")
    assert await chat.does("Ada", "PATCH", "/api/rooms/garden", json={"topic": name}) == (422, "invalid")


async def test_topics_and_names_of_contacts_are_trimmed_and_may_be_left_out(chat: Instance) -> None:
    await chat.request("Ada", "POST", "/api/rooms", json={"name": "garden", "topic": " What grows\u200b "})
    assert (await chat.get("Ada", "/api/rooms/garden"))["topic"] == "What grows"
    for topic in ("", "  "):
        assert await chat.does("Ada", "PATCH", "/api/rooms/garden", json={"topic": topic}) == 200
        assert (await chat.get("Ada", "/api/rooms/garden"))["topic"] == ""
    for nickname, shown in ((" Amazing Grace\u3164", "Amazing Grace"), (" ", "Grace")):
        await chat.request("Ada", "POST", "/api/save-chat", json={"username": "Grace", "nickname": nickname})
        (saved,) = await chat.get("Ada", "/api/saved-chats")
        assert saved["chat_nickname"] == shown


async def test_what_is_kept_of_a_command_holds_no_nul(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "hello", nonce="a\0b")
    assert await ada.refused() == "invalid_command"
    body = {"message": "hello", "nonce": "a\0b"}
    assert await chat.does("Ada", "POST", "/api/messages/Grace", json=body) == (422, "invalid")


async def test_a_letter_that_only_looks_like_ones_own_is_nobodys(chat: Instance) -> None:
    """The long s is an s to whoever folds all of Unicode; and a `Link` could not hold it."""
    await chat.request("Ada", "POST", "/api/messages/Linus", json={"message": "hello"})
    assert await chat.history("Ada", "LINUS ") == ["hello"]
    assert await chat.does("Ada", "GET", "/api/messages/Linu\u017f") == (404, "unknown_recipient")


def shown(event: bytes) -> str:
    line = SingleRoomMode("lobby", as_text=True).frame(None, EncodedEvent(event))
    assert line is not None
    return payload_of(line).decode()


@pytest.mark.parametrize(
    "said, line",
    [
        (r"one\nGrace: two\n\n", "Ada: one\n| Grace: two\n| \n| "),
        (r"one\r\ntwo\rthree", "Ada: one\n| twothree"),
        (r"\u001b[2Jred\u009b1m\u0000\u0007", "Ada: [2Jred1m"),
        (r"one\u2028Grace: two\u2029\u0085\u000b\u000c", "Ada: oneGrace: two"),
        (r"tabs\tstay", "Ada: tabs\tstay"),
    ],
)
def test_in_plain_text_no_message_passes_for_somebody_elses(said: str, line: str) -> None:
    assert shown(f'{{"type": "message", "sender_username": "Ada", "message": "{said}"}}'.encode()) == line


def test_errors_in_plain_text_are_kept_in_line_too() -> None:
    assert shown(rb'{"type": "error", "detail": "no \u001b[2J\nAda: hello"}') == "error: no [2J\n| Ada: hello"


# The fully qualified form of each, and what else stands for it (emoji-test.txt).
SPELLINGS = [
    ("😀", []),
    ("❤️", ["❤", "❤\ufe0e"]),
    ("❤️‍🔥", ["❤‍🔥"]),
    ("👩‍❤️‍💋‍👨", ["👩‍❤‍💋‍👨"]),
    ("👩🏻‍❤️‍💋‍👨🏼", ["👩🏻‍❤‍💋‍👨🏼"]),
    ("☎️", ["☎"]),
    ("©️", ["©"]),
    ("™️", ["™"]),
    ("1️⃣", ["1⃣"]),
    ("#️⃣", ["#⃣"]),
    ("👁️‍🗨️", ["👁‍🗨️", "👁️‍🗨", "👁‍🗨"]),
    ("🏳️‍🌈", ["🏳‍🌈"]),
    ("🏳️‍⚧️", ["🏳‍⚧️", "🏳️‍⚧", "🏳‍⚧"]),
    ("🏴‍☠️", ["🏴‍☠"]),
    ("⛹️‍♂️", ["⛹‍♂️", "⛹️‍♂", "⛹‍♂"]),
    ("⛹🏽‍♂️", ["⛹🏽‍♂", "⛹️🏽‍♂️"]),
    ("🕵🏽‍♀️", ["🕵🏽‍♀"]),
    ("🕵️", ["🕵"]),
    ("☝🏿", ["☝️🏿"]),
    ("✌️", ["✌"]),
    ("🙂‍↔️", ["🙂‍↔"]),
    ("👩‍⚕️", ["👩‍⚕"]),
    ("👨‍👩‍👧‍👦", []),
    ("🏊‍♀️", ["🏊‍♀"]),
    ("🇩🇪", []),
    ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", []),
    ("⭐", ["⭐️"]),
    ("⌚", ["⌚️"]),
    ("👍", ["👍️"]),
]


@pytest.mark.parametrize("emoji, others", SPELLINGS)
def test_an_emoji_has_one_spelling(emoji: str, others: list[str]) -> None:
    for spelling in (emoji, *others):
        assert is_emoji(spelling), ascii(spelling)
        assert fully_qualified(spelling) == emoji


async def test_a_reaction_is_one_however_it_is_spelled(chat: Instance) -> None:
    ada, _ = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ada.say("Grace", "hello")
    message_id = (await ada.hear("sent"))["id"]
    await ada.send(type="react", id=message_id, emoji="❤")
    assert (await ada.hear("reaction"))["emoji"] == "❤️"
    path = f"/api/messages/Grace/{message_id}/reactions"
    assert await chat.does("Ada", "PUT", f"{path}/❤️") == 204
    assert await chat.does("Grace", "PUT", f"/api/messages/Ada/{message_id}/reactions/❤\ufe0e") == 204
    (message,) = await chat.get("Ada", "/api/messages/Grace")
    assert message["reactions"] == {"❤️": ["Ada", "Grace"]}
    assert await chat.does("Ada", "DELETE", f"{path}/❤") == 204
    (message,) = await chat.get("Ada", "/api/messages/Grace")
    assert message["reactions"] == {"❤️": ["Grace"]}
