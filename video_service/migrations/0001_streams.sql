-- One row for each time that a person went live; `name` is empty where they did not publish, `ended_at` while they
-- are live. `written_at` is when the row was last brought up to date: where the service was killed, the end.
-- `bytes_in` are of messages, `bytes_out` of pictures, to the sender and to watchers on the same instance.
-- Times are seconds since the epoch.
CREATE TABLE streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL,
    name TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    written_at INTEGER NOT NULL,
    frames_received INTEGER NOT NULL DEFAULT 0,
    frames_processed INTEGER NOT NULL DEFAULT 0,
    frames_dropped INTEGER NOT NULL DEFAULT 0,
    bytes_in INTEGER NOT NULL DEFAULT 0,
    bytes_out INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX streams_by_username ON streams (username, started_at);
CREATE INDEX streams_open ON streams (written_at) WHERE ended_at IS NULL;
