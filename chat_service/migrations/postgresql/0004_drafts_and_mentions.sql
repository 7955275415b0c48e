-- As ../0014_drafts_and_mentions.sql, which says what each is for.
CREATE TABLE drafts (
    username TEXT COLLATE "C" NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    reply_to BIGINT,
    updated_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (username, label)
);
CREATE INDEX drafts_by_label ON drafts (label);

CREATE TABLE notification_levels (
    username TEXT COLLATE "C" NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    level TEXT COLLATE "C" NOT NULL,
    muted_until TEXT COLLATE "C",
    PRIMARY KEY (username, label)
);
CREATE INDEX notification_levels_by_label ON notification_levels (label);

ALTER TABLE memberships ADD COLUMN unread_seq BIGINT;
CREATE OR REPLACE VIEW saved_chats AS
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

ALTER TABLE messages ADD COLUMN mentions TEXT COLLATE "C";
ALTER TABLE messages ADD COLUMN mentions_room INTEGER NOT NULL DEFAULT 0;
CREATE INDEX messages_to_all ON messages (conversation_id, seq) WHERE mentions_room = 1;

CREATE TABLE mentioned (
    message_id BIGINT NOT NULL REFERENCES messages (id),
    username TEXT COLLATE "C" NOT NULL,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id),
    seq BIGINT NOT NULL,
    PRIMARY KEY (message_id, username)
);
CREATE INDEX mentioned_by_person ON mentioned (username, message_id);
CREATE INDEX mentioned_in_conversation ON mentioned (username, conversation_id, seq);
