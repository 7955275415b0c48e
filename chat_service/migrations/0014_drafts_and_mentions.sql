-- What somebody is about to write, and what it answers, by what the conversation is called from their side: there need
-- be none yet.
CREATE TABLE drafts (
    username TEXT NOT NULL,
    label TEXT NOT NULL,
    message TEXT NOT NULL,
    reply_to INTEGER,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (username, label)
);
CREATE INDEX drafts_by_label ON drafts (label);

-- Of what somebody wants to be notified, where that is not the usual.
CREATE TABLE notification_levels (
    username TEXT NOT NULL,
    label TEXT NOT NULL,
    level TEXT NOT NULL,
    muted_until TEXT,
    PRIMARY KEY (username, label)
);
CREATE INDEX notification_levels_by_label ON notification_levels (label);

-- From where on a member has marked the conversation as unread, until they next move their read mark.
ALTER TABLE memberships ADD COLUMN unread_seq INTEGER;
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
    memberships.read_seq,
    memberships.unread_seq
FROM contacts
LEFT JOIN memberships
    ON memberships.username = contacts.user_username AND memberships.label = '@' || contacts.chat_username
LEFT JOIN messages AS last
    ON last.conversation_id = memberships.conversation_id
    AND last.seq = (
        SELECT max(seq) FROM messages
        WHERE messages.conversation_id = memberships.conversation_id AND messages.deleted_at IS NULL
    );

-- Whom a message names, as JSON, NULL where it is nobody, and whether it names all in the room: what its readers see.
ALTER TABLE messages ADD COLUMN mentions TEXT;
ALTER TABLE messages ADD COLUMN mentions_room INTEGER NOT NULL DEFAULT 0;
CREATE INDEX messages_to_all ON messages (conversation_id, seq) WHERE mentions_room = 1;

-- Who is to notice a message: others whom it names, or whom it answers. One that names all in a room is not here.
CREATE TABLE mentioned (
    message_id INTEGER NOT NULL REFERENCES messages (id),
    username TEXT NOT NULL,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    seq INTEGER NOT NULL,
    PRIMARY KEY (message_id, username)
);
CREATE INDEX mentioned_by_person ON mentioned (username, message_id);
CREATE INDEX mentioned_in_conversation ON mentioned (username, conversation_id, seq);
