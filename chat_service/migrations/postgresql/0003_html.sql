-- What is shown of a text that is more than plain words, and the version of the renderer that made it: 0 where none has
-- looked at it yet, as in all older messages.
ALTER TABLE messages ADD COLUMN html TEXT COLLATE "C";
ALTER TABLE messages ADD COLUMN html_version INTEGER NOT NULL DEFAULT 0;
