-- What the list of rooms asks for: whose they are, and the public ones by name.
CREATE INDEX rooms_by_owner ON rooms (owner_username);
CREATE INDEX rooms_in_public ON rooms (name_folded) WHERE is_private = 0;

-- Rooms that are closed, and how far their texts are gone: what nobody sees any more is taken away in the background.
CREATE TABLE closed_rooms (
    conversation_id INTEGER PRIMARY KEY REFERENCES conversations (id),
    cleared_seq INTEGER NOT NULL DEFAULT 0
);
