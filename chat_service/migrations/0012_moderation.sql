-- What a person may do in the whole community, and whether they are banned. `standing_version` is the version of the
-- profile that said so: NULL where only an older instance has read it. It is older than `version` there, so that all
-- profiles are read once more, and names that people gave to others stay.
ALTER TABLE people ADD COLUMN role TEXT NOT NULL DEFAULT 'member';
ALTER TABLE people ADD COLUMN is_banned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE people ADD COLUMN standing_version INTEGER;
CREATE INDEX people_by_standing_version ON people (standing_version);

-- Who came by an invitation to a room, and is not in it yet.
CREATE TABLE arrivals (
    username TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    inviter TEXT
);

-- What a member may do in the room. `timed_out_until` is a copy from `timeouts`, in the row that each message needs.
ALTER TABLE memberships ADD COLUMN role TEXT NOT NULL DEFAULT 'member';
ALTER TABLE memberships ADD COLUMN timed_out_until TEXT;

-- It holds for who leaves and comes back, too.
CREATE TABLE timeouts (
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    username TEXT NOT NULL,
    until TEXT NOT NULL,
    PRIMARY KEY (conversation_id, username)
);

-- How long a member of a room waits between two messages, 0 for not at all, and who has written since that was set.
-- `barred` are those of a 1:1 conversation whom the other one takes nothing from, with `|` between, from `blocks` and bans:
-- both stand in the row that each message needs.
ALTER TABLE conversations ADD COLUMN barred TEXT;
ALTER TABLE conversations ADD COLUMN slow_mode_s INTEGER NOT NULL DEFAULT 0;
CREATE TABLE slow_writers (
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    username TEXT NOT NULL,
    wrote_at TEXT NOT NULL,
    PRIMARY KEY (conversation_id, username)
);

-- From whom somebody wants to hear nothing.
CREATE TABLE blocks (
    username TEXT NOT NULL,
    blocked_username TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (username, blocked_username)
);
CREATE INDEX blocks_by_blocked ON blocks (blocked_username, username);

-- What was reported to the moderators: of a message the text as it was then.
CREATE TABLE reports (
    id INTEGER PRIMARY KEY,
    reporter TEXT NOT NULL,
    username TEXT NOT NULL,
    message_id INTEGER,
    room TEXT,
    text TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',
    note TEXT NOT NULL DEFAULT '',
    handled_by TEXT,
    handled_at TEXT
);
CREATE INDEX reports_by_reporter ON reports (reporter, created_at);
CREATE INDEX reports_by_state ON reports (state, id);
CREATE UNIQUE INDEX reports_of_messages ON reports (reporter, message_id) WHERE message_id IS NOT NULL;
CREATE UNIQUE INDEX reports_of_people ON reports (reporter, username) WHERE message_id IS NULL AND state = 'open';

-- What moderators did, for the audit of the auth service.
CREATE TABLE acts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    target TEXT NOT NULL,
    room TEXT NOT NULL,
    at TEXT NOT NULL
);

-- Whose messages up to when the auth service ordered to be erased, and whether that is done.
CREATE TABLE message_erasures (
    number INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    until TEXT NOT NULL,
    is_done INTEGER NOT NULL
);
