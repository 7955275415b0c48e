"""Reports as they are kept: of a message with its text as it was."""

from chat_service.domain.conversations import Conversation
from chat_service.domain.refusals import AlreadyReported, ReportOfSelf, TooManyReports, UnknownMessage, UnknownReport
from chat_service.domain.reports import HOUR_S, Report, ReportState
from chat_service.store.erasures import check_not_erased
from servicekit.database import Connection, Database, Row
from servicekit.times import rfc3339_later, seconds_until

_COLUMNS = "id, reporter, username, message_id, room, text, reason, created_at, state, note, handled_by, handled_at"


class Reports:
    def __init__(self, database: Database, *, per_hour_max: int) -> None:
        """0 lets everybody report as much as they like."""
        self._database = database
        self._per_hour_max = per_hour_max

    async def report_message(self, reporter: str, message_id: int, reason: str, *, now: str) -> Report:
        """Raises UnknownMessage for one that they cannot read, AlreadyReported, ReportOfSelf or TooManyReports."""
        return await self._database.write(_report_message, reporter, message_id, reason, now, self._per_hour_max)

    async def report_person(self, reporter: str, username: str, reason: str, *, now: str) -> Report:
        """Raises AlreadyReported while the report before is open, ReportOfSelf or TooManyReports."""
        return await self._database.write(_report_person, reporter, username, reason, now, self._per_hour_max)

    async def page(self, *, state: ReportState | None, before: int | None, limit: int) -> list[Report]:
        """The newest first."""
        return await self._database.read(_page, state, before, limit)

    async def count_open(self) -> int:
        return await self._database.read(_count_open)

    async def handle(self, report_id: int, *, state: ReportState, note: str, by: str, now: str) -> Report:
        """Raises UnknownReport, or AlreadyReported where it is opened again beside another one."""
        return await self._database.write(_handle, report_id, state, note, by, now)


def _report_message(
    connection: Connection, reporter: str, message_id: int, reason: str, now: str, per_hour_max: int
) -> Report:
    row = connection.execute(
        "SELECT sender_username, message, name FROM messages"
        " JOIN conversations ON conversations.id = messages.conversation_id"
        " JOIN memberships ON memberships.conversation_id = conversations.id AND memberships.username = ?"
        " WHERE messages.id = ? AND deleted_at IS NULL",
        (reporter, message_id),
    ).fetchone()
    if row is None:
        raise UnknownMessage(message_id)
    room = Conversation(row["name"]).room_name
    values = (row["sender_username"], message_id, room, row["message"], reason)
    return _insert(connection, reporter, values, now, per_hour_max)


def _report_person(
    connection: Connection, reporter: str, username: str, reason: str, now: str, per_hour_max: int
) -> Report:
    return _insert(connection, reporter, (username, None, None, "", reason), now, per_hour_max)


def _insert(
    connection: Connection,
    reporter: str,
    values: tuple[str, int | None, str | None, str, str],
    now: str,
    per_hour_max: int,
) -> Report:
    if values[0] == reporter:
        raise ReportOfSelf
    check_not_erased(connection, reporter)  # which holds them: of many reports at once each counts
    wait_s = _wait_s(connection, reporter, now, per_hour_max)
    row = connection.execute(
        "INSERT INTO reports (reporter, username, message_id, room, text, reason, created_at)"
        f" VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING {_COLUMNS}",
        (reporter, *values, now),
    ).fetchone()
    if row is None:
        raise AlreadyReported
    if wait_s:
        raise TooManyReports(per_hour_max, wait_s)
    return _report(row)


def _wait_s(connection: Connection, reporter: str, now: str, per_hour_max: int) -> int:
    """Until one more counts no more than the others of an hour; 0: now."""
    if not per_hour_max:
        return 0
    oldest = connection.execute(
        "SELECT created_at FROM reports WHERE reporter = ? ORDER BY created_at DESC LIMIT 1 OFFSET ?",
        (reporter, per_hour_max - 1),
    ).fetchone()
    return 0 if oldest is None else seconds_until(rfc3339_later(oldest[0], HOUR_S), now)


def _page(connection: Connection, state: ReportState | None, before: int | None, limit: int) -> list[Report]:
    wanted, values = ["1 = 1"], list[object]()
    if state is not None:
        wanted.append("state = ?")
        values.append(state.value)
    if before is not None:
        wanted.append("id < ?")
        values.append(before)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM reports WHERE {' AND '.join(wanted)} ORDER BY id DESC LIMIT ?", (*values, limit)
    )
    return [_report(row) for row in rows]


def _count_open(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM reports WHERE state = 'open'").fetchone()[0])


def _handle(connection: Connection, report_id: int, state: ReportState, note: str, by: str, now: str) -> Report:
    if state is ReportState.OPEN:
        _check_alone(connection, report_id)
    row = connection.execute(
        f"UPDATE reports SET state = ?, note = ?, handled_by = ?, handled_at = ? WHERE id = ? RETURNING {_COLUMNS}",
        (state.value, note, by, now, report_id),
    ).fetchone()
    if row is None:
        raise UnknownReport(report_id)
    return _report(row)


def _check_alone(connection: Connection, report_id: int) -> None:
    other = connection.execute(
        "SELECT 1 FROM reports JOIN reports AS other ON other.reporter = reports.reporter"
        " AND other.username = reports.username AND other.message_id IS NULL AND other.state = 'open'"
        " WHERE reports.id = ? AND reports.message_id IS NULL AND other.id <> reports.id",
        (report_id,),
    ).fetchone()
    if other is not None:
        raise AlreadyReported


def _report(row: Row) -> Report:
    fields = dict(zip(row.keys(), row, strict=True))
    return Report(**{**fields, "state": ReportState(fields["state"])})
