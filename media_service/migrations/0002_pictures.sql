-- Nothing was stored in the table of before. `number` grows with each upload; files of a request that is still going on
-- carry its `upload_id`, and are not there for anybody.
DROP TABLE files;
CREATE TABLE files (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    owner TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    placeholder TEXT NOT NULL,
    removed TEXT NOT NULL,
    created_at TEXT NOT NULL,
    upload_id TEXT,
    data BLOB NOT NULL -- last: what stands behind it, SQLite reaches only through all of its pages
);
CREATE UNIQUE INDEX files_by_content ON files (owner, sha256) WHERE upload_id IS NULL;
CREATE INDEX files_by_owner ON files (owner, number);
CREATE INDEX files_by_upload ON files (upload_id) WHERE upload_id IS NOT NULL;

-- WebP; `side` is the longest that the longer side may be, in pixels.
CREATE TABLE thumbnails (
    file_number INTEGER NOT NULL REFERENCES files (number) ON DELETE CASCADE,
    side INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (file_number, side)
);

-- What is gone, for the chat service to follow.
CREATE TABLE removals (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    file_id TEXT NOT NULL
);

-- Who shows which file as their picture, as the auth service tells.
CREATE TABLE avatars (
    username TEXT PRIMARY KEY,
    file_id TEXT NOT NULL
);
CREATE INDEX avatars_by_file ON avatars (file_id);

-- How far the lists of the neighbours have been followed.
CREATE TABLE followed (
    list TEXT PRIMARY KEY,
    number INTEGER NOT NULL
);
