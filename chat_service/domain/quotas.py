"""Quotas: how much of what can be made without end one person may have, and one room or message may hold."""

import msgspec


class Quotas(msgspec.Struct, frozen=True, kw_only=True):
    """Rooms that a person owns come on top of those that they have joined."""

    rooms_owned_max: int = 100
    rooms_joined_max: int = 300
    room_members_max: int = 10_000
    saved_chats_max: int = 1_000
    reactions_per_person_max: int = 20
    reactions_per_message_max: int = 1_000
    blocks_max: int = 1_000
    drafts_max: int = 2_000
    notification_levels_max: int = 2_000


USUAL_QUOTAS = Quotas()
