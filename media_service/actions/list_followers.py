"""Replicas: what other services list about pictures, and what follows from it here."""

from collections.abc import Sequence

from media_service.actions.files import Files
from media_service.peers import OrphanedFile, Peers, Profile
from media_service.store import AvatarStore, FileStore
from servicekit.list_replica import KnownStores, ListReplica

_PROFILES, _ORPHANED_FILES = "profiles", "releases"


def copy_profiles(
    store: FileStore, avatars: AvatarStore, peers: Peers, files: Files, known_stores: KnownStores
) -> ListReplica[Profile]:
    """Keep where everybody's picture is, and nothing of those who have erased their account."""

    async def take(profiles: Sequence[Profile]) -> None:
        await avatars.put_avatars({profile.username: profile.pfp for profile in profiles})
        for profile in profiles:
            if profile.erased:
                await files.erase(profile.username)
        await store.put_list_position(_PROFILES, profiles[-1].version)

    return ListReplica(
        name=_PROFILES,
        known_stores=known_stores,
        list_after=peers.profiles_after,
        position=lambda: store.list_position(_PROFILES),
        restart=lambda: store.put_list_position(_PROFILES, 0),
        take=take,
    )


def copy_orphaned_files(
    store: FileStore,
    avatars: AvatarStore,
    peers: Peers,
    files: Files,
    profiles: ListReplica[Profile],
    known_stores: KnownStores,
) -> ListReplica[OrphanedFile]:
    """Delete what no message shows any more, unless it is its owner's avatar."""

    async def take(orphaned_files: Sequence[OrphanedFile]) -> None:
        await profiles.pull()  # or a picture that has become one a moment ago would be lost
        await files.delete([one.file_id for one in orphaned_files if not await avatars.is_avatar(one.file_id)])
        await store.put_list_position(_ORPHANED_FILES, orphaned_files[-1].number)

    return ListReplica(
        name=_ORPHANED_FILES,
        known_stores=known_stores,
        list_after=peers.orphaned_files_after,
        position=lambda: store.list_position(_ORPHANED_FILES),
        restart=lambda: store.put_list_position(_ORPHANED_FILES, 0),
        take=take,
    )
