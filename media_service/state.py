from typing import TypedDict

from servicekit.bus import Bus
from servicekit.database import Database


class State(TypedDict):
    """What a request finds open."""

    database: Database
    bus: Bus
