"""Avatars: the picture of a person for whoever is signed in, wherever it is."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

import msgspec

from media_service.actions.files import Files
from media_service.actions.remote_pictures import RemotePictures
from media_service.domain.files import File, file_id_in
from media_service.domain.refusals import UnknownAvatar, UnknownFile
from media_service.store import AvatarStore
from servicekit.etags import version_of
from servicekit.web_addresses import leads_elsewhere


class Elsewhere(msgspec.Struct, frozen=True):
    """The reader's browser is to ask there itself."""

    address: str


class Avatars:
    """`remote` says what becomes of pictures of other hosts: fetched here, left to browsers, or not shown."""

    def __init__(
        self,
        *,
        store: AvatarStore,
        files: Files,
        remote_pictures: RemotePictures,
        pull_profiles: Callable[[], Awaitable[None]],
        remote: Literal["proxy", "direct", "off"],
    ) -> None:
        self._store = store
        self._files = files
        self._remote_pictures = remote_pictures
        self._pull_profiles = pull_profiles
        self._remote = remote

    async def get(self, reader: str, username: str, *, version: str, own_host: str) -> File | bytes | Elsewhere:
        """A file of ours, a small WebP, or where to ask.

        `version` is that of the address which the reader knows (`version_of`), or empty. An address at `own_host` is
        not followed: it was given when another name was ours. Raises UnknownAvatar or ChatAway.
        """
        address = await self._address(username, version)
        if (file_id := file_id_in(address)) is not None:
            with suppress(UnknownFile):
                file = await self._files.get(reader, file_id)
                if file.has_thumbnail:
                    return file
        elif self._remote == "direct" and leads_elsewhere(address, own_host=own_host):
            return Elsewhere(address)
        elif self._remote == "proxy":
            picture = await self._remote_pictures.find(address, reader=reader, owner=username.lower())
            if picture is not None:
                return picture
        raise UnknownAvatar

    async def _address(self, username: str, version: str) -> str:
        """Raises UnknownAvatar."""
        known = await self._store.find_avatar(username)
        if known is None or version not in {"", version_of(known)}:  # it may have changed a moment ago
            with suppress(ConnectionError):  # without auth, what is known has to do
                await self._pull_profiles()
            known = await self._store.find_avatar(username)
        if known is None:
            raise UnknownAvatar
        return known
