"""The generation: a number of the store that a restore raises, so that what clients have from before is told apart."""

from typing import Literal

from servicekit.database import Connection

MESSAGE_IDS_LEFT_OUT = 1_000_000


def raise_generation(connection: Connection, now_s: int, *, engine: Literal["sqlite", "postgresql"] = "sqlite") -> int:
    """Begin another life of this store, inside a transaction that the caller holds; its number.

    No earlier life may have had it, also where one backup is restored twice: hence the time, in seconds since 1970.
    Messages go on at ids far above those in the store, since the ids that follow may have been given before.
    """
    (number,) = connection.execute(
        "UPDATE generation SET number = CASE WHEN number < :now_s THEN :now_s ELSE number + 1 END RETURNING number",
        {"now_s": now_s},
    ).fetchone()
    if engine == "postgresql":
        _move_the_sequence(connection)
    else:
        _store_what_nobody_reads(connection, f"generation {number}")
    return int(number)


def _move_the_sequence(connection: Connection) -> None:
    connection.execute(
        "SELECT setval(sequence, nextval(sequence) + ?) FROM pg_get_serial_sequence('messages', 'id') AS sequence",
        (MESSAGE_IDS_LEFT_OUT,),
    )


def _store_what_nobody_reads(connection: Connection, name: str) -> None:
    """A row holds the place, because SQLite's ids follow the highest there is. Nobody is in its conversation."""
    (conversation_id,) = connection.execute(
        "INSERT INTO conversations (name, created_at) VALUES (?, '') RETURNING id", (name,)
    ).fetchone()
    connection.execute(
        "INSERT INTO messages (id, conversation_id, seq, sender_username, message, timestamp, deleted_at)"
        " SELECT coalesce(max(id), 0) + ?, ?, 1, '', '', '', '' FROM messages",
        (MESSAGE_IDS_LEFT_OUT, conversation_id),
    )
