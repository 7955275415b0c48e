"""Writing in groups: what is told is on disk, and what the disk refuses is told of nobody."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from chat_service.app import MIGRATIONS
from chat_service.domain.changes import Appended
from chat_service.domain.intents import Draft, SendMessage
from chat_service.domain.messages import StoredMessage
from chat_service.domain.refusals import NotStored, UnknownMessage
from chat_service.group_writer import GroupWriter
from chat_service.store.sqlite_log import SqliteLog
from servicekit.database import Connection, Database
from servicekit.engines import open_database
from servicekit.problems import Refusal
from tests.chat_service.drafts import to_person
from tests.waiting import WAIT_S_MAX, eventually

Outcome = tuple[Any, Appended | Refusal]


def draft(text: str, *, reply_to: int | None = None) -> Draft:
    return to_person("Ada", "Grace", text, reply_to=reply_to)


def entries(group: Sequence[Outcome]) -> list[StoredMessage]:
    """The messages that were stored."""
    found = [outcome.entry for _, outcome in group if isinstance(outcome, Appended)]
    return [entry for entry in found if isinstance(entry, StoredMessage)]


class Desk:
    """A writer at work, and what it told."""

    def __init__(self, database: Database, path: Path) -> None:
        self.path = path
        self.database = database
        self.log = SlowLog()
        self.writer: GroupWriter[Any, Draft, Appended] = GroupWriter(
            database=database, log=self.log, failure=NotStored(), group_max=4
        )
        self.groups: list[Sequence[Outcome]] = []
        self._told = asyncio.Condition()

    def told(self, group: Sequence[Outcome]) -> None:
        on_disk = set(self.on_disk())
        assert {entry.message for entry in entries(group)} <= on_disk
        self.groups.append(group)

    def outcomes(self) -> list[Outcome]:
        return [outcome for group in self.groups for outcome in group]

    def on_disk(self) -> list[str]:
        with closing(sqlite3.connect(self.path)) as connection:
            return [text for (text,) in connection.execute("SELECT message FROM messages ORDER BY seq")]

    async def told_of(self, count: int) -> None:
        await eventually(lambda: len(self.outcomes()) >= count)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.writer.run(self.told))
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another process is writing the file."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    def run_sql(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(statement)


class SlowLog(SqliteLog):
    """Counts its groups, and may fail in a way nobody foresaw."""

    def __init__(self) -> None:
        super().__init__()
        self.groups_begun = 0

    def begin(self, connection: Connection) -> None:
        self.groups_begun += 1
        super().begin(connection)

    def append(self, connection: Connection, draft: Draft) -> Appended:
        if isinstance(draft.intent, SendMessage) and draft.intent.text == "unforeseen":
            raise OverflowError
        return super().append(connection, draft)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_database(tmp_path / "chat.db", MIGRATIONS) as database:
        yield Desk(database, tmp_path / "chat.db")


async def test_what_queues_until_its_turn_comes_makes_a_group_and_then_the_next_in_order(desk: Desk) -> None:
    async with desk.at_work():
        with desk.locked():
            desk.writer.submit(0, draft("0"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            for number in range(1, 7):
                desk.writer.submit(number, draft(str(number)))
        await desk.told_of(7)
    assert [[origin for origin, _ in group] for group in desk.groups] == [[0, 1, 2, 3], [4, 5, 6]]  # by fours
    assert desk.on_disk() == list("0123456")


async def test_a_refusal_is_told_to_its_own_origin_and_the_rest_of_the_group_is_stored(desk: Desk) -> None:
    async with desk.at_work():
        desk.writer.submit("a", draft("a"))
        desk.writer.submit("b", draft("b", reply_to=99))
        desk.writer.submit("c", draft("c"))
        await desk.told_of(3)
    (group,) = desk.groups
    assert [type(outcome) for _, outcome in group] == [Appended, UnknownMessage, Appended]
    assert desk.on_disk() == ["a", "c"]


async def test_a_disk_that_refuses_acknowledges_nothing_and_the_next_group_is_stored(desk: Desk) -> None:
    desk.run_sql(
        "CREATE TRIGGER full BEFORE INSERT ON messages WHEN new.message = 'too much'"
        " BEGIN SELECT raise(ROLLBACK, 'database or disk is full'); END"
    )
    async with desk.at_work():
        desk.writer.submit(0, draft("before"))
        await desk.told_of(1)
        for text in ("innocent", "too much", "innocent too"):
            desk.writer.submit(text, draft(text))
        await desk.told_of(4)
        desk.writer.submit(4, draft("after"))
        await desk.told_of(5)
    assert [type(outcome) for _, outcome in desk.groups[1]] == [NotStored] * 3
    assert desk.on_disk() == ["before", "after"]
    (last,) = desk.groups[2]
    assert isinstance(last[1], Appended)
    assert [entry.seq for entry in entries([last])] == [2]


async def test_a_full_disk_is_told_in_a_line_without_a_trace(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    await desk.database.write(lambda writer: writer.execute("PRAGMA max_page_count = 1"))
    async with desk.at_work():
        desk.writer.submit(0, draft("much " * 8_000))
        await desk.told_of(1)
        for number in range(1, 10):
            desk.writer.submit(number, draft("much " * 8_000))
            await desk.told_of(number + 1)
    assert [type(outcome) for _, outcome in desk.outcomes()] == [NotStored] * 10
    said = capsys.readouterr().out
    assert said.count("the disk refuses") == 1
    assert "Traceback" not in said


async def test_a_commit_that_fails_acknowledges_nothing_and_the_next_group_is_stored(desk: Desk) -> None:
    desk.run_sql("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
    desk.run_sql("CREATE TABLE orphans (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)")
    desk.run_sql(
        "CREATE TRIGGER orphan AFTER INSERT ON messages WHEN new.message = 'orphan'"
        " BEGIN INSERT INTO orphans VALUES (1); END"
    )
    async with desk.at_work():
        for text in ("innocent", "orphan"):
            desk.writer.submit(text, draft(text))
        await desk.told_of(2)
        desk.writer.submit(3, draft("after"))
        await desk.told_of(3)
    assert [type(outcome) for _, outcome in desk.groups[0]] == [NotStored] * 2
    assert desk.on_disk() == ["after"]


async def test_a_failure_that_nobody_foresaw_does_not_end_the_writer(desk: Desk) -> None:
    async with desk.at_work() as task:
        desk.writer.submit(0, draft("unforeseen"))
        await desk.told_of(1)
        desk.writer.submit(1, draft("after"))
        await desk.told_of(2)
        assert not task.done()
    assert [type(outcome) for _, outcome in desk.outcomes()] == [NotStored, Appended]
    assert desk.on_disk() == ["after"]


async def test_a_fault_of_who_is_told_ends_the_writer(desk: Desk) -> None:
    """It would be nobody's else, and those of the group wait for an answer; the service is started again."""

    def told(_: Sequence[Outcome]) -> None:
        raise LookupError("a fault of ours")

    running = asyncio.create_task(desk.writer.run(told))
    desk.writer.submit(1, draft("one"))
    with pytest.raises(LookupError):
        async with asyncio.timeout(WAIT_S_MAX):
            await running
    assert desk.on_disk() == ["one"]


