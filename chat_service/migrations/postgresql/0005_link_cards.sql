-- As ../0015_link_cards.sql, which says what it is for.
ALTER TABLE messages ADD COLUMN cards TEXT;
