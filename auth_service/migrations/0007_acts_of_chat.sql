-- How far the lists of other services have been followed.
CREATE TABLE followed (
    list TEXT PRIMARY KEY,
    number INTEGER NOT NULL
);
