"""Following: what auth tells of people, taken over."""

from collections.abc import Sequence

from servicekit.following import Follower, KnownStores
from video_service.neighbours import Neighbours, Profile
from video_service.store import Store


def follow_profiles(store: Store, neighbours: Neighbours, known_stores: KnownStores) -> Follower[Profile]:
    """Keep nothing of those who have erased their account."""

    async def take(profiles: Sequence[Profile]) -> None:
        erased = [profile.username for profile in profiles if profile.erased]
        await store.forget(erased, profiles[-1].version)

    return Follower(
        name="profiles",
        known_stores=known_stores,
        list_after=neighbours.profiles_after,
        position=store.followed,
        restart=lambda: store.forget([], 0),
        take=take,
    )
