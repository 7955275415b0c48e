"""A store that is moved to the other engine: files are there, uploads go on, and no number is given twice."""

from pathlib import Path

from media_service.app import MIGRATIONS
from servicekit import sqlite_file
from servicekit.move.moving import move
from servicekit.move.postgres_place import PostgresPlace
from servicekit.move.services import service_of
from servicekit.move.sqlite_place import SqlitePlace
from tests.media_service.gallery import PICTURE, Gallery, form, gallery, part
from tests.media_service.tus import Sender
from tests.postgres import Postgres

TEXT = b"All the world's a stage.\n" * 60_000  # 1.5 MB: two pieces and a half
MEDIA = service_of("media", "files.db", MIGRATIONS)


async def test_files_and_uploads_go_on_on_either_engine(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.new_database()
    async with gallery(tmp_path / "before") as media:
        await media.upload("Ada", PICTURE, PICTURE)
        await media.send(form(part(TEXT, "stage.txt"), part(b"", "empty")))
        await media.request("Ada", "DELETE", await media.keep("Ada", PICTURE))
        path = await Sender(media).location(len(TEXT))
        await Sender(media).append(path, 0, TEXT[:600_000])
        before = await all_that_is_seen(media)
    list(move([MEDIA], SqlitePlace(tmp_path / "before"), PostgresPlace(url), tell=lambda _: None))
    async with gallery(tmp_path, database_url=url) as media:
        assert await all_that_is_seen(media) == before
        assert await Sender(media).offset(path) == 600_000
        await Sender(media).append(path, 600_000, TEXT[600_000:])
        file = (await Sender(media).outcome(path)).json()
        assert (await media.get("Ada", file["url"])).content == TEXT
        await media.request("Ada", "DELETE", file["url"])
        assert [number for number, _ in await removed(media)] == [1, 2]
        before = await all_that_is_seen(media)
    list(move([MEDIA], PostgresPlace(url), SqlitePlace(tmp_path / "after"), tell=lambda _: None))
    async with gallery(tmp_path / "after") as media:
        assert await all_that_is_seen(media) == before
        await media.request("Ada", "DELETE", await media.keep("Ada", PICTURE))
        assert [number for number, _ in await removed(media)] == [1, 2, 3]


def test_a_store_that_nobody_has_used_is_moved_too(tmp_path: Path, postgres: Postgres) -> None:
    sqlite_file.make(tmp_path / "media" / "files.db", MIGRATIONS)
    ((*moved,),) = move([MEDIA], SqlitePlace(tmp_path), PostgresPlace(postgres.new_database()), tell=lambda _: None)
    assert {(one.table, one.rows) for one in moved} > {("blobs", 0), ("uploads", 0), ("removals", 0)}


async def all_that_is_seen(media: Gallery) -> list[object]:
    listed = (await media.get("Ada", "/api/files")).json()
    files = [one[key] for one in listed["files"] for key in ("url", "thumbnail_url") if one[key]]
    return [listed, await removed(media), *[(await media.get("Ada", url)).content for url in files]]


async def removed(media: Gallery) -> list[tuple[int, str]]:
    return [(one["number"], one["id"]) for one in (await media.get("", "/internal/removed-files")).json()["removed"]]
