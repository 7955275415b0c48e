-- As ../0007_link_cards.sql, which says what each is for.
CREATE TABLE link_cards (
    url TEXT COLLATE "C" PRIMARY KEY,
    tried_at DOUBLE PRECISION NOT NULL,
    card TEXT
);
CREATE INDEX link_cards_by_time ON link_cards (tried_at);

CREATE TABLE card_pictures (
    id TEXT COLLATE "C" PRIMARY KEY,
    seen_at DOUBLE PRECISION NOT NULL,
    data BYTEA NOT NULL
);
ALTER TABLE card_pictures ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX card_pictures_by_time ON card_pictures (seen_at);
