"""On which thread a page of the history is read: what takes long holds up nobody else."""

from collections.abc import Callable
from typing import Any

import pytest

from chat_service.domain.conversations import Label
from chat_service.domain.history import Page
from chat_service.store.engines import log_of
from chat_service.store.history import READ_QUICKLY_MAX, History
from servicekit.database import Connection, Database
from tests.chat_service.drafts import to_person

GRACE = Label.of_person("Grace")


class Lanes:
    """The database, and how what was asked of it was read in the end."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.last = ""

    async def read(self, *statement: Any) -> Any:
        self.last = "in a thread"
        return await self._database.read(*statement)

    async def read_few(self, *statement: Any) -> Any:
        self.last = "on the loop"
        return await self._database.read_few(*statement)


async def said(database: Database, *texts: str, reply_to: int | None = None) -> None:
    log = log_of(database)
    await database.write(
        lambda connection: log.append_group(
            connection, [to_person("Ada", "Grace", text, reply_to=reply_to) for text in texts]
        )
    )


def change(statement: str) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(statement)


async def test_a_page_is_read_on_the_loop(database: Database) -> None:
    await said(database, "hello", "**bold**")
    lanes = Lanes(database)
    items = await History(lanes).read("Ada", GRACE, Page())  # type: ignore[arg-type]
    assert [message.message for message, *_ in items] == ["hello", "**bold**"]
    assert lanes.last == "on the loop"


@pytest.mark.parametrize("stale", ["html_version = 0", "edited_at = '2026-01-01'"])
async def test_texts_of_another_renderer_are_rendered_in_a_thread(database: Database, stale: str) -> None:
    await said(database, "**bold**")
    lanes = Lanes(database)
    await database.write(change(f"UPDATE messages SET html = NULL, {stale}"))
    ((message, *_),) = await History(lanes).read("Ada", GRACE, Page())  # type: ignore[arg-type]
    assert message.html == "<p><strong>bold</strong></p>"
    assert lanes.last == "in a thread"
    await database.write(change("UPDATE messages SET message = 'plain'"))
    await History(lanes).read("Ada", GRACE, Page())  # type: ignore[arg-type]
    assert lanes.last == "on the loop"


async def test_many_replies_are_counted_in_a_thread(database: Database) -> None:
    await said(database, "first")
    lanes = Lanes(database)
    ((first, *_),) = await History(lanes).read("Ada", GRACE, Page())  # type: ignore[arg-type]
    await said(database, *["again"] * READ_QUICKLY_MAX, reply_to=first.id)
    oldest = Page(before=first.id + 1)
    for more, lane in ((0, "on the loop"), (1, "in a thread")):
        await said(database, *["again"] * more, reply_to=first.id)
        ((_, _, replies),) = await History(lanes).read("Ada", GRACE, oldest)  # type: ignore[arg-type]
        assert replies is not None
        assert (replies.number, lanes.last) == (READ_QUICKLY_MAX + more, lane)


async def test_many_reactions_are_read_in_a_thread(database: Database) -> None:
    await said(database, "first")
    lanes = Lanes(database)
    for last, lane in ((READ_QUICKLY_MAX, "on the loop"), (READ_QUICKLY_MAX + 1, "in a thread")):
        await database.write(react_up_to, last)
        ((_, reactions, _),) = await History(lanes).read("Ada", GRACE, Page())  # type: ignore[arg-type]
        assert (len(reactions["👍"]), lanes.last) == (last, lane)


def react_up_to(connection: Connection, last: int) -> None:
    connection.executemany(
        "INSERT INTO reactions (message_id, emoji, username, number)"
        " SELECT id, '👍', ?, ? FROM messages WHERE true ON CONFLICT DO NOTHING",
        [(f"person-{number}", number) for number in range(last)],
    )


async def test_what_is_unread_is_found_in_a_thread(database: Database) -> None:
    await said(database, "hello")
    lanes = Lanes(database)
    assert len(await History(lanes).read("Grace", Label.of_person("Ada"), Page(is_unread=True))) == 1  # type: ignore[arg-type]
    assert lanes.last == "in a thread"
