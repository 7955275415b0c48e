"""The store: all SQL of the auth service, in what SQLite and PostgreSQL share."""

from auth_service.store.accounts import AccountStore
from auth_service.store.sessions import SessionStore

__all__ = ["AccountStore", "SessionStore"]
