"""Media: asks the media service about files, over HTTP."""

from collections.abc import Sequence

import httpx
import msgspec

from chat_service.domain.attachments import Attachment
from chat_service.domain.refusals import MediaUnavailable
from servicekit.numbered_lists import Page, PageBody
from servicekit.peers import Peer, PeerAway

REMOVALS_NEWS = "removed-files"


class Removal(msgspec.Struct, frozen=True):
    """A file that is gone."""

    number: int
    id: str


class _Owned(msgspec.Struct, frozen=True):
    files: list[Attachment]


class _Removals(PageBody, frozen=True, kw_only=True):
    removed: list[Removal]


class Media:
    def __init__(self, *, http: httpx.AsyncClient, media_url: str) -> None:
        self._media = Peer(http, media_url)

    async def owned(self, owner: str, file_ids: Sequence[str]) -> dict[str, Attachment]:
        """Those of the files that the person owns, by id. Raises MediaUnavailable."""
        try:
            owned = await self._media.read("/internal/files", _Owned, owner=owner, id=file_ids)
        except PeerAway:
            raise MediaUnavailable from None
        return {file.id: file for file in owned.files}

    async def removals_after(self, number: int) -> Page[Removal]:
        """Raises ConnectionError."""
        body = await self._media.read_page("/internal/removed-files", _Removals, after=number)
        return body.page(body.removed)
