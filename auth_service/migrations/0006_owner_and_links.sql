-- Who may do what here, by whom and where to somebody was invited. Code of before this knows members only.
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'member';
ALTER TABLE users ADD COLUMN banned_at INTEGER;
ALTER TABLE users ADD COLUMN invited_by TEXT;
ALTER TABLE users ADD COLUMN invited_to TEXT;
CREATE INDEX users_by_role ON users (role) WHERE role <> 'member';

-- `registration` is empty until it is first chosen: till then the environment's holds. `claim_generation` is that of the
-- link which is good now.
CREATE TABLE instance (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    registration TEXT NOT NULL,
    members_may_invite INTEGER NOT NULL,
    claim_generation INTEGER NOT NULL
);
INSERT INTO instance (only_row, name, description, registration, members_may_invite, claim_generation)
VALUES (1, 'Parley', '', '', 0, 1);

-- Codes are kept whole, to be shown again. One that was ended, or whose maker was banned, has `ended_at`.
CREATE TABLE invitations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE,
    username TEXT NOT NULL,
    room TEXT,
    uses INTEGER NOT NULL,
    uses_max INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER
);
CREATE INDEX invitations_by_username ON invitations (username, created_at);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

-- Of the code its SHA-256 alone.
CREATE TABLE reset_links (
    code_hash TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER
);
CREATE INDEX reset_links_by_username ON reset_links (username);
CREATE INDEX reset_links_by_expiry ON reset_links (expires_at);

-- What the other services are to carry out, in order: each follows it by its number.
CREATE TABLE orders (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    username TEXT NOT NULL,
    until TEXT NOT NULL
);

-- Rows are added, lose their address and go, in this order and by their age; none is ever changed otherwise. An empty
-- `actor` is whoever has the machine.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_actor ON audit (actor, act, at);

-- Raised by who writes beside the running service, and cannot tell the others of it.
CREATE TABLE outside_writes (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    number INTEGER NOT NULL
);
INSERT INTO outside_writes (only_row, number) VALUES (1, 0);
