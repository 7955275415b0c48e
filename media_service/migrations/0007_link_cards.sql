-- What the pages of other hosts said of themselves when they were last asked: a card (JSON), or null for none. Kept for a
-- day. Times are seconds since the epoch.
CREATE TABLE link_cards (
    url TEXT PRIMARY KEY,
    tried_at REAL NOT NULL,
    card TEXT
);
CREATE INDEX link_cards_by_time ON link_cards (tried_at);

-- Their pictures, a small WebP each. `seen_at` is when somebody last asked for one, to the day.
CREATE TABLE card_pictures (
    id TEXT PRIMARY KEY,
    seen_at REAL NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX card_pictures_by_time ON card_pictures (seen_at);
