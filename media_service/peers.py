"""Peers: what the auth and the chat service know of files."""

import msgspec

from media_service.domain.refusals import ChatAway
from servicekit.numbered_lists import Page, PageBody
from servicekit.peers import Peer, PeerAway

PROFILES_CHANNEL, ORPHANED_FILES_CHANNEL, DELETED_FILES_CHANNEL = "profiles", "released-files", "removed-files"
ORDERS_CHANNEL = "orders"
END_UPLOADS = "end_uploads"


class Profile(msgspec.Struct, frozen=True):
    """Whose picture is which, at its `version`; or that the account is gone."""

    username: str
    pfp: str | None
    version: int
    erased: bool = False


class OrphanedFile(msgspec.Struct, frozen=True):
    """A file that no message shows any more."""

    number: int
    file_id: str


class Order(msgspec.Struct, frozen=True):
    """What the auth service wants done about somebody; chat carries out other kinds. `until` is a time."""

    number: int
    kind: str
    username: str
    until: str


class _Orders(PageBody, frozen=True, kw_only=True):
    orders: list[Order]


class _Profiles(PageBody, frozen=True, kw_only=True):
    profiles: list[Profile]


class _OrphanedFiles(PageBody, frozen=True, kw_only=True):
    released: list[OrphanedFile]


class Peers:
    def __init__(self, *, auth: Peer, chat: Peer) -> None:
        self._auth = auth
        self._chat = chat

    async def may_see(self, username: str, file_id: str) -> bool:
        """Whether the file was posted in a conversation that they are in. Raises ChatAway."""
        try:
            response = await self._chat.get(f"/internal/attachments/{file_id}", reader=username)
        except PeerAway:
            raise ChatAway from None
        if response.status_code not in {204, 404}:
            raise ChatAway
        return response.status_code == 204

    async def profiles_after(self, version: int) -> Page[Profile]:
        """Raises PeerAway."""
        body = await self._auth.read_page("/internal/profiles", _Profiles, after=version)
        return body.page(body.profiles)

    async def orders_after(self, number: int) -> Page[Order]:
        """Raises PeerAway."""
        body = await self._auth.read_page("/internal/orders", _Orders, after=number)
        return body.page(body.orders)

    async def orphaned_files_after(self, number: int) -> Page[OrphanedFile]:
        """Raises PeerAway."""
        body = await self._chat.read_page("/internal/released-files", _OrphanedFiles, after=number)
        return body.page(body.released)
