"""A file that its owner removes while a message with it is on its way: no message shows it, whatever came first."""

import pytest

from chat_service.domain.attachments import Attachment
from chat_service.domain.conversations import Conversation
from chat_service.domain.intents import Draft, SendMessage
from chat_service.domain.people import Person
from chat_service.store.attachments import Attachments
from chat_service.store.engines import log_of
from chat_service.store.people import PeopleStore
from chat_service.store.postgres_log import PostgresLog
from servicekit.database import Database
from tests.chat_service.drafts import NOW
from tests.chat_service.libraries import column
from tests.chat_service.several_writers import Writers, beside
from tests.postgres import Postgres


def picture(file_id: str) -> Attachment:
    return Attachment(
        id=file_id,
        url=f"/api/files/{file_id}",
        thumbnail_url=None,
        filename="a.png",
        content_type="image/png",
        size=9,
        width=1,
        height=1,
        placeholder=None,
    )


def message(*file_ids: str) -> Draft:
    conversation = Conversation.direct("Ada", "Grace")
    attachments = tuple(map(picture, file_ids))
    return Draft(SendMessage(conversation=conversation, text="look", attachments=attachments), "Ada", NOW)


async def send(database: Database, *file_ids: str) -> None:
    await database.write_many(log_of(database).append_group, [message(*file_ids)])


async def shown(database: Database) -> list[str | None]:
    return await column(database, "SELECT file_id FROM attached ORDER BY file_id")


@pytest.fixture
async def cast(database: Database) -> Database:
    people = [Person(name, name, None, version) for version, name in enumerate(("Ada", "Grace"), 1)]
    await PeopleStore(database).put_people(people)
    return database


async def test_a_file_that_was_removed_before_its_message_was_stored_is_not_shown(cast: Database) -> None:
    await Attachments(cast).remove(["gone"], 1)
    await send(cast, "gone", "here")
    assert await shown(cast) == ["here"]
    (attachments,) = await column(cast, "SELECT attachments FROM messages")
    assert attachments is not None
    assert "here" in attachments
    assert "gone" not in attachments
    await send(cast, "gone")
    assert await column(cast, "SELECT attachments FROM messages ORDER BY id DESC LIMIT 1") == [None]


async def test_removed_files_are_remembered_for_ten_thousand_others(cast: Database) -> None:
    store = Attachments(cast)
    for number in (1, 2, 10_001):
        await store.remove([f"f{number}"], number)
    assert await column(cast, "SELECT file_id FROM removed_files ORDER BY number") == ["f2", "f10001"]


async def test_with_another_list_the_removed_files_of_the_old_one_are_forgotten(cast: Database) -> None:
    store = Attachments(cast)
    await store.remove(["old"], 20_000)
    await store.remove([], 0)
    await store.remove(["new"], 1)
    assert await column(cast, "SELECT file_id FROM removed_files") == ["new"]


async def test_a_file_that_is_removed_while_another_instance_stores_its_message_is_not_shown(
    postgres: Postgres,
) -> None:
    writers = Writers(f"{postgres.new_database()}#chat")
    await writers.start()
    try:
        database = writers.databases[1]
        async with beside(
            writers,
            lambda store: PostgresLog().append_group(store, [message("gone")]),
            Attachments(database).remove(["gone"], 1),
        ):
            assert await shown(database) == []
            assert await column(database, "SELECT attachments FROM messages") == [None]
    finally:
        await writers.close()
