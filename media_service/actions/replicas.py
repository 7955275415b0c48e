"""Replicas: what other services list about pictures, and what follows from it here."""

from collections.abc import Sequence

from media_service.actions.files import Files
from media_service.peers import Peers, Profile, Release
from media_service.store import AvatarStore, Store
from servicekit.list_replica import KnownStores, ListReplica

_PROFILES, _RELEASES = "profiles", "releases"


def copy_profiles(
    store: Store, avatars: AvatarStore, peers: Peers, files: Files, known_stores: KnownStores
) -> ListReplica[Profile]:
    """Keep where everybody's picture is, and nothing of those who have erased their account."""

    async def take(profiles: Sequence[Profile]) -> None:
        await avatars.put_avatars({profile.username: profile.pfp for profile in profiles})
        for profile in profiles:
            if profile.erased:
                await files.let_go_all_of(profile.username)
        await store.put_list_position(_PROFILES, profiles[-1].version)

    return ListReplica(
        name=_PROFILES,
        known_stores=known_stores,
        list_after=peers.profiles_after,
        position=lambda: store.list_position(_PROFILES),
        restart=lambda: store.put_list_position(_PROFILES, 0),
        take=take,
    )


def copy_releases(
    store: Store,
    avatars: AvatarStore,
    peers: Peers,
    files: Files,
    profiles: ListReplica[Profile],
    known_stores: KnownStores,
) -> ListReplica[Release]:
    """Let go what no message shows any more, unless it is its owner's avatar."""

    async def take(releases: Sequence[Release]) -> None:
        await profiles.pull()  # or a picture that has become one a moment ago would be lost
        await files.let_go([release.file_id for release in releases if not await avatars.is_avatar(release.file_id)])
        await store.put_list_position(_RELEASES, releases[-1].number)

    return ListReplica(
        name=_RELEASES,
        known_stores=known_stores,
        list_after=peers.releases_after,
        position=lambda: store.list_position(_RELEASES),
        restart=lambda: store.put_list_position(_RELEASES, 0),
        take=take,
    )
