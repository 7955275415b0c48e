-- What a message shows of its files, as JSON, so that reading it stays one row; NULL without files.
ALTER TABLE messages ADD COLUMN attachments TEXT;

-- Which files are in which messages: who may see a file, and when nobody needs it any more.
CREATE TABLE attached (
    file_id TEXT NOT NULL,
    message_id INTEGER NOT NULL REFERENCES messages (id),
    PRIMARY KEY (file_id, message_id)
);
CREATE INDEX attached_by_message ON attached (message_id);

-- Files that a message no longer shows, for the media service to follow.
CREATE TABLE releases (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    file_id TEXT NOT NULL
);

-- How far the lists of the neighbours have been followed.
CREATE TABLE followed (
    list TEXT PRIMARY KEY,
    number INTEGER NOT NULL
);
