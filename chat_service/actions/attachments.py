"""Attaching: which files a message may show, and following what becomes of them."""

from collections.abc import Sequence

from chat_service.domain.attachments import Attachment, Release
from chat_service.domain.refusals import UnknownAttachment
from chat_service.media import Media, Removal
from chat_service.store.attachments import Attachments as AttachmentStore
from servicekit.list_replica import KnownStores, ListReplica


class Attachments:
    def __init__(self, *, store: AttachmentStore, media: Media) -> None:
        self._store = store
        self._media = media

    async def get(self, owner: str, file_ids: Sequence[str]) -> tuple[Attachment, ...]:
        """Files that the person owns, in that order. Raises UnknownAttachment or MediaUnavailable."""
        owned = await self._media.owned(owner, file_ids)
        if not owned.keys() >= set(file_ids):
            raise UnknownAttachment
        return tuple(owned[file_id] for file_id in dict.fromkeys(file_ids))

    async def may_see(self, username: str, file_id: str) -> bool:
        return await self._store.may_see(username, file_id)

    async def releases_after(self, number: int, limit: int) -> list[Release]:
        return await self._store.releases_after(number, limit)

    def follow_removals(self, known_stores: KnownStores) -> ListReplica[Removal]:
        """No message shows a file that its owner has removed."""

        async def take(removals: Sequence[Removal]) -> None:
            await self._store.remove([removal.id for removal in removals], removals[-1].number)

        return ListReplica(
            name="removals",
            known_stores=known_stores,
            list_after=self._media.removals_after,
            position=self._store.removals_followed,
            restart=lambda: self._store.remove([], 0),
            take=take,
        )
