"""What holds for single people, and goes with the room or the account that it is about."""

from servicekit.database import Connection


def forget_room(connection: Connection, conversation_id: int) -> None:
    """It is being closed, and still has its name."""
    for table in ("drafts", "notification_levels"):
        connection.execute(
            f"DELETE FROM {table} WHERE label = (SELECT name FROM conversations WHERE id = ?)", (conversation_id,)
        )
    for table in ("timeouts", "slow_writers"):
        connection.execute(f"DELETE FROM {table} WHERE conversation_id = ?", (conversation_id,))


def forget_person(connection: Connection, username: str) -> None:
    """They have erased their account: what was reported of them stays without what they said."""
    connection.execute("DELETE FROM blocks WHERE username = ? OR blocked_username = ?", (username, username))
    connection.execute("UPDATE reports SET text = '' WHERE username = ?", (username,))
    personal = ("timeouts", "slow_writers", "arrivals", "drafts", "notification_levels", "quiet_hours", "mentioned")
    for table in personal:
        connection.execute(f"DELETE FROM {table} WHERE username = ?", (username,))
