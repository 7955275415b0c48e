-- Who has erased their account: nothing but the name, so that nobody inherits what others have under it, and the place
-- of the erasure among the changes of profiles.
CREATE TABLE erased (
    username TEXT NOT NULL,
    username_folded TEXT PRIMARY KEY,
    version INTEGER NOT NULL UNIQUE
);
