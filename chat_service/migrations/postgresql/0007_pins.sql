-- Messages that everybody in their conversation has at hand; `pinned_seq` is where the log says so.
CREATE TABLE pins (
    message_id BIGINT PRIMARY KEY REFERENCES messages (id),
    conversation_id BIGINT NOT NULL REFERENCES conversations (id),
    pinned_seq BIGINT NOT NULL
);
CREATE INDEX pins_by_conversation ON pins (conversation_id, pinned_seq);
