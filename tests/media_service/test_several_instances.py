"""Two instances over one PostgreSQL: what one person may keep holds, and neither spoils what the other is doing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from media_service.actions.resumable_uploads import OPEN_MAX
from media_service.domain.files import PIECE_BYTES
from tests.media_service.gallery import Galleries, Gallery, form, part
from tests.media_service.tus import TUS, Sender
from tests.postgres import Postgres
from tests.problems import code
from tests.waiting import eventually

ROUNDS = 10  # each a race that ends well by chance now and then

Pair = tuple[Gallery, Gallery]


@pytest.fixture
def galleries(tmp_path: Path, postgres: Postgres) -> Galleries:
    return Galleries(tmp_path, postgres.new_database)


@asynccontextmanager
async def pair(galleries: Galleries, **settings: Any) -> AsyncIterator[Pair]:
    async with galleries(**settings) as first, galleries(beside=first, **settings) as second:
        yield first, second


@pytest.fixture
async def both(galleries: Galleries) -> AsyncIterator[Pair]:
    async with pair(galleries) as started:
        yield started


async def ended_at_once(both: Pair, *bodies: bytes) -> list[int]:
    """The statuses of two forms whose last bytes come at the same moment."""
    before = both[0].store.count("uploads")
    async with AsyncExitStack() as stack:
        lines = [
            await stack.enter_async_context(media.line(len(body))) for media, body in zip(both, bodies, strict=True)
        ]
        for line, body in zip(lines, bodies, strict=True):
            await line.write(body[:-30])
        await eventually(lambda: both[0].store.count("uploads") == before + 2)
        await asyncio.gather(*(line.write(body[-30:]) for line, body in zip(lines, bodies, strict=True)))
        return sorted(await asyncio.gather(*(line.status() for line in lines)))


async def remove_all(media: Gallery) -> None:
    for path in await media.list_of("Ada"):
        assert (await media.request("Ada", "DELETE", path)).status_code == 204


def one_text(data: bytes) -> bytes:
    """A form whose text is there before its end, which is an empty file."""
    return form(part(data, "a.txt"), part(b"", "b.txt"))


async def test_the_quota_of_bytes_holds(galleries: Galleries) -> None:
    async with pair(galleries, stored_bytes_per_person=1000) as both:
        for _ in range(ROUNDS):
            assert await ended_at_once(both, one_text(b"x" * 600), one_text(b"y" * 600)) == [200, 413]
            await remove_all(both[0])


async def test_the_quota_of_files_holds(galleries: Galleries) -> None:
    async with pair(galleries, stored_files_per_person=3) as both:
        for _ in range(ROUNDS):
            assert await ended_at_once(both, one_text(b"x"), one_text(b"y")) == [200, 413]
            await remove_all(both[0])


async def test_so_many_unfinished_uploads_and_no_more(both: Pair) -> None:
    for _ in range(ROUNDS):
        senders = [Sender(media) for media in both for _ in range(OPEN_MAX)]
        answers = await asyncio.gather(*(sender.begin(4) for sender in senders))
        assert sorted(answer.status_code for answer in answers) == [201] * OPEN_MAX + [429] * OPEN_MAX
        for answer in answers:
            if answer.is_success:
                await both[1].request("Ada", "DELETE", answer.headers["location"], headers=TUS)


async def test_the_same_bytes_at_once_are_kept_once(both: Pair) -> None:
    for number in range(ROUNDS):
        data = f"These are the bytes {number}.".encode()
        assert await ended_at_once(both, one_text(data), one_text(data)) == [200, 200]
        listed = (await both[0].get("Ada", "/api/files")).json()
        assert (len(listed["files"]), listed["used_bytes"]) == (4, len(data))
        await remove_all(both[1])


async def test_what_is_sent_again_while_it_is_removed_is_there(both: Pair) -> None:
    first, second = both
    body = one_text(b"Hello there!")
    for _ in range(ROUNDS):
        assert (await first.send(body)).is_success
        paths = await first.list_of("Ada")
        async with second.line(len(body)) as line:
            await line.write(body[:-30])
            await eventually(lambda: first.store.count("uploads") == 3)
            removing = [asyncio.create_task(first.request("Ada", "DELETE", path)) for path in paths]
            await line.write(body[-30:])
            assert await line.status() == 200
            assert [answer.status_code for answer in await asyncio.gather(*removing)] == [204, 204]
        contents = [(await first.get("Ada", path)).content for path in await second.list_of("Ada")]
        assert sorted(contents) == [b"", b"Hello there!"]
        await remove_all(second)


async def test_two_parts_at_one_offset_do_not_mix(both: Pair) -> None:
    """A client whose connection broke goes on at another instance, before the first has noticed."""
    size = 4 * PIECE_BYTES
    for _ in range(ROUNDS):
        path = await Sender(both[0]).location(size)
        parts = [letter * size for letter in (b"a", b"b")]
        answers = await asyncio.gather(
            *(Sender(media).append(path, 0, data) for media, data in zip(both, parts, strict=True))
        )
        assert {204} <= {answer.status_code for answer in answers} <= {204, 409}
        (winner,) = [data for answer, data in zip(answers, parts, strict=True) if answer.status_code == 204]
        file = (await Sender(both[1]).outcome(path)).json()
        assert (await both[1].get("Ada", file["url"])).content == winner
        await remove_all(both[0])


async def test_a_part_is_sent_where_the_last_one_was_not(both: Pair) -> None:
    ada, elsewhere = (Sender(media) for media in both)
    path = await ada.location(PIECE_BYTES + 9)
    await ada.append(path, 0, b"a" * 9)
    assert await elsewhere.offset(path) == 9
    assert code(await elsewhere.append(path, 0, b"b")) == (409, "wrong_offset")
    await elsewhere.append(path, 9, b"b" * PIECE_BYTES)
    file = (await ada.outcome(path)).json()
    assert (await elsewhere.media.get("Ada", file["url"])).content == b"a" * 9 + b"b" * PIECE_BYTES


async def test_a_start_leaves_alone_what_another_instance_is_receiving(galleries: Galleries) -> None:
    body = one_text(b"Hello there!")
    async with galleries() as first:
        path = await Sender(first).location(8)
        await Sender(first).append(path, 0, b"1234")
        async with first.line(len(body)) as line:
            await line.write(body[:-30])
            await eventually(lambda: first.store.count("uploads") == 1)
            leave_something_old(first)
            async with galleries(beside=first) as second:
                await eventually(lambda: first.store.count("blobs WHERE begun_at = 0") == 0)  # by a start
                await Sender(second).append(path, 4, b"5678")
                assert (await Sender(second).outcome(path)).json()["size"] == 8
            await line.write(body[-30:])
            assert await line.status() == 200


def leave_something_old(media: Gallery) -> None:
    with media.store.opened() as store:
        store.execute("INSERT INTO blobs (owner, size, place, kept, begun_at) VALUES ('Ada', 9, 'pieces', 0, 0)")


async def test_removals_are_listed_in_the_order_of_their_commits(both: Pair) -> None:
    """Whoever follows the list never sees a number before a lower one."""
    path = await both[0].keep()
    with both[0].store.opened() as other:
        other.execute("INSERT INTO removals (file_id) VALUES ('another')")
        removing = asyncio.create_task(both[1].request("Ada", "DELETE", path))
        await eventually(lambda: both[0].store.count("pg_locks WHERE NOT granted") > 0)
        assert await removed(both[0]) == []
    assert (await removing).status_code == 204
    assert await removed(both[0]) == [(1, "another"), (2, path.rpartition("/")[2])]


async def removed(media: Gallery) -> list[tuple[int, str]]:
    return [(one["number"], one["id"]) for one in (await media.get("", "/internal/removed-files")).json()["removed"]]
