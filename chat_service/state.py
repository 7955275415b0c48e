"""What the lifespan gives to every request and socket."""

from collections.abc import Callable
from typing import Any, TypedDict

from chat_service.actions.chat import Chat
from servicekit.authentication import Authentication
from servicekit.bus import Bus
from servicekit.database import Database


class State(TypedDict):
    authentication: Authentication
    bus: Bus
    chat: Chat
    clock: Callable[[], float]
    database: Database
    history_page_max: int
    sockets: set[Any]
