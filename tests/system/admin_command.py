"""`python -m auth_service admin`, as somebody at the machine uses it beside a running system."""

import asyncio
import os
import sys

from tests.system.parleys import Parley


async def admin(site: Parley, *arguments: str) -> str:
    """What the command says."""
    environment = {**os.environ, "PARLEY_DATA_DIR": str(site.system.data_dir), "PARLEY_PUBLIC_URL": site.system.url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "auth_service", "admin", *arguments, env=environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode().strip()
