from typing import Any, TypedDict

from auth_service.actions.accounts import Accounts
from auth_service.actions.authentication import Authentication
from auth_service.actions.sessions import Sessions
from auth_service.domain.rules import Rules
from servicekit.bus import Bus
from servicekit.database import Database


class State(TypedDict):
    """What a request finds open."""

    accounts: Accounts
    authentication: Authentication
    sessions: Sessions
    rules: Rules
    database: Database
    bus: Bus
    key_set: dict[str, Any]
