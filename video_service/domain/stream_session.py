"""Stream sessions: one connection's frames from its first to its last, and their counts."""


class StreamSession:
    """`row_id` is that of its row, once it has one."""

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "ended_at",
        "frames_dropped",
        "frames_processed",
        "frames_received",
        "name",
        "row_id",
        "started_at",
        "username",
    )

    def __init__(self, *, username: str, name: str | None, started_at: float) -> None:
        self.username = username
        self.name = name
        self.started_at = started_at
        self.ended_at: float | None = None
        self.row_id: int | None = None
        self.frames_received = 0
        self.frames_processed = 0
        self.frames_dropped = 0
        self.bytes_in = 0
        self.bytes_out = 0
