"""Replicas: what auth lists about people, and what follows from it here."""

from collections.abc import Sequence

from servicekit.list_replica import KnownStores, ListReplica
from video_service.peers import Peers, Profile
from video_service.store import Store


def copy_profiles(store: Store, peers: Peers, known_stores: KnownStores) -> ListReplica[Profile]:
    """Keep nothing of those who have erased their account."""

    async def take(profiles: Sequence[Profile]) -> None:
        erased = [profile.username for profile in profiles if profile.erased]
        await store.forget(erased, profiles[-1].version)

    return ListReplica(
        name="profiles",
        known_stores=known_stores,
        list_after=peers.profiles_after,
        position=store.list_position,
        restart=lambda: store.forget([], 0),
        take=take,
    )
