-- How far the lists of the neighbours have been followed.
CREATE TABLE followed (
    list TEXT PRIMARY KEY,
    number INTEGER NOT NULL
);
