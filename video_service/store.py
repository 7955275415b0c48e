"""The store: who was live when, and how much passed; in the SQL that SQLite and PostgreSQL share."""

from collections.abc import Sequence

from servicekit.database import Connection, Database, try_hold
from servicekit.followed import followed, put_followed
from video_service.domain.stream_session import StreamSession

_PROFILES = "profiles"


class Store:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, stream_sessions: Sequence[StreamSession], now: int) -> None:
        """Bring their rows up to date, in one transaction; give one to who has none. Raises DatabaseError."""
        made = await self._database.write(_save, stream_sessions, now)
        for stream_session, row_id in zip(stream_sessions, made, strict=True):
            stream_session.row_id = row_id

    async def close_left_open(self, written_before: int) -> int:
        """End what nobody has ended or brought up to date since, when it was last heard of; how many rows.

        Where one goes on after all, its next save opens it again.
        """
        return await self._database.write(_close_left_open, written_before)

    async def count(self) -> dict[str, int]:
        """The streams that are live, as far as rows say. Raises TookTooLong."""
        return await self._database.read_long("", _count)

    async def list_position(self) -> int:
        """The version of the newest profile that was dealt with."""
        return await self._database.read(followed, _PROFILES)

    async def forget(self, usernames: Sequence[str], version: int) -> None:
        """Let go their rows; profiles have been dealt with up to `version`."""
        await self._database.write(_forget, usernames, version)


def _save(connection: Connection, stream_sessions: Sequence[StreamSession], now: int) -> list[int]:
    return [_save_one(connection, stream_session, now) for stream_session in stream_sessions]


def _save_one(connection: Connection, stream_session: StreamSession, now: int) -> int:
    values = (
        None if stream_session.ended_at is None else int(stream_session.ended_at),
        now,
        stream_session.frames_received,
        stream_session.frames_processed,
        stream_session.frames_dropped,
        stream_session.bytes_in,
        stream_session.bytes_out,
    )
    if stream_session.row_id is None:
        (row_id,) = connection.execute(
            "INSERT INTO streams (ended_at, written_at, frames_received, frames_processed, frames_dropped,"
            " bytes_in, bytes_out, username, name, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (*values, stream_session.username, stream_session.name, int(stream_session.started_at)),
        ).fetchone()
        return int(row_id)
    connection.execute(
        "UPDATE streams SET ended_at = ?, written_at = ?, frames_received = ?, frames_processed = ?,"
        " frames_dropped = ?, bytes_in = ?, bytes_out = ? WHERE id = ?",
        (*values, stream_session.row_id),
    )
    return stream_session.row_id


def _close_left_open(connection: Connection, written_before: int) -> int:
    if not try_hold(connection, "close_left_open"):  # another instance is at it
        return 0
    return connection.execute(
        "UPDATE streams SET ended_at = written_at WHERE ended_at IS NULL AND written_at < ?", (written_before,)
    ).rowcount


def _count(connection: Connection) -> dict[str, int]:
    return {"streams": connection.execute("SELECT count(*) FROM streams WHERE ended_at IS NULL").fetchone()[0]}


def _forget(connection: Connection, usernames: Sequence[str], version: int) -> None:
    connection.executemany("DELETE FROM streams WHERE username = ?", [(username,) for username in usernames])
    put_followed(connection, _PROFILES, version)
