"""Resumable uploads: parts are kept as they come; when all are here, the file is checked as every other (tus 1.0)."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, closing, suppress
from time import monotonic

from media_service.actions.uploads import Uploads
from media_service.domain.filenames import clean_filename
from media_service.domain.files import PIECE_BYTES, KeptLimits
from media_service.domain.refusals import (
    CannotCheck,
    FileTooLarge,
    MediaRefusal,
    UnknownUpload,
    UploadBusy,
    WrongOffset,
)
from media_service.domain.resumable_uploads import ResumableUpload
from media_service.sent_file import SentFile
from media_service.store import ResumableUploadStore
from servicekit.database import DatabaseError
from servicekit.logs import get_logger
from servicekit.problems import Refusal
from servicekit.token_buckets import TokenBuckets

OPEN_MAX = 5  # of one person
# A part costs the disk the whole piece in which it begins, however small it is: so small ones of one person, and what
# is begun, come at a pace. What is over it waits.
SMALL_PART_BYTES_MAX = PIECE_BYTES // 8
SMALL_PARTS_PER_SECOND = 5.0
SMALL_PARTS_BURST = 30
LIFETIME_S = 24 * 3600
CHECKS_MAX = 5  # that came to nothing, by a fault of ours or a kill: the file may be what brings that about
CHECK_S = 10.0  # for so long a check that is not prolonged is taken to go on; of a killed instance, say
_ID_BYTES = 16
log = get_logger(__name__)


class ResumableUploads:
    def __init__(
        self,
        *,
        store: ResumableUploadStore,
        uploads: Uploads,
        limits: KeptLimits,
        file_bytes_max: int,
        as_problem: Callable[[Refusal], bytes],
        clock: Callable[[], float],
        small_parts: TokenBuckets | None = None,
    ) -> None:
        """`as_problem` gives a refusal as it will be told to whoever asks what became of the upload."""
        self._small_parts = small_parts or TokenBuckets(per_second=SMALL_PARTS_PER_SECOND, burst=SMALL_PARTS_BURST)
        self._store = store
        self._uploads = uploads
        self._limits = limits
        self._file_bytes_max = file_bytes_max
        self._as_problem = as_problem
        self._clock = clock
        self._sending: set[str] = set()
        self._checks: dict[str, asyncio.Task[None]] = {}

    async def begin(
        self, owner: str, *, filename: str, content_type: str, length: int, metadata: str = ""
    ) -> ResumableUpload:
        """Raises FileTooLarge, TooManyUploads or QuotaExceeded."""
        name = clean_filename(filename)
        if length > self._file_bytes_max:
            raise FileTooLarge(name, self._file_bytes_max)
        await self._wait_for_turn(owner)
        now_s = self._clock()
        new = ResumableUpload(
            id=secrets.token_urlsafe(_ID_BYTES),
            owner=owner,
            filename=name,
            content_type=content_type,
            metadata=metadata,
            length=length,
            received=0,
            blob=None,
            expires_at=now_s + LIFETIME_S,
        )
        await self._store.begin(new, quota_bytes=self._limits.bytes_max, open_max=OPEN_MAX, now_s=now_s)
        self._check(new)
        return new

    async def get(self, owner: str, upload_id: str) -> ResumableUpload:
        """Raises UnknownUpload, for others' too."""
        upload = await self._store.find(upload_id, now_s=self._clock())
        if upload is None or upload.owner != owner:
            raise UnknownUpload
        return upload

    async def append(self, owner: str, upload_id: str, offset: int, body: AsyncIterator[bytes]) -> ResumableUpload:
        """Keep what comes, also where the body breaks off. Raises WrongOffset, UploadBusy or UnknownUpload."""
        if upload_id in self._sending:
            raise UploadBusy
        self._sending.add(upload_id)
        try:
            upload = await self.get(owner, upload_id)
            if offset != upload.received:
                raise WrongOffset(upload.received)
            await self._wait_for_turn(owner)
            try:
                await self._keep(upload, body)
            finally:  # however the body ended
                upload = await self._store.find(upload_id, now_s=self._clock()) or upload
                self._check(upload)
            if upload.received - offset > SMALL_PART_BYTES_MAX:
                self._small_parts.give_back(owner)
        finally:
            self._sending.discard(upload_id)
        return upload

    async def _wait_for_turn(self, owner: str) -> None:
        while not self._small_parts.take(owner, monotonic()):  # noqa: ASYNC110 - it is time alone that it waits for
            await asyncio.sleep(1 / SMALL_PARTS_PER_SECOND)

    async def _keep(self, upload: ResumableUpload, body: AsyncIterator[bytes]) -> None:
        """Raises FileTooLarge where more comes than was announced."""
        received, held = upload.received, bytearray()
        try:
            async for piece in body:
                if received + len(held) + len(piece) > upload.length:
                    raise FileTooLarge(upload.filename, upload.length)
                held += piece
                while len(held) >= (room := PIECE_BYTES - received % PIECE_BYTES):
                    received = await self._store.append(upload.id, received, bytes(held[:room]))
                    del held[:room]
        finally:  # what a client sent before it went away need not come again
            if held:
                await asyncio.shield(self._store.append(upload.id, received, bytes(held)))

    async def remove(self, owner: str, upload_id: str) -> None:
        """Raises UnknownUpload, for others' and for what has become a file too."""
        if (await self.get(owner, upload_id)).is_over:
            raise UnknownUpload
        await self._store.remove(upload_id)

    # When all of it is here

    async def go_on(self) -> None:
        """Forget what took too long, and check what is whole and nobody is checking: since a kill, say."""
        await self._store.remove_expired(self._clock())
        for upload in await self._store.unchecked(self._clock()):
            self._check(upload)

    async def aclose(self) -> None:
        """What is being checked is checked again after the next start."""
        checks = list(self._checks.values())
        for check in checks:
            check.cancel()
        await asyncio.gather(*checks, return_exceptions=True)

    def _check(self, upload: ResumableUpload) -> None:
        """Begin to, if all of it is here and nobody has."""
        if upload.is_whole and not upload.is_over and upload.id not in self._checks:
            check = self._checks[upload.id] = asyncio.create_task(self._become_file(upload))
            check.add_done_callback(lambda _: self._checks.pop(upload.id, None))

    async def _become_file(self, upload: ResumableUpload) -> None:
        try:
            now_s = self._clock()
            checks = await self._store.begin_check(upload.id, now_s=now_s, until_s=now_s + CHECK_S)
            if checks > CHECKS_MAX:
                await self._store.refuse(upload.id, self._as_problem(CannotCheck(upload.filename)))
            elif checks:
                await self._check_alone(upload)
        except Refusal:
            pass  # the store has said why, or more of this person's is under way than may be: it is tried again
        except Exception:  # of whatever kind: so it is, too
            log.exception("an upload cannot be checked")

    async def _check_alone(self, upload: ResumableUpload) -> None:
        """Of all instances; two would not spoil it, but work for nothing."""
        prolonging = asyncio.create_task(self._prolong(upload.id))
        try:
            with suppress(UnknownUpload):  # its sender has taken it back
                await self._take_or_refuse(upload)
        except BaseException as error:
            with suppress(DatabaseError):
                await self._store.end_check(upload.id, counts=not isinstance(error, asyncio.CancelledError | Refusal))
            raise
        finally:
            prolonging.cancel()

    async def _prolong(self, upload_id: str) -> None:
        while True:
            await asyncio.sleep(CHECK_S / 3)
            with suppress(DatabaseError):
                await self._store.prolong_check(upload_id, self._clock() + CHECK_S)

    async def _take_or_refuse(self, upload: ResumableUpload) -> None:
        try:
            async with aclosing(self._sent(upload)) as files:
                await self._uploads.take(upload.owner, files, resumable_id=upload.id)
        except UnknownUpload:
            raise
        except MediaRefusal as refusal:
            await self._store.refuse(upload.id, self._as_problem(refusal))

    async def _sent(self, upload: ResumableUpload) -> AsyncGenerator[SentFile]:
        with closing(SentFile(upload.filename, upload.content_type)) as file:
            for number in range(-(-upload.length // PIECE_BYTES)):
                piece = await self._store.piece(upload.blob or 0, number)
                file.write(piece)
            yield file
