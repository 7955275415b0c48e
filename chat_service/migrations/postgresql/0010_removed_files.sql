-- As ../0020_removed_files.sql, which says what it is for.
CREATE TABLE removed_files (
    file_id TEXT COLLATE "C" PRIMARY KEY,
    number BIGINT NOT NULL
);
CREATE INDEX removed_files_by_number ON removed_files (number);
