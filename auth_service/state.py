from typing import Any, TypedDict

from auth_service.actions import Accounts, Sessions
from auth_service.domain.rules import Rules
from servicekit.bus import Bus
from servicekit.database import Database


class State(TypedDict):
    """What a request finds open."""

    accounts: Accounts
    authentication: Sessions
    sessions: Sessions
    rules: Rules
    database: Database
    bus: Bus
    key_set: dict[str, Any]
