-- What a client said of an upload when it began, as it said it: it may ask for that again.
ALTER TABLE resumable_uploads ADD COLUMN metadata TEXT NOT NULL DEFAULT '';
