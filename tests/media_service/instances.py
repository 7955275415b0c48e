"""What each of several instances has for uploads, on one store."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

from media_service.actions.resumable_uploads import ResumableUploads
from media_service.actions.uploads import Uploads
from media_service.domain.files import KeptLimits, ProcessedFile
from media_service.file_processor import FileProcessor
from media_service.pictures import Pictures
from media_service.sent_file import SentFile
from media_service.store import ResumableUploadStore, UploadStore
from servicekit.database import Database
from servicekit.token_buckets import TokenBuckets
from tests.clock import Clock

LIMITS = KeptLimits(bytes_max=1_000_000, files_max=100)


class CountingProcessor(FileProcessor):
    """Takes its time, and counts."""

    def __init__(self, may_go_on: asyncio.Event) -> None:
        self.pictures = Pictures(pixels_max=1_000_000, picture_s_max=10)
        super().__init__(pictures=self.pictures, picture_bytes_max=1_000_000)
        self._may_go_on = may_go_on
        self.taken = 0
        self.fault: Exception | None = None

    async def take(self, sent: SentFile) -> ProcessedFile:
        self.taken += 1
        await self._may_go_on.wait()
        if self.fault is not None:
            raise self.fault
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
                pull_orphaned_files=nothing_new,
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


async def nothing_new() -> None: ...


async def body(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def send_whole(instance: Instance) -> str:
    """The id of an upload all of whose bytes are here."""
    upload = await instance.resumable.begin("Ada", filename="a.txt", content_type="", length=4)
    await instance.resumable.append("Ada", upload.id, 0, body(b"text"))
    return upload.id


async def has_become_file(instance: Instance, upload_id: str) -> bool:
    return (await instance.resumable.get("Ada", upload_id)).file_id is not None
