-- What is shown of a text that is more than plain words, and the version of the renderer that made it: 0 where none has
-- looked at it yet, as in all older messages. `html_edited_at` is the `edited_at` of the text that it was made from: an older
-- instance beside this one changes the text alone.
ALTER TABLE messages ADD COLUMN html TEXT;
ALTER TABLE messages ADD COLUMN html_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN html_edited_at TEXT;
