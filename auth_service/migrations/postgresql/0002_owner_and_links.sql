-- As ../0006_owner_and_links.sql, which says what is what.
ALTER TABLE users ADD COLUMN role TEXT COLLATE "C" NOT NULL DEFAULT 'member';
ALTER TABLE users ADD COLUMN banned_at BIGINT;
ALTER TABLE users ADD COLUMN invited_by TEXT COLLATE "C";
ALTER TABLE users ADD COLUMN invited_to TEXT COLLATE "C";
CREATE INDEX users_by_role ON users (role) WHERE role <> 'member';

CREATE TABLE instance (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    registration TEXT NOT NULL,
    members_may_invite INTEGER NOT NULL,
    claim_generation BIGINT NOT NULL
);
INSERT INTO instance (only_row, name, description, registration, members_may_invite, claim_generation)
VALUES (1, 'Parley', '', '', 0, 1);

CREATE TABLE invitations (
    number BIGINT PRIMARY KEY DEFAULT next_number('invitations'),
    code TEXT COLLATE "C" NOT NULL UNIQUE,
    username TEXT COLLATE "C" NOT NULL,
    room TEXT COLLATE "C",
    uses BIGINT NOT NULL,
    uses_max BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX invitations_by_username ON invitations (username, created_at);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

CREATE TABLE reset_links (
    code_hash TEXT COLLATE "C" PRIMARY KEY,
    username TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX reset_links_by_username ON reset_links (username);
CREATE INDEX reset_links_by_expiry ON reset_links (expires_at);

CREATE TABLE orders (
    number BIGINT PRIMARY KEY DEFAULT next_number('orders'),
    kind TEXT COLLATE "C" NOT NULL,
    username TEXT COLLATE "C" NOT NULL,
    until TEXT COLLATE "C" NOT NULL
);

CREATE TABLE audit (
    number BIGINT PRIMARY KEY DEFAULT next_number('audit'),
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    act TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    detail TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_actor ON audit (actor, act, at);

CREATE TABLE outside_writes (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    number BIGINT NOT NULL
);
INSERT INTO outside_writes (only_row, number) VALUES (1, 0);
