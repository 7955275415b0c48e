-- Who has erased their account: what of theirs was on its way is not kept when it comes.
CREATE TABLE erased (owner TEXT PRIMARY KEY);
