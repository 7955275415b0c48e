"""Attaching: which files a message may show, and following what becomes of them."""

from collections.abc import Sequence

from chat_service.domain.attachments import Attachment, OrphanedFile
from chat_service.domain.refusals import UnknownAttachment
from chat_service.peers import DeletedFile, Peers
from chat_service.store.attachments import Attachments as AttachmentStore
from servicekit.list_replica import KnownStores, ListReplica


class Attachments:
    def __init__(self, *, store: AttachmentStore, peers: Peers) -> None:
        self._store = store
        self._peers = peers

    async def get(self, owner: str, file_ids: Sequence[str]) -> tuple[Attachment, ...]:
        """Files that the person owns, in that order. Raises UnknownAttachment or MediaUnavailable."""
        owned = await self._peers.owned_files(owner, file_ids)
        if not owned.keys() >= set(file_ids):
            raise UnknownAttachment
        return tuple(owned[file_id] for file_id in dict.fromkeys(file_ids))

    async def may_see(self, username: str, file_id: str) -> bool:
        return await self._store.may_see(username, file_id)

    async def orphaned_after(self, number: int, limit: int) -> list[OrphanedFile]:
        return await self._store.orphaned_after(number, limit)

    def follow_deleted_files(self, known_stores: KnownStores) -> ListReplica[DeletedFile]:
        """No message shows a file that its owner has removed."""

        async def take(deleted: Sequence[DeletedFile]) -> None:
            await self._store.remove([file.id for file in deleted], deleted[-1].number)

        return ListReplica(
            name="removals",
            known_stores=known_stores,
            list_after=self._peers.files_deleted_after,
            position=self._store.deleted_files_followed,
            restart=lambda: self._store.remove([], 0),
            take=take,
        )
