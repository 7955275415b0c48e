"""Files: who may see them, and letting them go."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress

from media_service.domain.files import PIECE_BYTES, File
from media_service.domain.refusals import UnknownFile
from media_service.peers import Peers
from media_service.store import AvatarStore, BlobStore, DeletedFile, FileStore

REMEMBERED_S = 2.0  # so long somebody who was removed from a room may still see its pictures, if Redis is away
REMEMBERED_MAX = 10_000


class RecentReaders:
    """Who was found to be a reader of which file a moment ago. A page asks for many pictures, and some of them twice.

    Only that they may see it is remembered: who may not may become a reader at any time, and wants to see it then.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._found_at: dict[tuple[str, str], float] = {}  # the oldest first

    def __contains__(self, pair: tuple[str, str]) -> bool:
        found_at = self._found_at.get(pair)
        return found_at is not None and 0 <= self._clock() - found_at < REMEMBERED_S

    def add(self, username: str, file_id: str) -> None:
        self._found_at.pop((username, file_id), None)
        self._found_at[username, file_id] = self._clock()
        if len(self._found_at) > REMEMBERED_MAX:
            del self._found_at[next(iter(self._found_at))]

    def forget(self) -> None:
        self._found_at.clear()


class Files:
    def __init__(
        self,
        *,
        store: FileStore,
        blobs: BlobStore,
        avatars: AvatarStore,
        peers: Peers,
        pull_profiles: Callable[[], Awaitable[None]],
        tell_of_deleted_files: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._avatars = avatars
        self._peers = peers
        self._pull_profiles = pull_profiles
        self.tell_of_deleted_files = tell_of_deleted_files
        self._recent_readers = RecentReaders(clock)

    async def get(self, username: str, file_id: str) -> File:
        """A file that the person may see: their own, an avatar, or one posted where they are.

        Raises UnknownFile, for others' too, or ChatAway.
        """
        file = await self._store.find(file_id)
        if file is None or not await self._may_see(username, file):
            raise UnknownFile
        return file

    async def _may_see(self, username: str, file: File) -> bool:
        if username == file.owner or (username, file.id) in self._recent_readers:
            return True
        if await self._avatars.is_avatar(file.id):
            return True
        if await self._peers.may_see(username, file.id):
            self._recent_readers.add(username, file.id)
            return True
        with suppress(ConnectionError):  # without auth, what is known has to do
            await self._pull_profiles()  # it may have become an avatar a moment ago
        return await self._avatars.is_avatar(file.id)

    def forget_readers(self) -> None:
        """Somebody may see less than before."""
        self._recent_readers.forget()

    async def thumbnail(self, file: File, side: int) -> bytes:
        """The WebP of that longer side. Raises UnknownFile."""
        data = await self._blobs.thumbnail(file.blob, side)
        if data is None:
            raise UnknownFile
        return data

    async def pieces(self, file: File, part: range) -> AsyncIterator[bytes]:
        """The bytes of `part`, a piece at a time; they end early where the file goes meanwhile."""
        start = part.start
        while start < part.stop:
            piece = await self._blobs.read(file.blob, start, min(PIECE_BYTES, part.stop - start))
            if not piece:
                return
            yield piece
            start += len(piece)

    async def list_of(self, owner: str, *, before: int | None, limit: int) -> list[File]:
        return await self._store.list_of(owner, before=before, limit=limit)

    async def used_bytes(self, owner: str) -> int:
        return await self._store.used_bytes(owner)

    async def used_bytes_of_each(self, owners: Sequence[str]) -> dict[str, int]:
        """By owner, without those who keep nothing."""
        return await self._store.used_bytes_of_each(owners)

    async def count(self) -> dict[str, int]:
        """All files, and the bytes that they take; for who runs the whole. Raises TookTooLong."""
        return await self._store.count()

    async def find_owned(self, owner: str, file_ids: list[str]) -> list[File]:
        return await self._store.find_owned(owner, file_ids)

    async def remove(self, owner: str, file_id: str) -> None:
        """Raises UnknownFile, for others' too."""
        file = await self._store.find(file_id)
        if file is None or file.owner != owner:
            raise UnknownFile
        if await self._store.remove([file_id]):
            self.tell_of_deleted_files()

    async def deleted_files_after(self, number: int, limit: int) -> list[DeletedFile]:
        return await self._store.deleted_files_after(number, limit)
