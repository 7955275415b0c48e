-- Messages that everybody in their conversation has at hand; `pinned_seq` is where the log says so.
CREATE TABLE pins (
    message_id INTEGER PRIMARY KEY REFERENCES messages (id),
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    pinned_seq INTEGER NOT NULL
);
CREATE INDEX pins_by_conversation ON pins (conversation_id, pinned_seq);
