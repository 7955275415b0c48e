"""Uploads: the files of a request become kept pictures, all of them or none."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from weakref import WeakValueDictionary

from media_service.domain.files import File
from media_service.domain.refusals import NoFiles
from media_service.pictures import Pictures
from media_service.sent_file import SentFile
from media_service.store import FileStore, NewFile
from servicekit.times import rfc3339

FILES_KEPT_MAX = 10_000
_ID_BYTES = 16


class Uploads:
    def __init__(
        self,
        *,
        store: FileStore,
        pictures: Pictures,
        pull_orphaned_files: Callable[[], Awaitable[None]],
        quota_bytes: int,
        files_max: int = FILES_KEPT_MAX,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._pull_orphaned_files = pull_orphaned_files
        self._pictures = pictures
        self._quota_bytes = quota_bytes
        self._files_max = files_max
        self._clock = clock
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # held by whoever is in line

    async def take(self, owner: str, files: AsyncIterator[SentFile]) -> list[File]:
        """Keep them. Raises a MediaRefusal, and then none is kept.

        One of a person's is worked on at a time, and waits on disk until then: what is in memory does not grow with
        the request, and who sends many at once holds nobody else up.
        """
        upload_id = secrets.token_hex(8)
        try:
            await self._put(upload_id, owner, files)
            with suppress(ConnectionError):  # without chat, what is known has to do
                await self._pull_orphaned_files()  # an earlier copy among them would take this one along, the same file
            return await self._store.finish(upload_id, owner, quota_bytes=self._quota_bytes, files_max=self._files_max)
        except BaseException:
            await asyncio.shield(self._store.abandon(upload_id))
            raise

    async def _put(self, upload_id: str, owner: str, files: AsyncIterator[SentFile]) -> None:
        is_empty = True
        async for file in files:
            is_empty = False
            await self._store.put(upload_id, await self._made(owner, file))
        if is_empty:
            raise NoFiles

    async def _made(self, owner: str, file: SentFile) -> NewFile:
        turn = self._turns.setdefault(owner, asyncio.Lock())
        async with turn:
            picture = await self._pictures.take(file.filename, file.read)
        return NewFile(
            id=secrets.token_urlsafe(_ID_BYTES),
            owner=owner,
            filename=file.filename,
            sha256=hashlib.sha256(picture.data).hexdigest(),
            created_at=rfc3339(self._clock()),
            picture=picture,
        )
