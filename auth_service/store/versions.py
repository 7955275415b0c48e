"""The numbers by which others notice that something has changed."""

from servicekit.database import Connection


def next_version(connection: Connection) -> int:
    """Of a profile that is made, changed or erased in this transaction."""
    (version,) = connection.execute("UPDATE profile_version SET version = version + 1 RETURNING version").fetchone()
    return int(version)


def get_profile_version(connection: Connection) -> int:
    """The number of the last change of any profile."""
    (version,) = connection.execute("SELECT version FROM profile_version").fetchone()
    return int(version)


def touch_profile(connection: Connection, username: str) -> int:
    """The new version of a profile of which something else was changed."""
    version = next_version(connection)
    connection.execute("UPDATE users SET version = ? WHERE username = ?", (version, username))
    return version


def note_outside_write(connection: Connection) -> None:
    """So that the running instances tell the others what was changed here."""
    connection.execute("UPDATE outside_writes SET number = number + 1")


def get_outside_writes(connection: Connection) -> int:
    (number,) = connection.execute("SELECT number FROM outside_writes").fetchone()
    return int(number)
