"""What the lifespan gives to every request and socket."""

from collections.abc import Callable
from typing import Any, TypedDict

from chat_service.actions.addressing import Addressing
from chat_service.actions.attachments import Attachments
from chat_service.actions.blocks import Blocks
from chat_service.actions.calls import Calls
from chat_service.actions.history import History
from chat_service.actions.local_readers import LocalReaders
from chat_service.actions.moderation import Moderation
from chat_service.actions.open_sockets import OpenSockets
from chat_service.actions.own_side import OwnSide
from chat_service.actions.presence import Presence
from chat_service.actions.reporting import Reporting
from chat_service.actions.resuming import Resuming
from chat_service.actions.room_members import RoomMembers
from chat_service.actions.rooms import Rooms
from chat_service.actions.saved_chats import SavedChats
from chat_service.actions.searching import Searching
from chat_service.actions.submissions import Submissions
from chat_service.actions.typing_notices import TypingNotices
from chat_service.store.acts import Acts
from chat_service.store.totals import Totals
from servicekit.authentication import Authentication
from servicekit.bus import Bus
from servicekit.connection_counts import ConnectionCounts
from servicekit.database import Database
from servicekit.list_replica import ListReplica


class State(TypedDict):
    acts: Acts
    addressing: Addressing
    attachments: Attachments
    authentication: Authentication
    blocks: Blocks
    bus: Bus
    calls: Calls
    clock: Callable[[], float]
    connection_counts: ConnectionCounts
    database: Database
    history: History
    history_page_max: int
    local_readers: LocalReaders
    moderation: Moderation
    own_side: OwnSide
    presence: Presence
    profiles: ListReplica[Any]
    replicas: tuple[ListReplica[Any], ...]
    reporting: Reporting
    resume_grace_s: float
    resume_grace_s_max: float
    resuming: Resuming
    room_members: RoomMembers
    rooms: Rooms
    saved_chats: SavedChats
    searching: Searching
    sockets: OpenSockets
    submissions: Submissions
    totals: Totals
    typing_notices: TypingNotices
