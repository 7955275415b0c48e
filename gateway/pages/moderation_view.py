"""What a conversation's page shows of moderation: who is timed out, who is blocked, and what the reader may do."""

from datetime import UTC, datetime
from typing import Any

from gateway.domain.api_types import Block, Room
from gateway.domain.people import Person
from gateway.domain.room_powers import RoomPowers
from gateway.pages.page_request import PageRequest
from gateway.pages.service_client import find

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
TIMEOUTS_S = (5 * _MINUTE_S, _HOUR_S, _DAY_S, 7 * _DAY_S, 28 * _DAY_S)
SLOW_MODES_S = (0, 5, 10, 30, _MINUTE_S, 5 * _MINUTE_S, 15 * _MINUTE_S, _HOUR_S, 6 * _HOUR_S)


async def load_blocks(page: PageRequest) -> list[Block]:
    """Whom the reader has blocked; nobody where that cannot be had."""
    return await find(page, "/api/blocks", list[Block], [])


def moderation_of_room(page: PageRequest, room: Room, powers: RoomPowers, blocked: frozenset[str]) -> dict[str, Any]:
    """For the template, and `moderation` for the scripts."""
    now = datetime.fromtimestamp(page.state["clock"](), UTC)
    own_end = room.timed_out_until
    return {
        "is_blocked": False,
        "powers": powers,
        "now": now,
        "timed_out_until": own_end if own_end is not None and own_end > now else None,
        "slow_mode_s": 0 if powers.moderates else room.slow_mode_s,
        "timeouts_s": TIMEOUTS_S,
        "slow_modes_s": sorted({*SLOW_MODES_S, room.slow_mode_s}),
        "moderation": {
            "moderates": powers.moderates,
            "removes_messages_of": powers.removes_messages_of,
            "roles": room.roles,
            "blocked": sorted(blocked),
            "last_seq": room.last_seq,
            "slow_mode_s": room.slow_mode_s,
            "timed_out_until": None if own_end is None else own_end.isoformat(),
        },
    }


def moderation_of_chat(person: Person, blocked: frozenset[str]) -> dict[str, Any]:
    return {
        "is_blocked": person.username in blocked,
        "timed_out_until": None,
        "slow_mode_s": 0,
        "moderation": {"blocked": sorted(blocked)},
    }
