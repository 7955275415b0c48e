-- Of a message, the links that were looked at, and the cards that they have (JSON); null where none has been.
ALTER TABLE messages ADD COLUMN cards TEXT;
