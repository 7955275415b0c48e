-- How often somebody began to find out what becomes of it, and came to nothing by a fault of ours or by a kill.
ALTER TABLE resumable_uploads ADD COLUMN checks INTEGER NOT NULL DEFAULT 0;
