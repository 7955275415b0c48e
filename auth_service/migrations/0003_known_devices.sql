-- By what a person's devices are known: `network <address or /64>` or `browser <what its cookie says>`. Bounded in
-- number and time by the service.
CREATE TABLE known_devices (
    username TEXT NOT NULL,
    mark TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (username, mark)
);
CREATE INDEX known_devices_by_time ON known_devices (seen_at);

-- Who has signed in before this was written down is known where they did. Networks of IPv6 are the service's to name.
INSERT INTO known_devices (username, mark, seen_at)
SELECT sessions.username, 'network ' || sessions.address, max(sessions.created_at)
FROM sessions JOIN users ON users.username = sessions.username
WHERE sessions.address <> '' AND sessions.address NOT LIKE '%:%'
GROUP BY sessions.username, sessions.address;
