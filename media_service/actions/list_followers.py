"""Replicas: what other services list about pictures, and what follows from it here."""

from collections.abc import Sequence

from media_service.actions.files import Files
from media_service.peers import END_UPLOADS, Order, OrphanedFile, Peers, Profile
from media_service.store import FollowedLists, ProfileChange
from servicekit.list_replica import KnownStores, ListReplica
from servicekit.times import from_rfc3339

_PROFILES, _ORPHANED_FILES, _ORDERS = "profiles", "releases", "orders"


def copy_profiles(lists: FollowedLists, peers: Peers, files: Files, known_stores: KnownStores) -> ListReplica[Profile]:
    """Keep where everybody's picture is, and nothing of those who have erased their account."""

    async def take(profiles: Sequence[Profile]) -> None:
        changes = [
            ProfileChange(number=one.version, username=one.username, address=one.pfp, is_erased=one.erased)
            for one in profiles
        ]
        if await lists.take_profiles(_PROFILES, changes):
            files.tell_of_deleted_files()

    return ListReplica(
        name=_PROFILES,
        known_stores=known_stores,
        list_after=peers.profiles_after,
        position=lambda: lists.position(_PROFILES),
        restart=lambda: lists.restart(_PROFILES),
        take=take,
    )


def copy_orphaned_files(
    lists: FollowedLists,
    peers: Peers,
    files: Files,
    profiles: ListReplica[Profile],
    known_stores: KnownStores,
) -> ListReplica[OrphanedFile]:
    """Delete what no message shows any more, unless it is its owner's avatar."""

    async def take(orphaned_files: Sequence[OrphanedFile]) -> None:
        await profiles.pull()  # or a picture that has become one a moment ago would be lost
        if await lists.take_orphaned_files(_ORPHANED_FILES, [(one.number, one.file_id) for one in orphaned_files]):
            files.tell_of_deleted_files()

    return ListReplica(
        name=_ORPHANED_FILES,
        known_stores=known_stores,
        list_after=peers.orphaned_files_after,
        position=lambda: lists.position(_ORPHANED_FILES),
        restart=lambda: lists.restart(_ORPHANED_FILES),
        take=take,
    )


def follow_orders(lists: FollowedLists, peers: Peers, known_stores: KnownStores) -> ListReplica[Order]:
    """End what somebody is uploading where the auth service orders it."""

    async def take(orders: Sequence[Order]) -> None:
        ended = [(one.number, one.username, from_rfc3339(one.until)) for one in orders if one.kind == END_UPLOADS]
        await lists.take_orders(_ORDERS, ended, orders[-1].number)

    return ListReplica(
        name=_ORDERS,
        known_stores=known_stores,
        list_after=peers.orders_after,
        position=lambda: lists.position(_ORDERS),
        restart=lambda: lists.restart(_ORDERS),
        take=take,
    )
