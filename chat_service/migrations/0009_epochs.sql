-- Which life of this store it is; a restore from a backup begins another.
CREATE TABLE generation (number INTEGER NOT NULL);
INSERT INTO generation (number) VALUES (1);

-- Where in a room somebody became a member; NULL in a 1:1 conversation, and where an older instance wrote the row.
ALTER TABLE memberships ADD COLUMN joined_seq INTEGER;
UPDATE memberships SET joined_seq = last.seq
FROM (
    SELECT conversation_id, value, max(seq) AS seq FROM changes WHERE kind = 'joined' GROUP BY conversation_id, value
) AS last
WHERE memberships.conversation_id = last.conversation_id AND memberships.username = last.value;
