-- Who has erased their account, and whether all that they left in conversations is gone too; if not, it is gone on with.
CREATE TABLE erasures (
    username TEXT PRIMARY KEY,
    is_done INTEGER NOT NULL
);
