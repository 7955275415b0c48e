"""`python -m auth_service admin`, as somebody at the machine uses it beside a running system."""

import asyncio
import os

from tests.fork_server import run
from tests.system.parleys import Parley


async def admin(site: Parley, *arguments: str) -> str:
    """What the command says."""
    environment = {**os.environ, "PARLEY_DATA_DIR": str(site.system.data_dir), "PARLEY_PUBLIC_URL": site.system.url}
    status, said, _ = await asyncio.to_thread(run, "auth_service", ("admin", *arguments), environment)
    assert status == 0
    return said.strip()
