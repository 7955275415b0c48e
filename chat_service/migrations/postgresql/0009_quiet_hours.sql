-- As ../0019_quiet_hours.sql, which says what it is for.
CREATE TABLE quiet_hours (
    username TEXT COLLATE "C" PRIMARY KEY,
    starts TEXT COLLATE "C" NOT NULL,
    ends TEXT COLLATE "C" NOT NULL,
    time_zone TEXT COLLATE "C" NOT NULL
);
