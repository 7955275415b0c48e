-- When somebody is not to be disturbed, each day: "HH:MM" by the clock of their time zone.
CREATE TABLE quiet_hours (
    username TEXT PRIMARY KEY,
    starts TEXT NOT NULL,
    ends TEXT NOT NULL,
    time_zone TEXT NOT NULL
);
