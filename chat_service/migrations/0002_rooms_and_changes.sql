-- A room is a conversation with members; its name is the conversation's, '#lobby'.
CREATE TABLE rooms (
    conversation_id INTEGER PRIMARY KEY REFERENCES conversations (id),
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    is_private INTEGER NOT NULL,
    owner_username TEXT,
    created_at TEXT NOT NULL
);
INSERT INTO conversations (name, created_at) VALUES ('#lobby', '1970-01-01T00:00:00.000Z');
INSERT INTO rooms (conversation_id, name, name_folded, topic, is_private, owner_username, created_at)
SELECT id, 'lobby', 'lobby', 'Everyone may enter', 0, NULL, created_at FROM conversations WHERE name = '#lobby';

-- How far a member has read; what comes after it is unread.
ALTER TABLE memberships ADD COLUMN read_seq INTEGER NOT NULL DEFAULT 0;
CREATE INDEX memberships_by_conversation ON memberships (conversation_id, username);

-- A message shows its newest text; a deleted one keeps its place, without text.
ALTER TABLE messages ADD COLUMN edited_at TEXT;
ALTER TABLE messages ADD COLUMN deleted_at TEXT;

-- Everything in the log that is not a message: what was done, by whom, to which message or whom.
CREATE TABLE changes (
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    username TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    message_id INTEGER,
    value TEXT NOT NULL,
    mark INTEGER NOT NULL,
    removes INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, seq)
);

CREATE TABLE reactions (
    message_id INTEGER NOT NULL REFERENCES messages (id),
    username TEXT NOT NULL,
    emoji TEXT NOT NULL,
    PRIMARY KEY (message_id, username, emoji)
);

-- The last message may be a deleted one: then the chat shows no text, but keeps its time.
DROP VIEW saved_chats;
CREATE VIEW saved_chats AS
SELECT
    contacts.id,
    contacts.user_username,
    contacts.chat_username,
    contacts.chat_nickname,
    contacts.chat_pfp,
    last.message AS last_message,
    last.timestamp AS last_message_time,
    contacts.created_at,
    memberships.conversation_id,
    memberships.read_seq
FROM contacts
LEFT JOIN memberships
    ON memberships.username = contacts.user_username AND memberships.label = '@' || contacts.chat_username
LEFT JOIN messages AS last
    ON last.conversation_id = memberships.conversation_id
    AND last.seq = (
        SELECT max(seq) FROM messages
        WHERE messages.conversation_id = memberships.conversation_id AND messages.deleted_at IS NULL
    );
