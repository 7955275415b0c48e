"""Peers: what the auth service knows of people, and the media service of files."""

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from chat_service.domain.attachments import Attachment
from chat_service.domain.link_cards import Page as LinkedPage
from chat_service.domain.people import Person
from chat_service.domain.refusals import MediaUnavailable
from servicekit.numbered_lists import Page, PageBody
from servicekit.peers import Peer, PeerAway
from servicekit.problems import Unavailable

PROFILES_CHANNEL, DELETED_FILES_CHANNEL, ORDERS_CHANNEL = "profiles", "removed-files", "orders"
ERASE_MESSAGES = "erase_messages"
PAGE_S_MAX = 20.0  # media asks other hosts, in turn


class DeletedFile(msgspec.Struct, frozen=True):
    number: int
    id: str


class Order(msgspec.Struct, frozen=True):
    """What the auth service wants done about somebody; media carries out other kinds. `until` is a time."""

    number: int
    kind: str
    username: str
    until: str


class Standing(msgspec.Struct, frozen=True):
    """What somebody is in the community now."""

    role: str
    banned: bool

    @property
    def moderates(self) -> bool:
        return self.role in {"moderator", "owner"} and not self.banned


class _Orders(PageBody, frozen=True, kw_only=True):
    orders: list[Order]


class _Profiles(PageBody, frozen=True, kw_only=True):
    profiles: list[Person]


class _Owned(msgspec.Struct, frozen=True):
    files: list[Attachment]


class _LinkCard(msgspec.Struct, frozen=True):
    card: LinkedPage | None


class _DeletedFiles(PageBody, frozen=True, kw_only=True):
    removed: list[DeletedFile]


class Peers:
    def __init__(self, *, auth: Peer, media: Peer) -> None:
        self._auth = auth
        self._media = media

    async def profiles_after(self, version: int) -> Page[Person]:
        """In the order in which they changed. Raises ConnectionError."""
        body = await self._auth.read_page("/internal/profiles", _Profiles, after=version)
        return body.page(body.profiles)

    async def orders_after(self, number: int) -> Page[Order]:
        """Raises ConnectionError."""
        body = await self._auth.read_page("/internal/orders", _Orders, after=number)
        return body.page(body.orders)

    async def standing(self, username: str) -> Standing:
        """As the auth service knows it now, not as it was copied. Raises Unavailable."""
        try:
            return await self._auth.read(f"/internal/roles/{quote(username, safe='')}", Standing)
        except PeerAway:
            raise Unavailable("Whether you may do this cannot be known now.") from None

    async def owned_files(self, owner: str, file_ids: Sequence[str]) -> dict[str, Attachment]:
        """Those of the files that the person owns, by id. Raises MediaUnavailable."""
        try:
            owned = await self._media.read("/internal/files", _Owned, owner=owner, id=file_ids)
        except PeerAway:
            raise MediaUnavailable from None
        return {file.id: file for file in owned.files}

    async def page(self, url: str) -> LinkedPage | None:
        """What it says of itself; None where that is nothing. Raises MediaUnavailable."""
        try:
            found = await self._media.read("/internal/link-card", _LinkCard, within_s=PAGE_S_MAX, url=url)
        except PeerAway:
            raise MediaUnavailable from None
        return found.card

    async def files_deleted_after(self, number: int) -> Page[DeletedFile]:
        """Raises ConnectionError."""
        body = await self._media.read_page("/internal/removed-files", _DeletedFiles, after=number)
        return body.page(body.removed)
