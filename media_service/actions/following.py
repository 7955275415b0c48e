"""Following: what the neighbours tell about pictures, taken over."""

from collections.abc import Sequence

from media_service.actions.files import Files
from media_service.neighbours import Neighbours, Profile, Release
from media_service.store import AvatarStore, Store
from servicekit.following import Follower, KnownStores

_PROFILES, _RELEASES = "profiles", "releases"


def follow_profiles(
    store: Store, avatars: AvatarStore, neighbours: Neighbours, files: Files, known_stores: KnownStores
) -> Follower[Profile]:
    """Keep where everybody's picture is, and nothing of those who have erased their account."""

    async def take(profiles: Sequence[Profile]) -> None:
        await avatars.put_avatars({profile.username: profile.pfp for profile in profiles})
        for profile in profiles:
            if profile.erased:
                await files.let_go_all_of(profile.username)
        await store.put_followed(_PROFILES, profiles[-1].version)

    return Follower(
        name=_PROFILES,
        known_stores=known_stores,
        list_after=neighbours.profiles_after,
        position=lambda: store.followed(_PROFILES),
        restart=lambda: store.put_followed(_PROFILES, 0),
        take=take,
    )


def follow_releases(
    store: Store,
    avatars: AvatarStore,
    neighbours: Neighbours,
    files: Files,
    profiles: Follower[Profile],
    known_stores: KnownStores,
) -> Follower[Release]:
    """Let go what no message shows any more, unless it is its owner's avatar."""

    async def take(releases: Sequence[Release]) -> None:
        await profiles.pull()  # or a picture that has become one a moment ago would be lost
        await files.let_go([release.file_id for release in releases if not await avatars.is_avatar(release.file_id)])
        await store.put_followed(_RELEASES, releases[-1].number)

    return Follower(
        name=_RELEASES,
        known_stores=known_stores,
        list_after=neighbours.releases_after,
        position=lambda: store.followed(_RELEASES),
        restart=lambda: store.put_followed(_RELEASES, 0),
        take=take,
    )
