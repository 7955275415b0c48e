-- As ../0008_upload_metadata.sql.
ALTER TABLE resumable_uploads ADD COLUMN metadata TEXT NOT NULL DEFAULT '';
