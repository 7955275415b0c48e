"""Background work of several instances: each piece of it is done by one at a time, and by another when that is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from media_service.store import (
    AvatarStore,
    BlobStore,
    FileStore,
    FollowedLists,
    ProfileChange,
    ResumableUploadStore,
)
from servicekit.database import Connection, Database, try_hold
from tests.clock import Clock
from tests.media_service.instances import has_become_file, instances, send_whole
from tests.waiting import eventually

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
