-- Until then an instance finds out what becomes of an upload that is here as a whole; seconds since the epoch.
ALTER TABLE resumable_uploads ADD COLUMN checked_until REAL NOT NULL DEFAULT 0;

-- What is not moved yet.
CREATE INDEX blobs_whole ON blobs (number) WHERE place = 'whole';
