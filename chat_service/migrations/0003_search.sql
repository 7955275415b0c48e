-- The words of the messages, by any three characters in a row, so that every script and parts of words are found.
-- Filled in the background up to `indexed_id`: an index entry costs more than the message itself.
CREATE VIRTUAL TABLE message_texts USING fts5 (message, content = 'messages', content_rowid = 'id', tokenize = 'trigram');
CREATE TABLE search_progress (indexed_id INTEGER NOT NULL);
INSERT INTO search_progress (indexed_id) VALUES (0);
