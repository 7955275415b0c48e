-- Stores come here with and without what follows: for a while it was 0009, and some were made by code that had 0010
-- and not yet that.

-- Which life of this store it is; a restore from a backup begins another.
CREATE TABLE IF NOT EXISTS generation (number INTEGER NOT NULL);
INSERT INTO generation (number) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM generation);

-- `joined_seq`: where in a room somebody became a member; NULL in a 1:1 conversation, and where an older instance wrote
-- the row.
DROP VIEW saved_chats;
CREATE TABLE memberships_with_places (
    username TEXT NOT NULL,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    label TEXT NOT NULL,
    read_seq INTEGER NOT NULL DEFAULT 0,
    joined_seq INTEGER,
    PRIMARY KEY (username, label)
);
INSERT INTO memberships_with_places (username, conversation_id, label, read_seq, joined_seq)
SELECT memberships.username, memberships.conversation_id, label, read_seq, last.seq
FROM memberships
LEFT JOIN (
    SELECT conversation_id, value, max(seq) AS seq FROM changes WHERE kind = 'joined' GROUP BY conversation_id, value
) AS last ON last.conversation_id = memberships.conversation_id AND last.value = memberships.username;
DROP TABLE memberships;
ALTER TABLE memberships_with_places RENAME TO memberships;
CREATE INDEX memberships_by_conversation ON memberships (conversation_id, username);
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
