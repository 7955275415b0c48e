"""What the lifespan gives to every request and socket."""

from collections.abc import Callable
from typing import Any, TypedDict

from chat_service.actions.attachments import Attachments
from chat_service.actions.calls import Calls
from chat_service.actions.chat import Chat
from chat_service.actions.rooms import Rooms
from chat_service.actions.searching import Searching
from servicekit.authentication import Authentication
from servicekit.bus import Bus
from servicekit.database import Database
from servicekit.list_replica import ListReplica


class State(TypedDict):
    attachments: Attachments
    authentication: Authentication
    bus: Bus
    calls: Calls
    chat: Chat
    clock: Callable[[], float]
    database: Database
    history_page_max: int
    resume_grace_s: float
    resume_grace_s_max: float
    replicas: tuple[ListReplica[Any], ...]
    profiles: ListReplica[Any]
    rooms: Rooms
    searching: Searching
    sockets: set[Any]
