"""Uploads that take their time or come at once: all of a form is kept or nothing, and nobody else waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

from media_service.actions.uploads import FORMS_AT_ONCE_MAX, Uploads
from media_service.app import MIGRATIONS
from media_service.domain.files import KeptLimits, ProcessedFile
from media_service.file_processor import FileProcessor
from media_service.pictures import Pictures
from media_service.sent_file import SentFile
from media_service.store import FileStore, UploadStore
from servicekit.engines import open_database
from tests.clock import NOW_S
from tests.media_service.cleaning.pictures import encoded, painted
from tests.media_service.gallery import PICTURE, Galleries, Gallery, form, part, picture
from tests.problems import code
from tests.waiting import eventually

# Time


async def test_a_body_that_comes_byte_by_byte_is_taken(media: Gallery) -> None:
    body = form(part(picture(1)), part(picture(2)))
    async with media.line(len(body)) as line:
        for at in range(len(body)):
            await line.write(body[at : at + 1])
            await asyncio.sleep(0)
        assert await line.status() == 200
    assert len(await media.list_of("Ada")) == 2


async def test_who_leaves_in_the_middle_leaves_nothing(media: Gallery) -> None:
    body = form(part(picture(1)), part(encoded(painted(size=(600, 600)), "PNG", compress_level=0)))
    async with media.line(len(body)) as line:
        await line.write(body[:-500_000])
        await eventually(lambda: media.count_rows()[0] == 1)
        line.vanish()
        await eventually(lambda: media.count_rows() == (0, 0))
    assert await media.list_of("Ada") == []


async def test_a_file_that_is_not_whole_is_there_for_nobody(media: Gallery) -> None:
    body = form(part(picture(1)), part(picture(2)))
    async with media.line(len(body)) as line:
        await line.write(body[:-30])
        await eventually(lambda: media.count_rows()[0] == 1)
        assert await media.list_of("Ada") == []
        await line.write(body[-30:])
        assert await line.status() == 200
    assert len(await media.list_of("Ada")) == 2


class SlowProcessor(FileProcessor):
    """Those that are named so take their time."""

    def __init__(self) -> None:
        self.pictures = Pictures(pixels_max=1_000_000, picture_s_max=10)
        super().__init__(pictures=self.pictures, picture_bytes_max=1_000_000)
        self.may_go_on = asyncio.Event()
        self.in_work = self.most_in_work = 0

    async def take(self, sent: SentFile) -> ProcessedFile:
        if sent.filename == "slow.png":
            self.in_work += 1
            self.most_in_work = max(self.most_in_work, self.in_work)
            await self.may_go_on.wait()
            self.in_work -= 1
        return await super().take(sent)


async def test_who_sends_many_pictures_at_once_holds_nobody_else_up(tmp_path: Path, database_url: str) -> None:
    where = f"{database_url}#media" if database_url else tmp_path / "files.db"
    async with open_database(where, MIGRATIONS) as database:
        processor = SlowProcessor()
        limits = KeptLimits(bytes_max=1_000_000, files_max=100)
        uploads = Uploads(
            store=UploadStore(database),
            processor=processor,
            pull_orphaned_files=_nothing_new,
            limits=limits,
            clock=lambda: NOW_S,
        )
        slow = [asyncio.create_task(uploads.take("Ada", sent("slow.png", picture(shade)))) for shade in range(3)]
        await eventually(lambda: processor.in_work > 0)
        await uploads.take("Linus", sent("a.png", picture(4)))
        processor.may_go_on.set()
        await asyncio.gather(*slow)
        processor.close()
        processor.pictures.close()
        assert processor.most_in_work == 1
        assert len(await FileStore(database).list_of("Ada", before=None, limit=10)) == 3


async def sent(filename: str, data: bytes) -> AsyncIterator[SentFile]:
    with closing(SentFile(filename)) as file:
        file.write(data)
        yield file


async def _nothing_new() -> None: ...


# Other kinds


async def test_a_refusal_names_every_bad_file_and_nothing_is_kept(galleries: Galleries) -> None:
    async with galleries(upload_file_bytes_max=1000) as media:
        body = form(
            part(b"text", "a.jpg"),
            part(b"fine", "b.txt"),
            part(b"x" * 1001, "c.bin"),
            part(PICTURE[: len(PICTURE) // 2], "d.png"),
        )
        answer = await media.send(body)
        assert code(answer) == (415, "not_a_picture")
        assert [error["field"] for error in answer.json()["errors"]] == ["a.jpg", "c.bin", "d.png"]
        assert media.count_rows() == (0, 0)


async def test_one_request_can_not_bring_more_than_one_may_keep(galleries: Galleries) -> None:
    async with galleries(stored_bytes_per_person=1000) as media:
        assert code(await media.send(form(part(b"x" * 600, "a.txt"), part(b"y" * 600, "b.txt")))) == (
            413,
            "quota_exceeded",
        )
        assert media.count_rows() == (0, 0)


async def test_what_comes_after_its_owner_has_erased_the_account_is_not_kept(media: Gallery) -> None:
    body = form(part(PICTURE), part(b"text", "a.txt"))
    async with media.line(len(body)) as line:
        await line.write(body[:-30])
        await eventually(lambda: media.count_rows()[0] == 1)
        media.auth.erase("Ada")
        await media.get("Grace", await media.keep("Linus"))  # it may have become an avatar: the profiles are read
        await line.write(body[-30:])
        assert await line.status() == 410
    assert media.count_rows()[0] == 1


async def test_one_person_sends_so_many_forms_at_once_and_no_more(media: Gallery) -> None:
    body = form(part(b"text", "a.txt"), part(b"text", "b.txt"))
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(media.line(len(body))) for _ in range(FORMS_AT_ONCE_MAX)]
        for line in lines:
            await line.write(body[:-30])
        await eventually(lambda: media.count_rows()[0] == FORMS_AT_ONCE_MAX)
        assert code(await media.send(form(part(b"text", "c.txt")))) == (429, "too_many_requests")
        await media.keep("Grace")
        for line in lines:
            await line.write(body[-30:])
            assert await line.status() == 200
    await media.keep()


async def test_forms_at_once_bring_no_more_together_than_one_may_keep(galleries: Galleries) -> None:
    """What is on its way counts too, or unfinished forms could fill the disk."""
    async with galleries(stored_bytes_per_person=1000) as media:
        body = form(part(b"x" * 600, "a.txt"), part(b"", "b.txt"))
        async with media.line(len(body)) as line:
            await line.write(body[:-30])
            await eventually(lambda: media.count_rows()[0] == 1)
            assert code(await media.send(form(part(b"y" * 600, "c.txt")))) == (413, "quota_exceeded")
            line.vanish()
            await eventually(lambda: media.count_rows()[0] == 0)
        assert (await media.send(form(part(b"y" * 600, "c.txt")))).status_code == 200
