-- What is compared is the folded text. Beside a text stands its folded form where that is another than in small letters
-- of ASCII, for all that is not looked up in the index; the index holds nothing else, and is filled again.
ALTER TABLE messages ADD COLUMN message_folded TEXT;
DROP TABLE message_terms;
DROP TABLE message_texts;
CREATE VIRTUAL TABLE message_texts USING fts5 (
    message, content = 'messages', content_rowid = 'id', tokenize = 'trigram'
);
CREATE VIRTUAL TABLE message_terms USING fts5vocab (message_texts, row);
UPDATE search_progress SET indexed_id = 0;

-- Names of contacts and topics hold nothing that breaks a line or turns its direction, and something of them is seen.
UPDATE contacts
SET chat_nickname = CASE WHEN is_visible(chat_nickname) THEN as_one_line(chat_nickname) ELSE chat_username END
WHERE chat_nickname IS NOT NULL AND (chat_nickname <> as_one_line(chat_nickname) OR NOT is_visible(chat_nickname));
UPDATE rooms
SET topic = CASE WHEN is_visible(topic) THEN as_one_line(topic) ELSE '' END
WHERE topic <> as_one_line(topic) OR NOT is_visible(topic);

-- An emoji has one spelling: U+FE0F (65039) stands behind each character that would else be text, unless a skin tone
-- (127995 to 127999) follows, and nowhere beside (UTS #51, ED-18).
CREATE TEMPORARY TABLE text_by_default (first INTEGER NOT NULL, last INTEGER NOT NULL);
INSERT INTO text_by_default (first, last) VALUES
(35, 35), (42, 42), (48, 57),
(169, 169), (174, 174), (8252, 8252), (8265, 8265), (8482, 8482), (8505, 8505), (8596, 8601), (8617, 8618), (9000,
9000), (9167, 9167), (9197, 9199), (9201, 9202), (9208, 9210), (9410, 9410), (9642, 9643), (9654, 9654), (9664, 9664),
(9723, 9724), (9728, 9732), (9742, 9742), (9745, 9745), (9752, 9752), (9757, 9757), (9760, 9760), (9762, 9763), (9766,
9766), (9770, 9770), (9774, 9775), (9784, 9786), (9792, 9792), (9794, 9794), (9823, 9824), (9827, 9827), (9829, 9830),
(9832, 9832), (9851, 9851), (9854, 9854), (9874, 9874), (9876, 9879), (9881, 9881), (9883, 9884), (9888, 9888), (9895,
9895), (9904, 9905), (9928, 9928), (9935, 9935), (9937, 9937), (9939, 9939), (9961, 9961), (9968, 9969), (9972, 9972),
(9975, 9977), (9986, 9986), (9992, 9993), (9996, 9997), (9999, 9999), (10002, 10002), (10004, 10004), (10006, 10006),
(10013, 10013), (10017, 10017), (10035, 10036), (10052, 10052), (10055, 10055), (10083, 10084), (10145, 10145),
(10548, 10549), (11013, 11015), (12336, 12336), (12349, 12349), (12951, 12951), (12953, 12953), (127344, 127345),
(127358, 127359), (127490, 127490), (127543, 127543), (127777, 127777), (127780, 127788), (127798, 127798), (127869,
127869), (127894, 127895), (127897, 127899), (127902, 127903), (127947, 127950), (127956, 127967), (127987, 127987),
(127989, 127989), (127991, 127991), (128063, 128063), (128065, 128065), (128253, 128253), (128329, 128330), (128367,
128368), (128371, 128377), (128391, 128391), (128394, 128397), (128400, 128400), (128421, 128421), (128424, 128424),
(128433, 128434), (128444, 128444), (128450, 128452), (128465, 128467), (128476, 128478), (128481, 128481), (128483,
128483), (128488, 128488), (128495, 128495), (128499, 128499), (128506, 128506), (128715, 128715), (128717, 128719),
(128736, 128741), (128745, 128745), (128752, 128752), (128755, 128755);
CREATE TEMPORARY TABLE spellings AS
WITH RECURSIVE
given (emoji) AS (
    SELECT emoji FROM reactions UNION SELECT value FROM changes WHERE kind = 'reaction'
),
spelled (emoji, rest, done) AS (
    SELECT emoji, replace(replace(emoji, char(65039), ''), char(65038), ''), '' FROM given
    UNION ALL
    SELECT
        emoji,
        substr(rest, 2),
        done || substr(rest, 1, 1) || CASE
            WHEN coalesce(unicode(substr(rest, 2)), 0) BETWEEN 127995 AND 127999 THEN ''
            WHEN EXISTS (SELECT 1 FROM text_by_default WHERE unicode(rest) BETWEEN first AND last) THEN char(65039)
            ELSE ''
        END
    FROM spelled WHERE rest <> ''
)
SELECT emoji, done AS spelling FROM spelled WHERE rest = '' AND done <> emoji;
CREATE UNIQUE INDEX temp.spellings_by_emoji ON spellings (emoji);
UPDATE OR IGNORE reactions
SET emoji = (SELECT spelling FROM spellings WHERE spellings.emoji = reactions.emoji)
WHERE emoji IN (SELECT emoji FROM spellings);
DELETE FROM reactions WHERE emoji IN (SELECT emoji FROM spellings);
UPDATE changes
SET value = (SELECT spelling FROM spellings WHERE spellings.emoji = changes.value)
WHERE kind = 'reaction' AND value IN (SELECT emoji FROM spellings);
DROP TABLE spellings;
DROP TABLE text_by_default;
