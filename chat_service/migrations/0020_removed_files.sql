-- The files that their owners removed last: a message that was sent meanwhile does not show them either. `number` is the
-- place in media's list up to which was read when it was noted.
CREATE TABLE removed_files (
    file_id TEXT PRIMARY KEY,
    number INTEGER NOT NULL
);
CREATE INDEX removed_files_by_number ON removed_files (number);
