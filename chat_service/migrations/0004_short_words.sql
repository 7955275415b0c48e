-- Each text is indexed with two line ends behind it: then every character begins three in a row, and words of one or two
-- characters are found by the terms that begin with them. What was indexed without is indexed again.
DROP TABLE message_texts;
CREATE VIRTUAL TABLE message_texts USING fts5 (message, content = 'messages', content_rowid = 'id', tokenize = 'trigram');
CREATE VIRTUAL TABLE message_terms USING fts5vocab (message_texts, row);
UPDATE search_progress SET indexed_id = 0;
