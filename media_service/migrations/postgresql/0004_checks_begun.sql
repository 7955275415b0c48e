-- As ../0009_checks_begun.sql.
ALTER TABLE resumable_uploads ADD COLUMN checks INTEGER NOT NULL DEFAULT 0;
