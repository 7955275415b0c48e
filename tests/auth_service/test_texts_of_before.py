"""Nicknames of before: brought over when the file is opened, and told to who follows the profiles."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from auth_service.app import MIGRATIONS
from servicekit import sqlite_file

BEFORE = [("ada", "Ada\x1b\u202e L."), ("grace", "\u3164"), ("linus", "Straße"), ("alan", "A. Turing")]


def test_nicknames_of_before_are_seen_and_take_one_line(tmp_path: Path) -> None:
    before, path = tmp_path / "migrations", tmp_path / "users.db"
    before.mkdir()
    for script in MIGRATIONS.glob("*.sql"):
        if script.name < "0005":
            shutil.copy(script, before)
    sqlite_file.make(path, before)
    with closing(sqlite3.connect(path)) as file, file:
        for version, (username, nickname) in enumerate(BEFORE, start=1):
            file.execute(
                "INSERT INTO users (username, username_folded, password, nickname, nickname_folded, version,"
                " created_at) VALUES (?, ?, '', ?, ?, ?, 0)",
                (username, username, nickname, nickname.lower(), version),
            )
        file.execute("UPDATE profile_version SET version = 7")
    sqlite_file.make(path, MIGRATIONS)
    with closing(sqlite3.connect(path)) as file:
        found = file.execute("SELECT username, nickname, nickname_folded, version FROM users ORDER BY id").fetchall()
        assert found == [
            ("ada", "Ada L.", "ada l.", 8),
            ("grace", "grace", "grace", 9),
            ("linus", "Straße", "strasse", 3),
            ("alan", "A. Turing", "a. turing", 4),
        ]
        assert file.execute("SELECT version FROM profile_version").fetchone() == (9,)
