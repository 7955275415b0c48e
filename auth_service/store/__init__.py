"""The store: all SQL of the auth service, in what SQLite and PostgreSQL share."""

from auth_service.store.accounts import AccountStore
from auth_service.store.admission import Admission
from auth_service.store.audit import AuditStore
from auth_service.store.instance import InstanceStore
from auth_service.store.invitations import InvitationStore
from auth_service.store.moderation import ModerationStore
from auth_service.store.outside_writes import OutsideWritesStore
from auth_service.store.password_resets import PasswordResetStore
from auth_service.store.people import PeopleStore
from auth_service.store.sessions import SessionStore

__all__ = [
    "AccountStore",
    "Admission",
    "AuditStore",
    "InstanceStore",
    "InvitationStore",
    "ModerationStore",
    "OutsideWritesStore",
    "PasswordResetStore",
    "PeopleStore",
    "SessionStore",
]
