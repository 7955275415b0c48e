-- Nicknames hold nothing that breaks a line or turns its direction, and something of them is seen; where nothing would
-- be, the username stands in. Who follows the profiles learns of it by a new version.
CREATE TEMPORARY TABLE mended AS
SELECT
    id,
    CASE WHEN is_visible(nickname) THEN as_one_line(nickname) ELSE username END AS nickname,
    (SELECT version FROM profile_version) + row_number() OVER (ORDER BY version) AS version
FROM users
WHERE nickname <> as_one_line(nickname) OR NOT is_visible(nickname);
UPDATE users
SET
    nickname = (SELECT mended.nickname FROM mended WHERE mended.id = users.id),
    version = (SELECT mended.version FROM mended WHERE mended.id = users.id)
WHERE id IN (SELECT id FROM mended);
UPDATE profile_version SET version = version + (SELECT count(*) FROM mended);
DROP TABLE mended;

-- The form in which they are compared takes `ß` for `ss`, and a letter with its accent for one character.
UPDATE users SET nickname_folded = folded(nickname) WHERE nickname_folded <> folded(nickname);
