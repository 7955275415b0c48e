"""Background work of several instances: each piece of it is done by one at a time, and by another when that is gone."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import pytest

from media_service.actions.resumable_uploads import CHECK_S, SMALL_PART_BYTES_MAX, ResumableUploads
from media_service.actions.uploads import Uploads
from media_service.domain.files import KeptLimits, ProcessedFile
from media_service.file_processor import FileProcessor
from media_service.pictures import Pictures
from media_service.sent_file import SentFile
from media_service.store import (
    AvatarStore,
    BlobStore,
    FileStore,
    FollowedLists,
    ProfileChange,
    ResumableUploadStore,
    UploadStore,
)
from servicekit.database import Connection, Database, try_hold
from servicekit.token_buckets import TokenBuckets
from tests.clock import Clock
from tests.waiting import eventually

LIMITS = KeptLimits(bytes_max=1_000_000, files_max=100)


# Sweeping


def drop_blob(connection: Connection, pieces: int) -> None:
    connection.execute("INSERT INTO dropped_blobs (number) VALUES (1)")
    rows = [(number, b"piece") for number in range(pieces)]
    connection.executemany("INSERT INTO pieces (blob, number, data) VALUES (1, ?, ?)", rows)


def count_pieces(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM pieces").fetchone()[0])


@asynccontextmanager
async def holding(database: Database, what: str) -> AsyncIterator[None]:
    """As an instance that is in the middle of it."""
    is_held, goes_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold_and_wait(connection: Connection) -> None:
        assert try_hold(connection, what)
        loop.call_soon_threadsafe(is_held.set)
        asyncio.run_coroutine_threadsafe(goes_on.wait(), loop).result()

    holds = asyncio.create_task(database.write(hold_and_wait))
    await is_held.wait()
    try:
        yield
    finally:
        goes_on.set()
        await holds


async def test_pieces_are_deleted_by_one_instance_at_a_time(both: tuple[Database, Database]) -> None:
    first, second = both
    await first.write(drop_blob, 3)
    async with holding(first, "sweeping of blobs"):
        assert not await BlobStore(second).delete_some_pieces()
        assert await second.read(count_pieces) == 3
    assert not await BlobStore(second).delete_some_pieces()
    assert await second.read(count_pieces) == 0


async def test_uploads_expire_by_one_instance_at_a_time(both: tuple[Database, Database]) -> None:
    first, second = both
    uploads = ResumableUploadStore(second)
    async with instances(first) as (instance,):
        await instance.resumable.begin("Ada", filename="a", content_type="", length=4)
    in_two_days = Clock().now + 2 * 86_400
    async with holding(first, "sweeping of uploads"):
        await uploads.remove_expired(in_two_days)
        assert await second.read(count_uploads) == 1
    await uploads.remove_expired(in_two_days)
    assert await second.read(count_uploads) == 0


def count_uploads(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM resumable_uploads").fetchone()[0])


# Checking what came in parts


class CountingProcessor(FileProcessor):
    """Takes its time, and counts."""

    def __init__(self, may_go_on: asyncio.Event) -> None:
        self.pictures = Pictures(pixels_max=1_000_000, picture_s_max=10)
        super().__init__(pictures=self.pictures, picture_bytes_max=1_000_000)
        self._may_go_on = may_go_on
        self.taken = 0

    async def take(self, sent: SentFile) -> ProcessedFile:
        self.taken += 1
        await self._may_go_on.wait()
        return await super().take(sent)


class Instance:
    """What one instance has for uploads."""

    def __init__(
        self, database: Database, clock: Callable[[], float], *, small_parts: TokenBuckets | None = None
    ) -> None:
        self.may_go_on = asyncio.Event()
        self.processor = CountingProcessor(self.may_go_on)
        self.resumable = ResumableUploads(
            store=ResumableUploadStore(database),
            uploads=Uploads(
                store=UploadStore(database),
                processor=self.processor,
                pull_orphaned_files=_nothing_new,
                limits=LIMITS,
                clock=clock,
            ),
            limits=LIMITS,
            file_bytes_max=1_000_000,
            as_problem=lambda refusal: str(refusal).encode(),
            clock=clock,
            small_parts=small_parts,
        )

    async def aclose(self) -> None:
        await self.resumable.aclose()
        self.processor.close()
        self.processor.pictures.close()


@asynccontextmanager
async def instances(*databases: Database, clock: Callable[[], float] | None = None) -> AsyncIterator[list[Instance]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(aclosing(Instance(one, clock or Clock()))) for one in databases]


async def _nothing_new() -> None: ...


async def _body(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def send_whole(instance: Instance) -> str:
    """The id of an upload all of whose bytes are here."""
    upload = await instance.resumable.begin("Ada", filename="a.txt", content_type="", length=4)
    await instance.resumable.append("Ada", upload.id, 0, _body(b"text"))
    return upload.id


async def test_small_parts_and_what_is_begun_come_at_a_pace_and_large_ones_as_they_like(database: Database) -> None:
    """Each small one costs the disk a whole piece."""
    buckets = TokenBuckets(per_second=0.001, burst=3)
    async with aclosing(Instance(database, Clock(), small_parts=buckets)) as instance:
        resumable = instance.resumable
        upload = await resumable.begin("Ada", filename="a.bin", content_type="", length=900_000)
        sent = 0
        for _ in range(10):
            part = bytes(SMALL_PART_BYTES_MAX + 1)
            sent = (await resumable.append("Ada", upload.id, sent, _body(part))).received
        for _ in range(2):
            sent = (await resumable.append("Ada", upload.id, sent, _body(b"x"))).received
        for waits in (
            resumable.append("Ada", upload.id, sent, _body(b"x")),
            resumable.begin("Ada", filename="b.bin", content_type="", length=1),
        ):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await waits
        await resumable.begin("Grace", filename="c.bin", content_type="", length=1)
        assert (await resumable.get("Ada", upload.id)).received == sent


async def has_become_file(instance: Instance, upload_id: str) -> bool:
    return (await instance.resumable.get("Ada", upload_id)).file_id is not None


async def test_what_is_whole_is_checked_by_one_instance(both: tuple[Database, Database]) -> None:
    async with instances(*both) as (first, second):
        upload_id = await send_whole(first)
        await eventually(lambda: first.processor.taken == 1)
        await second.resumable.go_on()
        first.may_go_on.set()
        await eventually(lambda: has_become_file(second, upload_id))
        assert len(await FileStore(both[1]).list_of("Ada", before=None, limit=10)) == 1
        assert second.processor.taken == 0


async def test_of_two_instances_that_begin_a_check_at_once_one_does(both: tuple[Database, Database]) -> None:
    async with instances(both[0]) as (instance,):
        now_s = Clock().now
        for _ in range(5):
            upload = await instance.resumable.begin("Ada", filename="a.txt", content_type="", length=4)
            begun = await asyncio.gather(
                *(ResumableUploadStore(one).begin_check(upload.id, now_s=now_s, until_s=now_s + 1) for one in both)
            )
            assert sorted(begun) == [False, True]


async def test_what_an_instance_was_checking_when_it_stopped_another_checks(both: tuple[Database, Database]) -> None:
    async with instances(both[1]) as (second,):
        async with instances(both[0]) as (first,):
            upload_id = await send_whole(first)
            await eventually(lambda: first.processor.taken == 1)
        second.may_go_on.set()
        await second.resumable.go_on()
        await eventually(lambda: has_become_file(second, upload_id))


async def test_what_an_instance_was_checking_when_it_was_killed_another_checks_soon(database: Database) -> None:
    clock, store = Clock(), ResumableUploadStore(database)
    async with instances(database, clock=clock) as (instance,):
        instance.may_go_on.set()
        upload = await instance.resumable.begin("Ada", filename="a.txt", content_type="", length=4)
        assert await store.begin_check(upload.id, now_s=clock.now, until_s=clock.now + CHECK_S)
        await store.append(upload.id, 0, b"text")
        await instance.resumable.go_on()
        assert await store.unchecked(clock.now) == []
        clock.forward(CHECK_S)
        await instance.resumable.go_on()
        await eventually(lambda: has_become_file(instance, upload.id))
        assert instance.processor.taken == 1


async def test_a_check_that_takes_long_stays_with_its_instance(database: Database) -> None:
    async with instances(database, clock=time.time) as (instance,):
        await send_whole(instance)
        await eventually(lambda: instance.processor.taken == 1)
        begun_s = time.time()
        await eventually(lambda: database.read(is_held_until, begun_s + CHECK_S + 1))


def is_held_until(connection: Connection, at_s: float) -> bool:
    (until_s,) = connection.execute("SELECT checked_until FROM resumable_uploads").fetchone()
    return float(until_s) > at_s


# Lists of other services


def profile(number: int, address: str | None = None, *, is_erased: bool = False) -> ProfileChange:
    return ProfileChange(number=number, username="Ada", address=address, is_erased=is_erased)


async def test_an_old_page_of_profiles_does_not_undo_a_newer_one(database: Database) -> None:
    """Another instance has asked before, and comes with its answer after."""
    lists, avatars = FollowedLists(database), AvatarStore(database)
    await lists.take_profiles("profiles", [profile(1, "/old.png"), profile(2, "/new.png")])
    await lists.take_profiles("profiles", [profile(1, "/old.png")])
    assert (await avatars.find_avatar("ada"), await lists.position("profiles")) == ("/new.png", 2)
    await lists.restart("profiles")
    await lists.take_profiles("profiles", [profile(1, "/old.png")])
    assert await avatars.find_avatar("ada") == "/old.png"


async def test_an_old_page_of_orphaned_files_removes_nothing_again(database: Database) -> None:
    """A file that was its owner's avatar then, and is shown by a message since."""
    lists, files = FollowedLists(database), FileStore(database)
    async with instances(database) as (instance,):
        instance.may_go_on.set()
        upload_id = await send_whole(instance)
        await eventually(lambda: has_become_file(instance, upload_id))
    (file,) = await files.list_of("Ada", before=None, limit=10)
    await lists.take_profiles("profiles", [profile(1, f"/api/files/{file.id}")])
    assert not await lists.take_orphaned_files("releases", [(1, file.id)])
    await lists.take_profiles("profiles", [profile(2, "")])
    assert not await lists.take_orphaned_files("releases", [(1, file.id)])
    assert await files.find(file.id) is not None
    assert await lists.take_orphaned_files("releases", [(2, file.id)])
    assert await files.find(file.id) is None


async def test_pages_of_two_instances_at_once_are_taken_one_after_the_other(both: tuple[Database, Database]) -> None:
    lists = [FollowedLists(database) for database in both]
    for start in range(1, 200, 20):
        page = [profile(number, f"/{number}.png") for number in range(start, start + 20)]
        await asyncio.gather(lists[0].take_profiles("profiles", page), lists[1].take_profiles("profiles", page[:10]))
        assert await AvatarStore(both[0]).find_avatar("ada") == page[-1].address
        assert await lists[1].position("profiles") == page[-1].number
