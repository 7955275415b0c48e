-- A message that is the line of a call: how it ended and how long it lasted, as JSON; NULL for others.
ALTER TABLE messages ADD COLUMN call TEXT;
