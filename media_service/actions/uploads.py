"""Uploads: the files of a request become kept files, all of them or none."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing, suppress
from weakref import WeakValueDictionary

from media_service.domain.filenames import named_for
from media_service.domain.files import File, KeptLimits
from media_service.domain.refusals import FileRefusal, NoFiles, QuotaExceeded
from media_service.file_processor import FileProcessor
from media_service.sent_file import SentFile
from media_service.store import NewUpload, UploadStore
from servicekit.problems import TooManyAtOnce
from servicekit.times import rfc3339

FORMS_AT_ONCE_MAX = 32  # of one person
_ID_BYTES = 16


class Uploads:
    def __init__(
        self,
        *,
        store: UploadStore,
        processor: FileProcessor,
        pull_orphaned_files: Callable[[], Awaitable[None]],
        limits: KeptLimits,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._pull_orphaned_files = pull_orphaned_files
        self._processor = processor
        self._limits = limits
        self._clock = clock
        self._forms: Counter[str] = Counter()
        self._coming_bytes: Counter[str] = Counter()  # of a person's, in the store and not finished
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # held by whoever is in line

    async def take(self, owner: str, files: AsyncIterator[SentFile], *, resumable_id: str = "") -> list[File]:
        """Keep them. Raises a MediaRefusal or TooManyAtOnce, and then none is kept.

        One of a person's is worked on at a time, and waits on disk until then: what is in memory does not grow with
        the request, and who sends many at once holds nobody else up. `resumable_id` is that of the resumable upload
        whose file this is; it ends in the same moment.
        """
        if self._forms[owner] >= FORMS_AT_ONCE_MAX:
            raise TooManyAtOnce(FORMS_AT_ONCE_MAX)
        self._forms[owner] += 1
        sizes: dict[str, int] = {}  # by SHA-256
        request_id = secrets.token_hex(8)
        try:
            await self._put(request_id, owner, files, sizes)
            with suppress(ConnectionError):  # without chat, what is known has to do
                await self._pull_orphaned_files()
            return await self._store.finish(
                request_id, owner, self._limits, now_s=self._clock(), resumable_id=resumable_id
            )
        except BaseException:
            await asyncio.shield(self._store.abandon(request_id))
            raise
        finally:
            self._forms -= Counter({owner: 1})  # which keeps none that is 0
            self._coming_bytes -= Counter({owner: sum(sizes.values())})

    async def _put(self, request_id: str, owner: str, files: AsyncIterator[SentFile], sizes: dict[str, int]) -> None:
        """Look at all, so that the refusal names every bad one."""
        count, refusals = 0, list[FileRefusal]()
        async for file in files:
            count += 1
            try:
                sha256, size = await self._put_one(request_id, owner, file)
                self._coming_bytes[owner] += size - sizes.get(sha256, 0)
                sizes[sha256] = size
            except FileRefusal as refusal:
                refusals.append(refusal)
            if (coming := self._coming_bytes[owner]) > self._limits.bytes_max:  # whatever they keep already
                raise QuotaExceeded(coming, self._limits.bytes_max)
        if refusals:
            refusals[0].errors = tuple(error for refusal in refusals for error in refusal.errors)
            raise refusals[0]
        if not count:
            raise NoFiles

    async def _put_one(self, request_id: str, owner: str, file: SentFile) -> tuple[str, int]:
        """The SHA-256 and the size of what is kept of it. Raises FileRefusal."""
        if file.refusal is not None:
            raise file.refusal
        turn = self._turns.setdefault(owner, asyncio.Lock())
        async with turn:
            processed = await self._processor.take(file)
        with closing(processed.content):
            new = NewUpload(
                id=secrets.token_urlsafe(_ID_BYTES),
                owner=owner,
                filename=named_for(file.filename, processed.content_type),
                created_at=rfc3339(self._clock()),
                begun_at=self._clock(),
                file=processed,
            )
            return await self._store.put(request_id, new), processed.size
