"""An installation that is moved to PostgreSQL: people stay signed in, and the services know each other's lists."""

import asyncio
import shutil
import sys
from pathlib import Path

from launcher.processes import REPOSITORY
from servicekit.migrations import scripts
from tests.postgres import Postgres
from tests.system.parleys import WITHOUT_RATES, parley

SERVICES = [
    name
    for name in ("auth", "chat", "media", "video")
    if scripts(REPOSITORY / f"{name}_service" / "migrations" / "postgresql")
]


async def move(source: Path, url: str) -> None:
    command = (sys.executable, "-m", "servicekit.move", f"sqlite:{source}", url)
    process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0


async def test_people_go_on_where_they_were(tmp_path: Path, postgres: Postgres) -> None:
    async with parley(tmp_path / "data") as running:
        ada, grace = await running.people("ada", "grace")
        async with ada.device() as device:
            await device.write(grace.name, "on SQLite")
    for service in SERVICES:
        shutil.copytree(tmp_path / "data" / service, tmp_path / "moved" / service)
        for file in (tmp_path / "data" / service).glob("*.db"):
            file.unlink()
    url = postgres.new_database()
    await move(tmp_path / "moved", url)
    on_postgres = {f"PARLEY_{service.upper()}_DATABASE_URL": url for service in SERVICES}
    async with parley(tmp_path / "data", environment={**WITHOUT_RATES, **on_postgres}) as running:
        back = await running.sign_in(ada.name)
        assert len(await back.history(grace.name)) == 1
        stayed = type(ada)(running.system.ws_url, running.http, ada.name, ada.token)
        async with stayed.device() as device:
            await device.write(grace.name, "on PostgreSQL")
        linus = await running.person("linus")
        async with linus.device() as device:
            await device.write(ada.name, "hello")
        status, checks = await running.checks()
        assert (status, set(checks.values())) == (200, {"ok"})
        for service in ("chat", "media"):
            assert "a peer has forgotten" not in running.system.log(service)
        assert not list((tmp_path / "data" / "auth").glob("*.db"))
