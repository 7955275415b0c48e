"""Media: asks the media service about files, over HTTP."""

from collections.abc import Sequence

import httpx
import msgspec

from chat_service.domain.attachments import Attachment
from chat_service.domain.refusals import MediaUnavailable
from servicekit.following import Page, Told, read_page

REMOVALS_NEWS = "removed-files"


class Removal(msgspec.Struct, frozen=True):
    """A file that is gone."""

    number: int
    id: str


class _Owned(msgspec.Struct, frozen=True):
    files: list[Attachment]


class _Removals(Told, frozen=True, kw_only=True):
    removed: list[Removal]


class Media:
    def __init__(self, *, http: httpx.AsyncClient, media_url: str) -> None:
        self._http = http
        self._url = media_url.rstrip("/")

    async def owned(self, owner: str, file_ids: Sequence[str]) -> dict[str, Attachment]:
        """Those of the files that the person owns, by id. Raises MediaUnavailable."""
        try:
            answer = await self._http.get(f"{self._url}/internal/files", params={"owner": owner, "id": file_ids})
            answer.raise_for_status()
            found = msgspec.json.decode(answer.content, type=_Owned).files
        except (httpx.HTTPError, msgspec.MsgspecError):
            raise MediaUnavailable from None
        return {file.id: file for file in found}

    async def removals_after(self, number: int) -> Page[Removal]:
        """Raises ConnectionError."""
        told = await read_page(self._http, f"{self._url}/internal/removed-files", number, _Removals)
        return told.page(told.removed)
