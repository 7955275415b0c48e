"""Rates: what one person may have and do."""

import msgspec

DRAFTS_BURST_S = 3  # of their rate at once, as of messages


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """0 switches a limit off."""

    connections_per_person: int
    messages_per_second: int
    messages_burst: int
    drafts_per_second: int
    invitations_per_hour: int
    taken_names_per_hour: int
