from collections.abc import Callable
from typing import Any, TypedDict

from auth_service.actions.accounts import Accounts
from auth_service.actions.authentication import Authentication
from auth_service.actions.community import Community
from auth_service.actions.moderation import Moderation
from auth_service.actions.password_resets import PasswordResets
from auth_service.actions.sessions import Sessions
from auth_service.domain.rules import Rules
from auth_service.links import Links
from auth_service.peers import Chat, Media
from auth_service.store import Admission
from servicekit.bus import Bus
from servicekit.database import Database


class State(TypedDict):
    """What a request finds open."""

    accounts: Accounts
    admission: Callable[[str | None], Admission]
    authentication: Authentication
    chat: Chat
    community: Community
    links: Links
    media: Media
    moderation: Moderation
    password_resets: PasswordResets
    sessions: Sessions
    rules: Rules
    database: Database
    bus: Bus
    key_set: dict[str, Any]
