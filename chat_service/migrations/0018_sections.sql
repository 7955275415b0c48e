-- Under which heading of the list a room stands, and where: by `position`, then by name.
ALTER TABLE rooms ADD COLUMN section TEXT;
ALTER TABLE rooms ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
