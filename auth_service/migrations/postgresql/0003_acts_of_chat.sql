-- How far the lists of other services have been followed.
CREATE TABLE followed (
    list TEXT COLLATE "C" PRIMARY KEY,
    number BIGINT NOT NULL
);