async def test_a_failure_that_nobody_foresaw_costs_the_others_of_its_group_nothing(desk: Desk) -> None:
    async with desk.at_work():
        for text in ("innocent", "unforeseen", "innocent too"):
            desk.writer.submit(text, draft(text))
        await desk.told_of(3)
    assert [type(outcome) for _, outcome in desk.outcomes()] == [Appended, NotStored, Appended]
    assert desk.on_disk() == ["innocent", "innocent too"]


async def test_a_group_waits_for_another_process_that_writes(desk: Desk) -> None:
    async with desk.at_work():
        with desk.locked():
            desk.writer.submit(0, draft("0"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await desk.told_of(1)
        await desk.told_of(1)
    assert desk.on_disk() == ["0"]


@pytest.mark.parametrize("steps", range(12))
async def test_a_group_that_is_cancelled_is_stored_whole_or_not_at_all(desk: Desk, steps: int) -> None:
    async with desk.at_work() as task:
        for text in "abc":
            desk.writer.submit(text, draft(text))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert desk.on_disk() in ([], list("abc"))
    assert len(desk.outcomes()) in (0, 3)


async def test_a_writer_that_was_cancelled_while_it_waited_leaves_no_transaction_open(desk: Desk) -> None:
    async with desk.at_work() as task:
        with desk.locked():
            desk.writer.submit(0, draft("unlucky"))
            for _ in range(5):
                await asyncio.sleep(0)
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    async with desk.at_work():
        desk.writer.submit(1, draft("after"))
        await desk.told_of(1)
    assert [type(outcome) for _, outcome in desk.outcomes()] == [Appended]
    assert desk.on_disk() == ["after"]
