"""Bad days on PostgreSQL: it dies and comes back; nothing half is shown, and nothing that was acknowledged is lost."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from media_service.actions.resumable_uploads import CHECK_S
from media_service.app import create_app
from media_service.domain.files import PIECE_BYTES
from media_service.settings import MediaSettings
from servicekit.startup_errors import EXIT_FAULT
from tests.asgi import WAIT_S_MAX, client_of
from tests.media_service.gallery import Galleries, Gallery, form, part
from tests.media_service.tus import Sender
from tests.postgres import KILLED, Postgres, running_postgres
from tests.problems import code
from tests.waiting import eventually

TEXT = b"All the world's a stage.\n" * 60_000  # 1.5 MB: two pieces and a half


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """One that the test may kill."""
    with running_postgres(**KILLED) as server:
        yield server


@pytest.fixture
def galleries(tmp_path: Path, postgres: Postgres) -> Galleries:
    return Galleries(tmp_path, postgres.new_database)


async def test_away_at_the_start_it_ends_with_a_word_and_starts_when_it_is_back(
    tmp_path: Path, postgres: Postgres
) -> None:
    url = postgres.new_database()
    postgres.kill()
    environment = {
        **os.environ,
        "PARLEY_DATA_DIR": str(tmp_path),
        "PARLEY_DATABASE_URL": url,
        "PARLEY_METRICS_PORT": "0",
    }
    environment |= {"PARLEY_MEDIA_URL": "http://127.0.0.1:0", "PARLEY_REDIS_URL": f"unix://{tmp_path}/no-redis.sock"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media_service", env=environment, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        _, errors = await process.communicate()
    assert process.returncode == EXIT_FAULT
    assert b"media has to end, and may be started again: PostgreSQL does not answer" in errors
    assert b"Traceback" not in errors
    postgres.start()
    settings = MediaSettings(database_url=url, data_dir=tmp_path, redis_url=f"unix://{tmp_path}/no-redis.sock")
    async with client_of(create_app(settings)) as http:
        assert (await http.get("/readyz")).json()["checks"]["store"] == "ok"


async def test_killed_in_the_middle_of_an_upload_it_loses_that_and_nothing_else(
    media: Gallery, postgres: Postgres
) -> None:
    acknowledged = (await media.send(form(part(TEXT, "first.txt")))).json()["files"]
    body = form(part(TEXT[::-1], "second.txt"), part(TEXT, "third.txt"))
    async with media.line(len(body)) as line:
        await line.write(body[:-30])
        await eventually(lambda: media.store.count("uploads") == 2)
        postgres.kill()
        await line.write(body[-30:])
        assert await line.status() == 503
    for answer in (await media.get("Ada", "/api/files"), await media.send(form(part(b"text", "a.txt")))):
        assert code(answer) == (503, "not_stored")
        assert int(answer.headers["retry-after"]) > 0
    postgres.start()
    listed = (await media.get("Ada", "/api/files")).json()
    assert (listed["files"], listed["used_bytes"]) == (acknowledged, len(TEXT))
    assert (await media.get("Ada", acknowledged[0]["url"])).content == TEXT
    assert (await media.send(body)).is_success
    assert len(await media.list_of("Ada")) == 3


async def test_killed_between_parts_it_goes_on_where_it_was(media: Gallery, postgres: Postgres) -> None:
    ada = Sender(media)
    path = await ada.location(len(TEXT))
    assert (await ada.append(path, 0, TEXT[:600_000])).status_code == 204
    postgres.kill()
    assert code(await ada.append(path, 600_000, TEXT[600_000:])) == (503, "not_stored")
    postgres.start()
    assert await ada.offset(path) == 600_000
    assert (await ada.append(path, 600_000, TEXT[600_000:])).status_code == 204
    file = (await ada.outcome(path)).json()
    assert (await media.get("Ada", file["url"])).content == TEXT


async def test_killed_within_a_part_it_goes_on_behind_what_was_stored(media: Gallery, postgres: Postgres) -> None:
    ada = Sender(media)
    path = await ada.location(len(TEXT))

    async def broken() -> AsyncIterator[bytes]:
        yield TEXT[:PIECE_BYTES]
        await eventually(lambda: media.store.count("pieces") == 1)
        postgres.kill()
        yield TEXT[PIECE_BYTES:]

    assert code(await ada.append(path, 0, broken())) == (503, "not_stored")
    postgres.start()
    assert await ada.offset(path) == PIECE_BYTES
    assert (await ada.append(path, PIECE_BYTES, TEXT[PIECE_BYTES:])).status_code == 204
    file = (await ada.outcome(path)).json()
    assert (await media.get("Ada", file["url"])).content == TEXT


async def test_killed_while_it_is_checked_an_upload_becomes_a_file_at_another_instance(
    galleries: Galleries, media: Gallery, postgres: Postgres
) -> None:
    path = await Sender(media).location(len(TEXT))
    assert (await Sender(media).append(path, 0, TEXT)).status_code == 204
    postgres.kill()
    postgres.start()
    media.clock.forward(CHECK_S)
    async with galleries(beside=media) as another:
        file = (await Sender(another).outcome(path)).json()
        assert (await another.get("Ada", file["url"])).content == TEXT
        assert len(await another.list_of("Ada")) == 1


async def test_killed_while_a_file_is_read_the_answer_does_not_end_as_if_it_were_whole(
    media: Gallery, postgres: Postgres
) -> None:
    large = os.urandom(20 * 1024 * 1024)
    (file,) = (await media.send(form(part(large, "large")))).json()["files"]
    reader, writer = await asyncio.open_connection("127.0.0.1", media.port)
    head = (f"GET {file['url']} HTTP/1.1", "Host: parley.test", f"Authorization: Bearer {media.auth.token('Ada')}")
    writer.write("\r\n".join((*head, "", "")).encode())
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
    postgres.kill()
    async with asyncio.timeout(WAIT_S_MAX):
        assert 0 < len(await reader.read(-1)) < len(large)
    writer.close()
    postgres.start()
    assert (await media.get("Ada", file["url"])).content == large
