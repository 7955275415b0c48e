"""The generation: a number of the store that a restore raises, so that what clients have from before is told apart."""

from servicekit.database import Connection

MESSAGE_IDS_LEFT_OUT = 1_000_000


def raise_generation(connection: Connection, now_s: int) -> int:
    """Begin another life of this store, inside a transaction that the caller holds; its number.

    No earlier life may have had it, also where one backup is restored twice: hence the time, in seconds since 1970.
    Messages go on at ids far above those in the file, since the ids that follow may have been given before.
    """
    (number,) = connection.execute(
        "UPDATE generation SET number = max(number + 1, ?) RETURNING number", (now_s,)
    ).fetchone()
    (conversation_id,) = connection.execute(
        "INSERT INTO conversations (name, created_at) VALUES ('generation ' || ?, '') RETURNING id", (number,)
    ).fetchone()
    # A row holds the place, because ids follow the highest there is. It is in no conversation that anybody reads.
    connection.execute(
        "INSERT INTO messages (id, conversation_id, seq, sender_username, message, timestamp, deleted_at)"
        " SELECT coalesce(max(id), 0) + ?, ?, 1, '', '', '', '' FROM messages",
        (MESSAGE_IDS_LEFT_OUT, conversation_id),
    )
    return int(number)
