-- Everyone, as far as chat needs to know them: a copy of the auth service's profiles, pulled by version.
CREATE TABLE people (
    username TEXT PRIMARY KEY,
    username_folded TEXT NOT NULL UNIQUE,
    nickname TEXT NOT NULL,
    pfp TEXT,
    version INTEGER NOT NULL
);
CREATE INDEX people_by_version ON people (version);

-- An ordered log; `name` is 'ada|grace' for the 1:1 conversation of Ada and Grace.
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL
);

-- Who reads a conversation, and what it is called from their side ('@grace').
CREATE TABLE memberships (
    username TEXT NOT NULL,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    label TEXT NOT NULL,
    PRIMARY KEY (username, label)
);

-- A message is its own event of the log: `seq` is its place, gapless from 1 in each conversation.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    seq INTEGER NOT NULL,
    sender_username TEXT NOT NULL,
    receiver_username TEXT,
    message TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    nonce TEXT,
    reply_to INTEGER REFERENCES messages (id),
    UNIQUE (conversation_id, seq)
);
-- Sending again with the same nonce finds the first message instead of storing a second.
CREATE UNIQUE INDEX messages_by_nonce ON messages (sender_username, nonce) WHERE nonce IS NOT NULL;

-- Whom a person has saved; the name and picture are as saved or as the other person last changed them.
CREATE TABLE contacts (
    id INTEGER PRIMARY KEY,
    user_username TEXT NOT NULL,
    chat_username TEXT NOT NULL,
    chat_nickname TEXT,
    chat_pfp TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (user_username, chat_username)
);
CREATE INDEX contacts_by_chat_username ON contacts (chat_username, user_username);

-- A saved chat is a contact with what was last said: derived, so that a message costs no second write.
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
    last.seq AS last_seq
FROM contacts
LEFT JOIN memberships
    ON memberships.username = contacts.user_username AND memberships.label = '@' || contacts.chat_username
LEFT JOIN messages AS last
    ON last.conversation_id = memberships.conversation_id
    AND last.seq = (SELECT max(seq) FROM messages WHERE messages.conversation_id = memberships.conversation_id);
