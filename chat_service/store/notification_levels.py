"""Notification levels, by who chose them and what the conversation is called from their side."""

from chat_service.domain.conversations import Label
from chat_service.domain.notification_levels import Level, Notifications, usual
from chat_service.domain.quotas import USUAL_QUOTAS, Quotas
from chat_service.store.erasures import check_not_erased
from chat_service.store.moderation import check_is_in
from chat_service.store.quotas import check_notification_levels
from servicekit.database import Connection, Database

_OWN = "notification_levels WHERE username = ? AND label = ?"


class NotificationLevels:
    """Each raises NotAMember for a room that they are not in."""

    def __init__(self, database: Database, *, quotas: Quotas = USUAL_QUOTAS) -> None:
        self._database = database
        self._quotas = quotas

    async def get(self, username: str, label: Label) -> Notifications:
        return await self._database.read_few(_get, username, label)

    async def put(self, username: str, label: Label, wanted: Notifications) -> None:
        """What is the usual takes no room. Raises TooManyNotificationLevels."""
        await self._database.write(_put, username, label, wanted, self._quotas)


def chosen_columns(label: str, reader: str) -> str:
    """SQL for the columns `level` and `muted_until`, null where nothing was chosen, from the SQL of both."""
    own = f"notification_levels.username = {reader} AND notification_levels.label = {label}"
    return ", ".join(
        f"(SELECT {column} FROM notification_levels WHERE {own}) AS {column}" for column in ("level", "muted_until")
    )


def _get(connection: Connection, username: str, label: Label) -> Notifications:
    check_is_in(connection, username, label)
    row = connection.execute(f"SELECT level, muted_until FROM {_OWN}", (username, label.text)).fetchone()
    return Notifications(Level(row[0]), row[1]) if row else usual(label)


def _put(connection: Connection, username: str, label: Label, wanted: Notifications, quotas: Quotas) -> None:
    check_not_erased(connection, username)
    check_is_in(connection, username, label)
    if wanted == usual(label):
        connection.execute(f"DELETE FROM {_OWN}", (username, label.text))
        return
    check_notification_levels(connection, username, label.text, quotas)
    connection.execute(
        "INSERT INTO notification_levels (username, label, level, muted_until) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (username, label) DO UPDATE SET level = excluded.level, muted_until = excluded.muted_until",
        (username, label.text, wanted.level.value, wanted.muted_until),
    )
