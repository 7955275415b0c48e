"""What other services list: how far it has been followed, and what follows from it, in one transaction.

A list is taken by one instance at a time, and each entry once: what another has taken meanwhile is passed over.
"""

from collections.abc import Sequence

import msgspec

from media_service.store import avatars, blobs, files, resumable_uploads
from media_service.store.avatars import PROFILES
from servicekit.database import Connection, Database, hold
from servicekit.followed import followed, put_followed

_ORPHANED_FILES, _ORDERS = "list of orphaned files", "list of orders"


class ProfileChange(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person's picture is from now on, or that they have erased their account."""

    number: int
    username: str
    address: str | None
    is_erased: bool


class FollowedLists:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def position(self, name: str) -> int:
        """The number of the last entry of the list that was dealt with."""
        return await self._database.read(followed, name)

    async def restart(self, name: str) -> None:
        """Take all of it again."""
        await self._database.write(put_followed, name, 0)

    async def take_profiles(self, name: str, changes: Sequence[ProfileChange]) -> bool:
        """Keep where people's pictures are, and nothing of who is erased. Whether files were removed."""
        return await self._database.write(_take_profiles, name, changes)

    async def take_orphaned_files(self, name: str, file_ids: Sequence[tuple[int, str]]) -> bool:
        """Remove each, said with the number of its entry, that is not its owner's avatar. Whether there were any."""
        return await self._database.write(_take_orphaned_files, name, file_ids)

    async def take_orders(self, name: str, ended: Sequence[tuple[int, str, float]], last: int) -> None:
        """End the open uploads that these people had begun by then; the list has come to the number `last`."""
        await self._database.write(_take_orders, name, ended, last)


def _take_profiles(connection: Connection, name: str, changes: Sequence[ProfileChange]) -> bool:
    hold(connection, PROFILES)
    position = followed(connection, name)
    new = [change for change in changes if change.number > position]
    for change in new:
        if not change.is_erased:  # an account of a store that was restored is none that was erased
            connection.execute("DELETE FROM erased WHERE owner = ?", (change.username,))
        avatars.put_avatar(connection, change.username, change.address)
    erased = sorted(change.username for change in new if change.is_erased)
    has_removed = [files.erase(connection, username) for username in erased]
    if new:
        put_followed(connection, name, new[-1].number)
    return any(has_removed)


def _take_orphaned_files(connection: Connection, name: str, file_ids: Sequence[tuple[int, str]]) -> bool:
    hold(connection, _ORPHANED_FILES)
    position = followed(connection, name)
    new = [(number, file_id) for number, file_id in file_ids if number > position]
    if not new:
        return False
    put_followed(connection, name, new[-1][0])
    return files.remove(connection, [file_id for _, file_id in new if not avatars.is_avatar(connection, file_id)])


def _take_orders(connection: Connection, name: str, ended: Sequence[tuple[int, str, float]], last: int) -> None:
    hold(connection, _ORDERS)
    position = followed(connection, name)
    for number, owner, until_s in ended:
        if number > position:
            blobs.hold_owner(connection, owner)
            resumable_uploads.end_all_of(connection, owner, until_s)
    put_followed(connection, name, max(position, last))
