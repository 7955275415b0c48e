-- Names are compared in a folded form that the service makes, because `lower()` differs between databases.
-- E-mail addresses are not unique: nobody proves that one is theirs, so a constraint would only let
-- people find out, or lock out, someone else's.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL,
    username_folded TEXT NOT NULL UNIQUE,
    email TEXT,
    password TEXT NOT NULL,
    password_version INTEGER NOT NULL DEFAULT 1,
    nickname TEXT NOT NULL,
    nickname_folded TEXT NOT NULL,
    pfp TEXT NOT NULL DEFAULT '',
    version INTEGER NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
);
CREATE INDEX users_by_nickname ON users (nickname_folded);

-- One number for every change of any profile, in the order of the commits: whoever has seen
-- number n asks for what is above n and misses nothing.
CREATE TABLE profile_version (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    version INTEGER NOT NULL
);
INSERT INTO profile_version (only_row, version) VALUES (1, 0);

-- No foreign key to users: a revoked session is remembered until its last token has expired,
-- even when the account is gone by then. Times are seconds since the epoch.
CREATE TABLE sessions (
    sid TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX sessions_by_username ON sessions (username, last_seen_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX revoked_sessions ON sessions (expires_at) WHERE revoked_at IS NOT NULL;
