"""SQLite files of earlier versions, whose files lay whole in one table: all is there at once, and moved by and by."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from media_service.app import MIGRATIONS
from servicekit.sqlite_file import connect, migrate
from servicekit.startup_errors import make_private_folder
from tests.media_service.gallery import PICTURE, Gallery, gallery
from tests.problems import code
from tests.waiting import eventually

LARGE = bytes(range(256)) * 5_000  # 1.28 MB: three pieces
FILES = {"small": PICTURE, "large": LARGE, "gone": b"x" * 600_000}


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The data folder of a Parley whose media store has the schema of before."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for script in sorted(MIGRATIONS.glob("000[123]_*.sql")):
        shutil.copy(script, scripts)
    path = tmp_path / "data" / "media" / "files.db"
    make_private_folder(path.parent)
    with closing(connect(path)) as store:
        migrate(store, path, scripts)
        for file_id, data in FILES.items():
            put(store, file_id, data)
        put(store, "unfinished", b"half", upload_id="a request")
    return tmp_path / "data"


def put(store: sqlite3.Connection, file_id: str, data: bytes, upload_id: str | None = None) -> None:
    row = store.execute(
        "INSERT INTO files (id, filename, content_type, owner, sha256, size, width, height, placeholder, removed,"
        " created_at, upload_id, data) VALUES (?, ?, 'image/png', 'Ada', ?, ?, 8, 6, 'L', 'gps xmp', ?, ?, ?)"
        " RETURNING number",
        (file_id, f"{file_id}.png", file_id * 8, len(data), "2027-01-15T08:00:00.000Z", upload_id, data),
    ).fetchone()
    for side in (320, 1024):
        store.execute("INSERT INTO thumbnails VALUES (?, ?, ?)", (row[0], side, f"{file_id} {side}".encode()))


def query(folder: Path, text: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "media" / "files.db")) as store:
        return store.execute(text).fetchall()


async def test_what_was_kept_whole_is_there_and_moved_in_the_background(earlier: Path) -> None:
    async with gallery(earlier) as media:
        await all_is_there(media, "gone", "large", "small")
        await eventually(lambda: not query(earlier, "SELECT 1 FROM whole_files"))
        await all_is_there(media, "gone", "large", "small")
        assert not query(earlier, "SELECT 1 FROM whole_thumbnails")
        assert query(earlier, "SELECT id, data FROM files WHERE id = 'small'") == [("small", PICTURE)]
        assert query(earlier, "SELECT id, data FROM files WHERE id = 'large'") == [("large", None)]
        assert query(earlier, "SELECT count(*) FROM pieces") == [(1 + 3 + 2,)]


async def test_what_is_removed_before_it_has_been_moved_is_gone(earlier: Path) -> None:
    """A store opens with its first pieces moved, as a kill leaves it."""
    async with gallery(earlier) as media:
        assert (await media.request("Ada", "DELETE", "/api/files/gone")).status_code == 204
        assert code(await media.get("Ada", "/api/files/gone")) == (404, "unknown_file")
        await eventually(lambda: not query(earlier, "SELECT 1 FROM whole_files"))
        await all_is_there(media, "large", "small")
        await eventually(lambda: query(earlier, "SELECT count(*) FROM pieces") == [(1 + 3,)])


async def all_is_there(media: Gallery, *names: str) -> None:
    listed = (await media.get("Ada", "/api/files")).json()
    assert listed["used_bytes"] == sum(len(FILES[name]) for name in names)
    assert sorted(file["id"] for file in listed["files"]) == list(names)
    for file in listed["files"]:
        assert (file["kind"], file["cleaned"], file["removed"]) == ("picture", True, ["gps", "xmp"])
        data = FILES[file["id"]]
        assert (await media.get("Ada", file["url"])).content == data
        part = await media.get("Ada", file["url"], Range="bytes=300-599999")
        assert part.content == data[300:600_000]
        assert (await media.get("Ada", file["thumbnail_url"])).content == f"{file['id']} 320".encode()
        assert (await media.get("Ada", f"{file['thumbnail_url']}?size=1024")).content == f"{file['id']} 1024".encode()
