"""Checking what came in parts: by one instance at a time, by another when that is gone, and not without end."""

import asyncio
import time
from contextlib import aclosing

import pytest

from media_service.actions.resumable_uploads import CHECK_S, CHECKS_MAX, SMALL_PART_BYTES_MAX
from media_service.domain.refusals import CannotCheck
from media_service.store import FileStore, ResumableUploadStore
from servicekit.database import Connection, Database
from servicekit.problems import NotStored
from servicekit.token_buckets import TokenBuckets
from tests.clock import Clock
from tests.media_service.instances import Instance, body, has_become_file, instances, send_whole
from tests.waiting import eventually


async def test_small_parts_and_what_is_begun_come_at_a_pace_and_large_ones_as_they_like(database: Database) -> None:
    """Each small one costs the disk a whole piece."""
    buckets = TokenBuckets(per_second=0.001, burst=3)
    async with aclosing(Instance(database, Clock(), small_parts=buckets)) as instance:
        resumable = instance.resumable
        upload = await resumable.begin("Ada", filename="a.bin", content_type="", length=900_000)
        sent = 0
        for _ in range(10):
            part = bytes(SMALL_PART_BYTES_MAX + 1)
            sent = (await resumable.append("Ada", upload.id, sent, body(part))).received
        for _ in range(2):
            sent = (await resumable.append("Ada", upload.id, sent, body(b"x"))).received
        for waits in (
            resumable.append("Ada", upload.id, sent, body(b"x")),
            resumable.begin("Ada", filename="b.bin", content_type="", length=1),
        ):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await waits
        await resumable.begin("Grace", filename="c.bin", content_type="", length=1)
        assert (await resumable.get("Ada", upload.id)).received == sent


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
            assert sorted(begun) == [0, 1]


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


async def outcome(instance: Instance, upload_id: str) -> bytes | None:
    return (await instance.resumable.get("Ada", upload_id)).refusal


async def test_what_we_fail_at_again_and_again_is_told_and_costs_no_more(database: Database) -> None:
    async with instances(database) as (instance,):
        instance.processor.fault = RuntimeError("a bug")
        instance.may_go_on.set()
        upload_id = await send_whole(instance)

        async def is_over() -> bool:
            await instance.resumable.go_on()
            return await outcome(instance, upload_id) is not None

        await eventually(is_over)
        assert await outcome(instance, upload_id) == str(CannotCheck("a.txt")).encode()
        assert instance.processor.taken == CHECKS_MAX
        assert (await instance.resumable.get("Ada", upload_id)).blob is None


async def test_a_file_that_takes_the_process_with_it_does_so_a_few_times(database: Database) -> None:
    clock, store = Clock(), ResumableUploadStore(database)
    async with instances(database, clock=clock) as (instance,):
        upload = await instance.resumable.begin("Ada", filename="a.txt", content_type="", length=4)
        await store.append(upload.id, 0, b"text")
        for _ in range(CHECKS_MAX):
            assert await store.begin_check(upload.id, now_s=clock.now, until_s=clock.now + CHECK_S)
            clock.forward(CHECK_S)
        await instance.resumable.go_on()
        await eventually(lambda: outcome(instance, upload.id))
        assert instance.processor.taken == 0


async def test_a_check_that_stops_with_its_instance_or_for_want_of_room_is_not_counted(database: Database) -> None:
    async with instances(database) as (instance,):
        instance.processor.fault = NotStored()
        instance.may_go_on.set()
        upload_id = await send_whole(instance)
        for taken in range(1, CHECKS_MAX + 2):
            await eventually(lambda taken=taken: instance.processor.taken == taken)
            await eventually(lambda: database.read(is_free))
            await instance.resumable.go_on()
    for _ in range(CHECKS_MAX + 1):
        async with instances(database) as (instance,):
            await instance.resumable.go_on()
            await eventually(lambda instance=instance: instance.processor.taken == 1)
    async with instances(database) as (instance,):
        instance.may_go_on.set()
        await instance.resumable.go_on()
        await eventually(lambda: has_become_file(instance, upload_id))


def is_free(connection: Connection) -> bool:
    return not is_held_until(connection, 0)


async def test_a_check_that_takes_long_stays_with_its_instance(database: Database) -> None:
    async with instances(database, clock=time.time) as (instance,):
        await send_whole(instance)
        await eventually(lambda: instance.processor.taken == 1)
        begun_s = time.time()
        await eventually(lambda: database.read(is_held_until, begun_s + CHECK_S + 1))


def is_held_until(connection: Connection, at_s: float) -> bool:
    (until_s,) = connection.execute("SELECT checked_until FROM resumable_uploads").fetchone()
    return float(until_s) > at_s
