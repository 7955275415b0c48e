"""Which log appends to a store: the one of its engine."""

from chat_service.domain.quotas import USUAL_QUOTAS, Quotas
from chat_service.store.log import Log
from chat_service.store.postgres_log import PostgresLog
from chat_service.store.sqlite_log import SqliteLog
from servicekit.database import Database
from servicekit.sqlite_database import SqliteDatabase


def log_of(database: Database, *, quotas: Quotas = USUAL_QUOTAS) -> Log:
    return SqliteLog(quotas=quotas) if isinstance(database, SqliteDatabase) else PostgresLog(quotas=quotas)
