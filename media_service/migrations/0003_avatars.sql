-- Whose picture is where: `address` as the auth service tells it, and `file_id` if that is a file of ours.
CREATE TABLE addresses (
    username TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    file_id TEXT
);
INSERT INTO addresses (username, address, file_id) SELECT username, '/api/files/' || file_id, file_id FROM avatars;
DROP TABLE avatars;
ALTER TABLE addresses RENAME TO avatars;
CREATE UNIQUE INDEX avatars_by_username ON avatars (lower(username));
CREATE INDEX avatars_by_file ON avatars (file_id);
CREATE INDEX avatars_by_address ON avatars (address);

-- What the addresses of other hosts gave when they were last asked: a small WebP, or nothing. Only of addresses that
-- somebody shows now. Times are seconds since the epoch.
CREATE TABLE remote_pictures (
    address TEXT PRIMARY KEY,
    tried_at REAL NOT NULL,
    data BLOB
);

-- Addresses of other hosts were left out until now: all profiles are read again.
DELETE FROM followed WHERE list = 'profiles';
