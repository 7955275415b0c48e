-- What answers a message.
CREATE INDEX messages_by_reply ON messages (reply_to) WHERE reply_to IS NOT NULL;

-- The order in which reactions to a message were given; 0 for those of before, and for those that an older instance
-- beside this one writes.
ALTER TABLE reactions ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
