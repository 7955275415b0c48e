-- Until then an instance finds out what becomes of an upload that is here as a whole; seconds since the epoch.
ALTER TABLE resumable_uploads ADD COLUMN checked_until REAL NOT NULL DEFAULT 0;

-- Asked for in words that PostgreSQL knows too.
DROP INDEX blobs_by_content;
CREATE UNIQUE INDEX blobs_by_content ON blobs (owner, sha256) WHERE kept = 1;
DROP INDEX blobs_coming;
CREATE INDEX blobs_coming ON blobs (begun_at) WHERE kept = 0;

-- What is not moved yet.
CREATE INDEX blobs_whole ON blobs (number) WHERE place = 'whole';

-- Where nothing was stored whole, there was no number either that 0004 could go on above.
UPDATE sqlite_sequence SET seq = 0 WHERE seq IS NULL;
