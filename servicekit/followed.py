"""How far the lists of other services have been followed: in the table `followed` of a store."""

from servicekit.database import Connection


def followed(connection: Connection, name: str) -> int:
    """The number of the last entry of the list that was dealt with."""
    row = connection.execute("SELECT number FROM followed WHERE list = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def put_followed(connection: Connection, name: str, number: int) -> None:
    connection.execute(
        "INSERT INTO followed (list, number) VALUES (?, ?) ON CONFLICT (list) DO UPDATE SET number = excluded.number",
        (name, number),
    )
