-- A file's name and what was cleaned belong to its upload, its bytes to a blob: equal ones of one person are kept, and
-- counted, once. A blob lies in pieces of 512 KiB, each written in a transaction of its own.

-- What a kill left in the middle.
DELETE FROM files WHERE upload_id IS NOT NULL;

-- What was stored whole until now is moved into pieces in the background.
ALTER TABLE files RENAME TO whole_files;
ALTER TABLE thumbnails RENAME TO whole_thumbnails;
DROP INDEX files_by_content;
DROP INDEX files_by_owner;
DROP INDEX files_by_upload;

-- `begun_at` is in seconds since the epoch. Those that are not `kept` are still coming, and go after a day.
CREATE TABLE blobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    sha256 TEXT, -- in hexadecimal digits; null while it comes
    size INTEGER NOT NULL,
    place TEXT NOT NULL, -- pieces, or whole: not moved yet
    kept INTEGER NOT NULL,
    begun_at REAL NOT NULL
);
CREATE UNIQUE INDEX blobs_by_content ON blobs (owner, sha256) WHERE kept;
CREATE INDEX blobs_coming ON blobs (begun_at) WHERE NOT kept;

CREATE TABLE pieces (
    blob INTEGER NOT NULL,
    number INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (blob, number)
);

-- WebP; `side` is the longest that the longer side may be, in pixels.
CREATE TABLE thumbnails (
    blob INTEGER NOT NULL,
    side INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (blob, side)
);

-- Whose pieces are not all deleted yet.
CREATE TABLE dropped_blobs (number INTEGER PRIMARY KEY);

-- `number` grows with each; those of a request that is still going on carry its id, and are not there for anybody.
CREATE TABLE uploads (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    filename TEXT NOT NULL,
    kind TEXT NOT NULL, -- picture, audio, video or document
    content_type TEXT NOT NULL,
    blob INTEGER NOT NULL REFERENCES blobs (number),
    width INTEGER, -- pixels
    height INTEGER,
    duration_s REAL,
    placeholder TEXT, -- a BlurHash
    has_thumbnail INTEGER NOT NULL,
    removed TEXT NOT NULL, -- names, separated by spaces
    cleaned INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    request_id TEXT
);
CREATE INDEX uploads_by_owner ON uploads (owner, number);
CREATE INDEX uploads_by_blob ON uploads (blob);
CREATE INDEX uploads_by_request ON uploads (request_id) WHERE request_id IS NOT NULL;

INSERT INTO blobs (number, owner, sha256, size, place, kept, begun_at)
    SELECT number, owner, sha256, size, 'whole', 1, 0 FROM whole_files;
INSERT INTO uploads (number, id, owner, filename, kind, content_type, blob, width, height, placeholder,
        has_thumbnail, removed, cleaned, created_at)
    SELECT number, id, owner, filename, 'picture', content_type, number, width, height, placeholder, 1,
        removed, 1, created_at
    FROM whole_files ORDER BY number;
-- No number is given twice, that of a row which is gone neither.
UPDATE sqlite_sequence SET seq = max(seq, (SELECT seq FROM sqlite_sequence WHERE name = 'whole_files'))
    WHERE name IN ('blobs', 'uploads');

-- Files that can be sent in several requests (tus). The blob is of `length` bytes in the end, `received` of them here.
-- `file_id` or `refusal` (JSON) is what became of it. Times are seconds since the epoch.
CREATE TABLE resumable_uploads (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL, -- as its sender says
    length INTEGER NOT NULL,
    received INTEGER NOT NULL,
    blob INTEGER, -- null once its bytes are not needed any more
    expires_at REAL NOT NULL,
    file_id TEXT,
    refusal BLOB
);
CREATE INDEX resumable_uploads_by_owner ON resumable_uploads (owner);
CREATE INDEX resumable_uploads_by_expiry ON resumable_uploads (expires_at);

-- The table of the specification, as one looks at it: `data` is null where a file is of several pieces.
CREATE VIEW files AS
    SELECT id, filename, content_type,
        CASE
            WHEN place = 'whole' THEN (SELECT data FROM whole_files WHERE whole_files.number = blobs.number)
            WHEN size = 0 THEN x''
            WHEN size <= 524288 THEN (SELECT data FROM pieces WHERE pieces.blob = blobs.number AND pieces.number = 0)
        END AS data
    FROM uploads JOIN blobs ON blobs.number = uploads.blob
    WHERE request_id IS NULL;
