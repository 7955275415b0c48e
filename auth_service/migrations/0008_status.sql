-- What somebody says of themselves in a few words; empty for none.
ALTER TABLE users ADD COLUMN status TEXT NOT NULL DEFAULT '';
